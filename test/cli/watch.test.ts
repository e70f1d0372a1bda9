import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, until, untilPrinted } from '../support/run-portlog.ts';
import { answer, bulkAnswer, bulkIds, healthy, scriptedServer } from '../support/scripted-server.ts';
import { scans, home, out, EXAMPLE, put, HALF, written, actions, WHOLE, start, configured, ownFolder } from '../support/unattended.ts';

ownFolder();

describe('portlog watch', () => {
  const args = (): readonly string[] => ['watch', scans, '--state-dir', join(home, 'state'), '--to', `file=${out}`];

  test('--once ships what is finished, and nothing twice', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    put('b.xml', HALF);
    put('notes.txt', 'not a scan');
    const first = await portlog([...args(), '--once', '--verbose']);
    expect(first.code).toBe(0);
    expect(first.stderr).toContain('a.xml: 1 run, 3 hosts listed');
    expect(first.stderr).toContain('b.xml is not finished yet');
    expect(first.stderr).not.toContain('notes.txt');
    const count = written().length;
    expect(actions()).toContain('baseline');

    const second = await portlog([...args(), '--once']);
    expect([second.code, second.stderr, written().length]).toEqual([0, '', count]);

    const status = await portlog(['status', '--state-dir', join(home, 'state')]);
    expect([status.code, status.stdout]).toEqual([
      0,
      expect.stringMatching(/ b\.xml waits: it has no end, unchanged since \S+Z \(\d+ seconds? ago\)\n/),
    ]);

    appendFileSync(join(scans, 'b.xml'), WHOLE.slice(HALF.length));
    expect((await portlog([...args(), '--once'])).stderr).toContain('b.xml: 1 run, 2 hosts listed');
    expect((await portlog(['status', '--state-dir', join(home, 'state')])).stdout).not.toContain('b.xml');
  });

  test('--to stdout writes a scan again when its content has changed, not when it was only touched or copied over itself', async () => {
    const toStdout = ['watch', scans, '--state-dir', join(home, 'state'), '--once', '--to', 'stdout'];
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const lines = async (...more: readonly string[]): Promise<number> => (await portlog([...toStdout, ...more])).stdout.split('\n').length - 1;
    const all = await lines();
    expect(all).toBeGreaterThan(10);
    utimesSync(join(scans, 'a.xml'), 1, 1);
    expect(await lines()).toBe(0);
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    expect([await lines(), await lines()]).toEqual([0, 0]);
    // Of the same length.
    writeFileSync(join(scans, 'a.xml'), readFileSync(EXAMPLE, 'utf8').replace('state="open"', 'state="shut"'));
    expect([(await lines()) > 10, await lines()]).toEqual([true, 0]);
    expect(await lines('--again')).toBeGreaterThan(10);
  });

  test('an empty directory is said to be empty, and stands in status without a configuration', async () => {
    const first = await portlog([...args(), '--once']);
    expect([first.code, first.stderr]).toEqual([0, `portlog: ${scans}: no scan has come yet (files that end in .xml or .xml.gz)\n`]);
    const status = await portlog(['status', '--state-dir', join(home, 'state')]);
    expect(status.stdout).toContain(`directory ${scans}: 0 scans shipped\n`);
    rmSync(scans, { recursive: true });
    expect((await portlog(['status', '--state-dir', join(home, 'state')])).code).toBe(1);
    mkdirSync(scans);
  });

  test('ships what appears until somebody stops it; stopped while idle, all is well', async () => {
    const child = start(...args(), '--verbose');
    const ended = finished(child);
    const unfinished = untilPrinted(child, 'stderr', 'a.xml is not finished yet');
    await untilPrinted(child, 'stderr', `watching ${scans}`);
    put('a.xml', HALF);
    await unfinished;
    expect(written()).toEqual([]);
    appendFileSync(join(scans, 'a.xml'), WHOLE.slice(HALF.length));
    await until(() => actions().includes('run-summary'));
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    await until(() => actions().filter((action) => action === 'run-summary').length === 2);
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining(`watching ${scans}`)]);
    expect(actions().filter((action) => action === 'scan-finished')).toHaveLength(2);
    expect(actions()).not.toContain('scan-incomplete');
  });

  test('an unfinished scan that no longer grows counts as cut', async () => {
    put('a.xml', HALF);
    const { code, stderr } = await portlog([...args(), '--once', '--cut-after-minutes', '0.0001']);
    expect(code).toBe(1);
    expect(stderr).toContain('the input ends');
    expect(actions()).toEqual(expect.arrayContaining(['port-observed', 'scan-incomplete']));
  });

  test('a gzip file that is still young waits, and nobody says that its end is missing', async () => {
    writeFileSync(join(scans, 'a.xml.gz'), gzipSync(WHOLE));
    expect((await portlog([...args(), '--once'])).code).toBe(0);
    const { stdout } = await portlog(['status', '--state-dir', join(home, 'state')]);
    expect(stdout).toMatch(/ a\.xml\.gz waits: somebody may still write to it, unchanged since \S+Z \(\d+ seconds? ago\)\n/);
  });

  test('of a damaged gzip file, what gzip -dc gives is shipped, and the damage is reported once', async () => {
    const bytes = Buffer.concat([gzipSync(WHOLE), Buffer.alloc(100_000, 'x')]);
    bytes.writeUInt32LE(0, gzipSync(WHOLE).length - 8);
    writeFileSync(join(scans, 'a.xml.gz'), bytes);
    const quick = ['--once', '--cut-after-minutes', '0.0001'];
    const { code, stderr } = await portlog([...args(), ...quick]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('a.xml.gz is damaged: the checksum of member 1 is wrong')]);
    expect(actions().filter((action) => action === 'port-observed')).toHaveLength(2);
    expect(actions()).toContain('scan-finished');
    expect((await portlog([...args(), ...quick])).stderr).toBe('');
  });

  test('a file that is no scan is reported once, and the others are shipped', async () => {
    put('a.xml', '{"ports": []}');
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    const first = await portlog([...args(), '--once', '--cut-after-minutes', '0.0001']);
    expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('a.xml is not a scan')]);
    expect((await portlog([...args(), '--once'])).stderr).toBe('');
  });

  describe('files that are not scans', () => {
    const CONTENTS = { 'cut.xml': '', 'empty.xml.gz': '', 'garbage.xml': '\u0001\u0002 no', 'other.xml': '<foo/>', 'text.xml.gz': 'Nmap done' };
    const ASIDE = 'was not shipped, and is set aside';
    const quick = ['--once', '--cut-after-minutes', '0.0001'];
    const reasons = (): readonly string[] => written().flatMap((event) => (event.event.action === 'file-not-shipped' ? [event.message] : []));
    const status = async (...more: readonly string[]): Promise<readonly [number | null, string]> => {
      const { code, stdout } = await portlog(['status', '--state-dir', join(home, 'state'), ...more]);
      return [code, stdout];
    };
    beforeEach(() => {
      copyFileSync(EXAMPLE, join(scans, 'a.xml'));
      for (const [name, content] of Object.entries(CONTENTS)) put(name, content);
    });

    test('are set aside, each reported once with its reason, and counted in status', async () => {
      // The header of gzip, and a checksum that is wrong: something came out of it, and no scan.
      const damaged = gzipSync('<?xml version="1.0"?>');
      damaged.writeUInt32LE(0, damaged.length - 8);
      writeFileSync(join(scans, 'damaged.xml.gz'), damaged);
      const first = await portlog([...args(), ...quick]);
      expect([first.code, first.stderr]).toEqual([1, expect.stringContaining(`cut.xml is not a scan: it is empty\n`)]);
      expect(reasons().toSorted()).toEqual([
        expect.stringMatching(new RegExp(`/cut\\.xml ${ASIDE}: .*cut\\.xml is not a scan: it is empty$`)),
        expect.stringMatching(/\/damaged\.xml\.gz was not shipped: .*damaged\.xml\.gz is damaged: the checksum of member 1 is wrong/),
        expect.stringMatching(new RegExp(`/empty\\.xml\\.gz ${ASIDE}: .* is not a scan: it is empty$`)),
        expect.stringMatching(new RegExp(`/garbage\\.xml ${ASIDE}: .* is not a scan: there is no ‹nmaprun› in it$`)),
        expect.stringMatching(new RegExp(`/other\\.xml ${ASIDE}: .* is not a scan: it is XML without an ‹nmaprun›$`)),
        expect.stringMatching(new RegExp(`/text\\.xml\\.gz ${ASIDE}: .* is not a scan: there is no ‹nmaprun› in it$`)),
      ]);
      const [code, text] = await status();
      expect([code, text]).toEqual([1, expect.stringContaining(': 1 scan shipped, the last')]);
      for (const name of Object.keys(CONTENTS)) expect(text).toContain(`${name} ${ASIDE}: ${join(scans, name)} is not a scan`);
      expect(text).not.toContain('waits:');
    });

    test('are read again only with --again, and reported no second time', async () => {
      await portlog([...args(), ...quick]);
      expect((await portlog([...args(), ...quick])).stderr).toBe('');
      const again = await portlog([...args(), ...quick, '--again']);
      expect(again.stderr).toContain('other.xml is not a scan');
      expect(reasons()).toHaveLength(5);
    });

    test('ship once they have become scans; one to which somebody writes again waits for its end like any other', async () => {
      await portlog([...args(), ...quick]);
      put('cut.xml', HALF);
      await portlog([...args(), '--once']);
      const [, waiting] = await status();
      expect([waiting.includes('cut.xml waits: it has no end'), waiting.includes('cut.xml was not')]).toEqual([true, false]);
      for (const name of Object.keys(CONTENTS)) put(name, WHOLE);
      expect((await portlog([...args(), ...quick])).code).toBe(0);
      expect(await status('--config', configured(`directories: [{ path: ${scans} }]`))).toEqual([
        0,
        expect.stringContaining(': 6 scans shipped, the last'),
      ]);
    });
  });

  test('a trial has no effect on others: a sink that is added later gets the existing files', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const state = ['--state-dir', join(home, 'state'), '--once'];
    expect((await portlog(['watch', scans, ...state, '--to', 'stdout'])).stdout).toContain('"port-observed"');
    expect((await portlog(['watch', scans, ...state, '--to', 'stdout'])).stdout).toBe('');
    expect((await portlog([...args(), '--once'])).code).toBe(0);
    expect(actions()).toContain('port-observed');
    const count = written().length;
    expect((await portlog([...args(), '--once', '--again'])).stderr).toContain('a.xml: 1 run, 3 hosts listed');
    expect(written().length).toBeGreaterThan(count);
  });

  test('a link is ignored, and status reports a missing directory', async () => {
    writeFileSync(join(home, 'elsewhere.xml'), WHOLE);
    symlinkSync(join(home, 'elsewhere.xml'), join(scans, 'link.xml'));
    const { code, stderr } = await portlog([...args(), '--once']);
    expect([code, stderr]).toEqual([0, `portlog: ${join(scans, 'link.xml')}: it is a symbolic link, and those are not followed\n`]);
    const status = await portlog(['status', '--config', configured(`directories: [{ path: ${join(home, 'gone')} }]`)]);
    expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('gone: 0 scans shipped; the directory')]);
  });

  test('changes are written to standard output, too; closing it ends watch', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const child = start('watch', scans, '--state-dir', join(home, 'state'), '--to', 'stdout');
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += String(chunk)));
    const code = new Promise((resolve) => child.once('exit', resolve));
    await until(() => text.includes('"baseline"'));
    child.stdout?.destroy();
    put('b.xml', WHOLE);
    expect(await code).toBe(0);
  });

  test('killed in the middle, the next run continues: the same events arrive as without a kill', async () => {
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    let isStuck = true;
    const stored = new Set<string>();
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response) || isStuck) return;
      answer(
        response,
        200,
        bulkAnswer(seen.body, (id) => (stored.has(id) ? 409 : 201)),
      );
      for (const id of bulkIds(seen.body)) stored.add(id);
    });
    const watch = (state: string): readonly string[] => [
      'watch',
      scans,
      '--state-dir',
      join(home, state),
      '--to',
      `elasticsearch=${server.url.href}`,
    ];
    const child = start(...watch('killed'));
    await until(() => server.seen.some(({ method }) => method === 'POST'));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    isStuck = false;
    expect((await portlog([...watch('killed'), '--once'])).stderr).toContain('was killed or crashed');
    const afterKill = stored.size;
    stored.clear();
    expect((await portlog([...watch('undisturbed'), '--once'])).code).toBe(0);
    await server.stop();
    expect(afterKill).toBe(stored.size);
    expect(afterKill).toBeGreaterThan(13);
  });

  test('waiting events are sent when the sink is back, although nothing new comes', async () => {
    const isUp = { now: false };
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      if (isUp.now) answer(response, 200, bulkAnswer(seen.body));
      else answer(response, 503, 'busy');
    });
    copyFileSync(EXAMPLE, join(scans, 'a.xml'));
    const to = ['watch', scans, '--once', '--state-dir', join(home, 'state'), '--to', `elasticsearch=${server.url.href}`, '--retry-for-seconds', '0'];
    expect((await portlog(to)).code).toBe(5);
    isUp.now = true;
    const { code, stderr } = await portlog(to);
    await server.stop();
    expect([code, stderr]).toEqual([0, expect.stringMatching(/elasticsearch .*: \d+ events that waited on disk are delivered/)]);
  });

  test('a changed password is used from then on', async () => {
    const keys: (string | undefined)[] = [];
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      keys.push(seen.headers.authorization);
      answer(response, 200, bulkAnswer(seen.body));
    });
    const config = join(home, 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: elasticsearch, url: "${server.url.href}", apiKeyFile: ${join(home, 'key')} }]`);
    writeFileSync(join(home, 'key'), 'old');
    const child = start('watch', scans, '--state-dir', join(home, 'state'), '--config', config);
    put('a.xml', WHOLE);
    await until(() => keys.includes('ApiKey old'));
    writeFileSync(join(home, 'key'), 'new');
    copyFileSync(EXAMPLE, join(scans, 'b.xml'));
    await until(() => keys.includes('ApiKey new'));
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await server.stop();
  });

  test.each([
    ['a directory that is not there', 'nowhere', /the directory .*nowhere cannot be watched: there is no such directory/],
    ['a file', 'file.xml', /cannot be watched: it is not a directory\n.*to ship a file: portlog .*file\.xml/],
  ])('%s: exit 3 and a sentence', async (_, name, sentence) => {
    writeFileSync(join(home, 'file.xml'), WHOLE);
    const { code, stderr } = await portlog(['watch', join(home, name), '--state-dir', join(home, 'state'), '--to', 'stdout']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(sentence)]);
  });
});

test('status shows a directory that was shipped from, also without a configuration', async () => {
  copyFileSync(EXAMPLE, join(scans, 'a.xml'));
  await portlog(['watch', '--once', scans, '--state-dir', join(home, 'state'), '--to', `file=${out}`]);
  const { code, stdout } = await portlog(['status', '--state-dir', join(home, 'state')]);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`directory ${scans}: 1 scan shipped, the last `)]);
});
