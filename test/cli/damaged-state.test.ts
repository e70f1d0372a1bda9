import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { portlogHere } from '../support/run-in-process.ts';
import { fastDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

/** More for a night: every so many-th byte of the file is changed. */
const POSITIONS = Number(process.env['PORTLOG_FLIPS'] ?? 40);
const DOWN = ['--to', 'loki=http://127.0.0.1:1', '--retry-for-seconds', '0'];

/** A state with something in each of its tables. */
async function wellUsedState(): Promise<Buffer> {
  const [stateDir, folder, scans] = [fastDir(), fastDir(), scansIn(fastDir())];
  const state = ['--state-dir', stateDir];
  mkdirSync(join(folder, 'watched'));
  copyFileSync(scans.before, join(folder, 'watched', 'before.xml'));
  const to = ['--to', `file=${join(folder, 'out.ndjson')}`];
  expect((await portlogHere(['watch', '--once', ...state, ...to, join(folder, 'watched')])).code).toBe(0);
  expect((await portlogHere([...state, ...to, scans.after])).code).toBe(0);
  expect((await portlogHere([...state, ...DOWN, scans.after])).code).toBe(5);
  const database = new DatabaseSync(join(stateDir, 'portlog.db'));
  database.exec(`
    INSERT INTO run (pid, started, what, sums) SELECT 999999, 1700000000000, 'a.xml', '[{"sink":"x","tally":{"read":1,"delivered":1,"already":0,"dead":0,"spooled":0,"discarded":0,"restamped":0,"removed":0,"withheld":0}}]';
    INSERT INTO dead (sink, id, dataset, partition, time, queued, died, status, reason, body)
      SELECT id, 'one', 'nmap.port', '', 1, 2, 3, 400, 'no such field', '{"a":1}' FROM sink;
    INSERT INTO schedule VALUES ('nightly', 'daily at 02:00', 1700000000000);
    INSERT INTO scheduled_scan (name, due, site, pid, started, problem) VALUES ('nightly', 1700000000000, 'a', 1, 1700000000000, 'nmap failed');
    PRAGMA wal_checkpoint(TRUNCATE)`);
  database.close();
  return readFileSync(join(stateDir, 'portlog.db'));
}

function scansIn(folder: string): { readonly before: string; readonly after: string } {
  const [before, after] = [join(folder, 'before.xml'), join(folder, 'after.xml')];
  writeFileSync(before, scanAt(1_760_000_000, [1, 2, 3], port(22)));
  writeFileSync(after, scanAt(1_760_090_000, [1, 2, 4], port(80)));
  return { before, after };
}

function scanAt(start: number, hosts: readonly number[], ports: string): string {
  const info = '<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>';
  const all = hosts.map((n) => host(`192.0.2.${n}`, ports, `starttime="${start}" endtime="${start + 5}"`)).join('');
  return scan(info + all, `scanner="nmap" args="nmap -v -p 1-1000 192.0.2.0/28" start="${start}"`).replace('1760000060', String(start + 60));
}

describe('one changed byte in the state', () => {
  test('is found or harmless: never a bug report, and every command ends', async () => {
    const whole = await wellUsedState();
    const { after } = scansIn(fastDir());
    // Of a page most is empty: what is written counts.
    const written = [...whole.keys()].filter((at) => whole[at] !== 0);
    const wrong: string[] = [];
    for (let n = 0; n < POSITIONS; n++) {
      const at = written[Math.floor(((n + 0.5) * written.length) / POSITIONS)] as number;
      const stateDir = fastDir();
      const state = ['--state-dir', stateDir];
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ (1 << (n % 8));
      writeFileSync(join(stateDir, 'portlog.db'), changed);
      for (const command of [
        ['status', ...state],
        ['inventory', ...state],
        ['replay', '--list', ...state],
        [...state, '--to', `file=${join(stateDir, 'out')}`, after],
        ['replay', ...state, ...DOWN],
      ]) {
        const { code, stderr } = await portlogHere(command);
        if (
          /bug in portlog|TypeError|SyntaxError/.test(stderr) ||
          (code === 4 && !/portlog\.db|the disk has changed them/.test(stderr)) ||
          ![0, 1, 4, 5].includes(code ?? -1)
        )
          wrong.push(`byte ${at}, bit ${n % 8}, ${command[0]?.startsWith('--') ? 'ship' : command[0]}: ${code} ${stderr}`);
      }
      rmSync(stateDir, { recursive: true });
    }
    expect(wrong).toEqual([]);
  }, 600_000);
});

describe('numbers in the state that cannot be', () => {
  test('are shown or reported: never a bug report, and every command ends', async () => {
    const whole = join(fastDir(), 'portlog.db');
    writeFileSync(whole, await wellUsedState());
    const { after } = scansIn(fastDir());
    const wrong: string[] = [];
    for (const column of numbersOf(whole))
      for (const value of ['-9223372036854775808', '9223372036854775807', '-1', '8640000000000001']) {
        const stateDir = fastDir();
        const state = ['--state-dir', stateDir];
        copyFileSync(whole, join(stateDir, 'portlog.db'));
        if (!isSet(join(stateDir, 'portlog.db'), column, value)) continue;
        for (const command of [
          ['status'],
          ['status', '--json'],
          ['replay', '--list'],
          ['inventory'],
          ['report'],
          ['--to', `file=${stateDir}/out`, after],
        ]) {
          const { code, stderr, stdout } = await portlogHere([...command, ...state]);
          if (
            /bug in portlog|TypeError|RangeError|NaN|undefined/.test(command[0] === 'report' ? stderr : stderr + stdout) ||
            ![0, 1, 4, 5].includes(code ?? -1)
          )
            wrong.push(`${column.table}.${column.name} = ${value}, ${command.join(' ')}: ${code} ${stderr}`);
        }
        rmSync(stateDir, { recursive: true });
      }
    expect(wrong).toEqual([]);
  }, 600_000);

  interface Column {
    readonly table: string;
    readonly name: string;
  }

  function numbersOf(path: string): readonly Column[] {
    const database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
    const found = tables.flatMap(({ name: table }) =>
      database
        .prepare(`PRAGMA table_info(${String(table)})`)
        .all()
        .flatMap(({ name, type }) => (type === 'INTEGER' ? [{ table: String(table), name: String(name) }] : [])),
    );
    database.close();
    return found;
  }

  /** False where the schema does not take it, or the table is empty. */
  function isSet(path: string, { table, name }: Column, value: string): boolean {
    const database = new DatabaseSync(path);
    try {
      return Number(database.prepare(`UPDATE ${table} SET ${name} = ${value}`).run().changes) > 0;
    } catch {
      return false;
    } finally {
      database.close();
    }
  }
});

describe('a row of the state that is not what was written', () => {
  async function usedWith(
    sql: string,
  ): Promise<{ readonly state: readonly string[]; readonly to: readonly string[]; readonly after: string; readonly out: string }> {
    const stateDir = fastDir();
    writeFileSync(join(stateDir, 'portlog.db'), await wellUsedState());
    const database = new DatabaseSync(join(stateDir, 'portlog.db'));
    database.exec(sql);
    database.close();
    const out = join(stateDir, 'out.ndjson');
    return { state: ['--state-dir', stateDir], to: ['--to', `file=${out}`], after: scansIn(fastDir()).after, out };
  }

  test.for(['{"key":', '{"key":"192.0.2.1"}', '[]', '7', `{"key":"192.0.2.1","up":{"yes":1}}`])(
    'of a host: everything is delivered, a sentence says which one, and that one can be forgotten (%s)',
    async (known) => {
      const { state, to, after, out } = await usedWith(`UPDATE host SET known = '${known}' WHERE key = '192.0.2.1'`);
      const { code, stderr } = await portlogHere([...state, ...to, after]);
      expect(code).toBe(4);
      expect(stderr).toContain('portlog.db is damaged: what is known of 192.0.2.1 (site default) cannot be read\n');
      expect(stderr).toContain('portlog inventory --forget --site default --network 192.0.2.1\n');
      expect(readFileSync(out, 'utf8')).toContain('192.0.2.4');
      for (const command of [['inventory'], ['findings'], ['report', '--format', 'csv'], ['diff', after]]) {
        const read = await portlogHere([...command, ...state]);
        expect([command, read.code, read.stderr]).toEqual([
          command,
          4,
          expect.stringContaining('is damaged: what is known of 192.0.2.1 (site default) cannot be read\n'),
        ]);
      }
      expect((await portlogHere(['inventory', '--forget', '--yes', '--site', 'default', '--network', '192.0.2.1', ...state])).code).toBe(0);
      expect((await portlogHere([...state, ...to, after])).code).toBe(0);
    },
  );

  test('of a host: its SSH host keys are looked at like the rest', async () => {
    const { state, to, after } = await usedWith(`UPDATE host SET known = json_set(known, '$.ports."22/tcp".hostKeys', 7) WHERE key = '192.0.2.1'`);
    const { code, stderr } = await portlogHere([...state, ...to, after]);
    expect([code, stderr]).toEqual([4, expect.stringContaining('portlog.db is damaged: what is known of 192.0.2.1 (site default) cannot be read\n')]);
  });

  test('of a host: all others are compared, and that is told once for all scans of a run', async () => {
    const { state, to, out } = await usedWith(`UPDATE host SET known = '{' WHERE key = '192.0.2.1'`);
    const [next, last] = [join(fastDir(), 'next.xml'), join(fastDir(), 'last.xml')];
    writeFileSync(next, scanAt(1_760_180_000, [1, 2, 4, 5], port(22)));
    writeFileSync(last, scanAt(1_760_270_000, [1, 4, 5], port(22) + port(25)));
    const { code, stderr } = await portlogHere([...state, ...to, next, last]);
    expect([code, stderr.split('is damaged').length]).toEqual([4, 2]);
    expect(stderr).toContain('all other hosts were compared');
    const told = readFileSync(out, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"nmap.change"'));
    const changes = told
      .map((line) => (JSON.parse(line) as { message: string }).message)
      .filter((message) => !message.includes('seen for the first time'));
    expect(changes.filter((message) => message.startsWith('192.0.2.1'))).toEqual([]);
    for (const change of [/^192\.0\.2\.2 is down/, /^192\.0\.2\.4 22\/tcp opened/, /^192\.0\.2\.4 25\/tcp opened/, /^192\.0\.2\.5 is new/])
      expect(changes).toContainEqual(expect.stringMatching(change));
    const json = await portlogHere([...state, ...to, '--json', last]);
    expect(json.stdout + json.stderr).toContain('"hostsLeftOut":{"code":"state-unusable"');
    expect((await portlogHere(['inventory', ...state])).stdout).toContain('192.0.2.5');
  });

  test('of a host: watch delivers what lies there, and does not end', async () => {
    const { state, to, after, out } = await usedWith(`UPDATE host SET known = '{' WHERE key = '192.0.2.1'`);
    const folder = fastDir();
    copyFileSync(after, join(folder, 'a.xml'));
    const { code, stderr } = await portlogHere(['watch', '--once', ...state, ...to, folder]);
    expect([code, stderr.includes('mistake')]).toEqual([4, false]);
    expect(readFileSync(out, 'utf8')).toContain('192.0.2.4');
  });

  test.for([
    `UPDATE scan SET run = 'nope'`,
    `UPDATE scan SET run = '{"scaninfo":7}'`,
    `UPDATE scan SET counts = 'nope'`,
    `UPDATE scan SET counts = '[1]'`,
    `UPDATE announced_change SET event = '{"id":1}'`,
    `CREATE TRIGGER part AFTER INSERT ON sink BEGIN INSERT INTO sent_part (sink, run, ids) VALUES (new.id, 0, '{'); END`,
    `UPDATE run SET sums = '{'`,
    `UPDATE run SET sums = '[{"sink":"x"}]'`,
  ])('that nothing else needs is skipped: %s', async (sql) => {
    const { state, to, after } = await usedWith(sql);
    for (const command of [['status'], ['replay', '--list'], [...to, after]]) {
      const { code, stderr } = await portlogHere([...command, ...state]);
      expect([stderr, command[0] === 'status' ? 0 : code]).toEqual([expect.not.stringContaining('mistake'), 0]);
    }
  });
});
