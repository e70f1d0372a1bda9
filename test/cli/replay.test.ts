import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { finished, freshDir, ROOT, startPortlog, untilPrinted, until, portlog as portlogProcess } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { answer, bulkAnswer, bulkFates, createdIds, healthy, type Script, scriptedServer } from '../support/scripted-server.ts';

const EXAMPLE = join(ROOT, 'examples/loopback.xml');
const created: Script = (seen, response) => {
  if (!healthy(seen, response)) answer(response, 200, bulkAnswer(seen.body));
};

/** A server on the port of one that was there before. */
async function downThenUp(): Promise<{ origin: string; up: (script: Script) => Promise<{ ids: Set<string>; stop: () => Promise<void> }> }> {
  const first = await scriptedServer(() => undefined);
  await first.stop();
  return {
    origin: first.url.origin,
    async up(script) {
      const ids = new Set<string>();
      const server = await scriptedServer((seen, response, index) => {
        if (seen.path.startsWith('/_bulk')) for (const id of createdIds(seen.body)) ids.add(id);
        script(seen, response, index);
      }, Number(first.url.port));
      return { ids, stop: () => server.stop() };
    },
  };
}

describe('what a run had to leave on disk', () => {
  test('is listed, sent by replay, and then nothing waits', async () => {
    const { origin, up } = await downThenUp();
    const state = ['--state-dir', freshDir()];
    const to = ['--to', `elasticsearch=${origin}`];
    expect((await portlog([...state, ...to, '--retry-for-seconds', '0', EXAMPLE])).code).toBe(5);

    const list = await portlog(['replay', '--list', ...state]);
    expect(list.stdout).toMatch(
      new RegExp(
        `^elasticsearch ${origin} \\(namespace=default\\)\n  waiting  29 events in \\d+ batches, [1-9]\\d* KiB\n           since 20.*Z, the newest of 20.*Z\n$`,
      ),
    );
    const json = await portlog(['replay', '--list', '--json', ...state]);
    expect(JSON.parse(json.stdout)).toMatchObject({ sinks: [{ type: 'elasticsearch', target: origin, spool: { events: 29 }, dead: { events: 0 } }] });

    const server = await up(created);
    const replay = await portlog(['replay', ...state]);
    expect([replay.code, replay.stderr]).toEqual([
      0,
      `portlog: elasticsearch ${origin}, from earlier runs: read 29 = delivered 29 + already 0 + dead 0\n`,
    ]);
    // And the run-summary of the replay itself.
    expect(server.ids.size).toBe(18);
    expect((await portlog(['replay', ...state])).stderr).toBe('portlog: nothing waits\n');
    expect((await portlog([...state, ...to, EXAMPLE])).stderr).toContain('read 13 = delivered 0 + already 13 + dead 0');
    await server.stop();
  });

  test('is sent by the next run before its own', async () => {
    const { origin, up } = await downThenUp();
    const args = ['--state-dir', freshDir(), '--to', `elasticsearch=${origin}`, '--retry-for-seconds', '0'];
    await portlog([...args, EXAMPLE]);
    const server = await up(created);
    const { stderr, code } = await portlog(args, { input: scan(host('192.0.2.1', port(80))) });
    await server.stop();
    expect(stderr).toContain('from earlier runs: read 29 = delivered 29 + already 0 + dead 0\n');
    expect(stderr).toMatch(/: read 4 = delivered 4 \+ already 0 \+ dead 0\n$/);
    expect(code).toBe(0);
  });

  test('goes to where the destination has moved', async () => {
    const args = ['--state-dir', freshDir(), '--retry-for-seconds', '0'];
    await portlog([...args, '--to', 'elasticsearch=http://127.0.0.1:1', EXAMPLE]);
    const { origin, up } = await downThenUp();
    const server = await up(created);
    const wrongKind = await portlog(['replay', ...args, '--from', 'elasticsearch=http://127.0.0.1:1', '--to', 'loki=http://127.0.0.1:2']);
    expect([wrongKind.code, wrongKind.stderr]).toEqual([2, expect.stringContaining('--from needs one --to elasticsearch=URL')]);
    const { stderr, code } = await portlog(['replay', ...args, '--from', 'elasticsearch=http://127.0.0.1:1', '--to', `elasticsearch=${origin}`]);
    expect([code, stderr]).toEqual([0, `portlog: elasticsearch ${origin}, from earlier runs: read 29 = delivered 29 + already 0 + dead 0\n`]);
    expect(server.ids.size).toBe(18);
    expect((await portlog(['replay', ...args])).stderr).toBe('portlog: nothing waits\n');
    const again = await portlog([...args, '--to', `elasticsearch=${origin}`, EXAMPLE]);
    await server.stop();
    expect(again.stderr).toContain('read 13 = delivered 0 + already 13 + dead 0');
  });

  test('still down: says so, exit 5, and keeps it', async () => {
    const args = ['--state-dir', freshDir(), '--retry-for-seconds', '0'];
    await portlog([...args, '--to', 'elasticsearch=http://127.0.0.1:1', EXAMPLE]);
    const { stderr, code } = await portlog(['replay', ...args]);
    expect(stderr).toContain('from earlier runs: read 29 = delivered 0 + already 0 + dead 0 + spooled 29');
    expect(code).toBe(5);
  });

  test('is deleted by --purge, which asks, and may be shipped again then', async () => {
    const { origin, up } = await downThenUp();
    const state = ['--state-dir', freshDir()];
    const to = ['--to', `elasticsearch=${origin}`];
    await portlog([...state, ...to, '--retry-for-seconds', '0', EXAMPLE]);
    const asked = await portlog(['replay', '--purge', ...state]);
    expect([asked.code, asked.stderr]).toEqual([
      2,
      'portlog: --purge would permanently delete 29 waiting events, and there is no terminal to confirm it\nportlog:   → add --yes if that is what you want\n',
    ]);
    expect((await portlog(['replay', '--purge', '--yes', ...state])).stderr).toBe('portlog: deleted 29 waiting events\n');
    const server = await up(created);
    // With the changes, which the state had told once.
    expect((await portlog([...state, ...to, EXAMPLE])).stderr).toContain('read 15 = delivered 15 + already 0 + dead 0');
    await server.stop();
  });

  test('shipped again and again while the server is down, it waits; deleted, it is delivered', async () => {
    const { origin, up } = await downThenUp();
    const state = ['--state-dir', freshDir()];
    const to = ['--to', `elasticsearch=${origin}`];
    for (let time = 0; time < 3; time++) {
      const { stderr } = await portlog([...state, ...to, '--retry-for-seconds', '0', EXAMPLE]);
      expect(stderr).toMatch(/read (1[35]) = delivered 0 \+ already 0 \+ dead 0 \+ spooled \1\n/);
    }
    await portlog(['replay', '--purge', '--yes', ...state]);
    const server = await up(created);
    // With the changes, which the state had told once.
    expect((await portlog([...state, ...to, EXAMPLE])).stderr).toContain('read 15 = delivered 15 + already 0 + dead 0');
    await server.stop();
  });
});

test('dead letters are listed with the reason, and go again when asked to', async () => {
  const { origin, up } = await downThenUp();
  const state = ['--state-dir', freshDir()];
  const refusing = await up((seen, response) => {
    if (healthy(seen, response)) return;
    const reject = { status: 400, error: { type: 'document_parsing_exception', reason: 'no such thing' } };
    answer(
      response,
      200,
      bulkFates(seen.body, () => reject),
    );
  });
  const { stderr, code } = await portlog([...state, '--to', `elasticsearch=${origin}`, EXAMPLE]);
  await refusing.stop();
  expect(code).toBe(1);
  expect(stderr).toContain('portlog replay --dead tries them again');
  const { stdout } = await portlog(['replay', '--list', ...state]);
  expect(stdout).toContain('  dead     29 events: 400 document_parsing_exception: no such thing\n');
  // What is missing there, in words.
  const named = /no such thing\n(?<some>(?: {11}\S.*\n){1,5}) {11}and \d+ others\n/.exec(stdout)?.groups?.['some'] ?? '';
  expect(named).toMatch(/ {11}127\.0\.0\.\d/);
  const mended = await up(created);
  const again = await portlog(['replay', '--dead', ...state]);
  await mended.stop();
  expect([again.code, again.stderr]).toEqual([
    0,
    `portlog: elasticsearch ${origin}, from earlier runs: read 29 = delivered 29 + already 0 + dead 0\n`,
  ]);
  expect((await portlog(['replay', '--list', ...state])).stdout).toBe('nothing waits, and nothing was rejected\n');
});

test('nothing was ever shipped: nothing waits', async () => {
  const { stderr, code } = await portlog(['replay', '--state-dir', join(freshDir(), 'none')]);
  expect([stderr.startsWith('portlog: nothing waits'), code]).toEqual([true, 0]);
});

describe('a run that is killed', () => {
  test('is reported by the next one, which completes it: each event is stored once', async () => {
    const big = join(freshDir(), 'big.xml');
    writeFileSync(big, scan(Array.from({ length: 3000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(80))).join('')));
    const ids = new Map<string, number>();
    /** In the middle nothing is answered any more, until it is dead. */
    const isDead = Promise.withResolvers<void>();
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      const fates = bulkAnswer(seen.body, (id) => {
        ids.set(id, (ids.get(id) ?? 0) + 1);
        return ids.get(id) === 1 ? 201 : 409;
      });
      if (ids.size < 1000) answer(response, 200, fates);
      else void isDead.promise.then(() => answer(response, 200, fates));
    });
    const args = ['--state-dir', freshDir(), '--to', `elasticsearch=${server.url.origin}`, '--compression', 'none', big];
    const child = startPortlog(args);
    const killed = finished(child);
    await until(() => ids.size >= 1000);
    child.kill('SIGKILL');
    await killed;
    isDead.resolve();
    expect((await portlog(['status', ...args.slice(0, 2)])).stdout).toMatch(/sink .*: [\d,]+ events wait since /);
    const { stderr, code } = await portlog(args);
    await server.stop();
    expect(stderr).toMatch(
      /the run of 20.*Z \(process \d+, reading .*big\.xml\) was killed or crashed(?:; until then:|, before it had noted what it had delivered)\n/,
    );
    expect(stderr).toMatch(/read 6,002 = delivered [\d,]+ \+ already [\d,]+ \+ dead 0\n$/);
    expect(code).toBe(0);
    // With a record of the inventory for each host; those of ports have longer ids.
    expect([...ids.keys()].filter((id) => id.length === 32).length).toBe(9003);
    expect((await portlog(args.slice(0, 2).concat('replay'))).stderr).toContain('nothing waits');
  });
});

test('a killed run of very many files names some of them', async () => {
  const [state, folder] = [freshDir(), freshDir()];
  const files = Array.from({ length: 13 }, (_, i) => join(folder, `${i}.xml`));
  for (const file of files) writeFileSync(file, scan(host('192.0.2.1', port(80))));
  const child = startPortlog(['--state-dir', state, '--to', 'elasticsearch=http://127.0.0.1:1', ...files]);
  const done = finished(child);
  await untilPrinted(child, 'stderr', 'retrying for');
  child.kill('SIGKILL');
  await done;
  const { stdout, stderr } = await portlog(['status', '--state-dir', state]);
  expect(`${stdout}${stderr}`).toContain(`${files[8]}, ${files[9]}, and 3 more`);
});

test('waiting for a sink at the end is said, and ends with Ctrl-C', async () => {
  const child = startPortlog(['--state-dir', freshDir(), '--to', 'elasticsearch=http://127.0.0.1:1', EXAMPLE]);
  const done = finished(child);
  await untilPrinted(child, 'stderr', 'elasticsearch http://127.0.0.1:1: retrying for up to 60 s (Ctrl-C keeps the rest on disk)');
  child.kill('SIGINT');
  await untilPrinted(child, 'stderr', 'interrupt again');
  child.kill('SIGINT');
  const { stderr, code } = await done;
  expect(stderr).toMatch(/read 15 = delivered 0 \+ already 0 \+ dead 0 \+ spooled 15\n$/);
  expect(code).toBe(130);
});

test('a second Ctrl-C ends at once, and events that were read wait on disk', async () => {
  const server = await scriptedServer((seen, response) => void healthy(seen, response));
  const state = freshDir();
  const child = startPortlog(['--state-dir', state, '--to', `elasticsearch=${server.url.origin}`]);
  const done = finished(child);
  child.stdin?.on('error', () => undefined).write(scan(host('192.0.2.1', port(80))).slice(0, -30));
  await until(() => server.seen.some(({ method }) => method === 'POST'));
  child.kill('SIGINT');
  await untilPrinted(child, 'stderr', 'interrupt again');
  const second = Date.now();
  child.kill('SIGINT');
  const { stderr, code } = await done;
  await server.stop();
  // The request alone would be waited for that long.
  expect(Date.now() - second).toBeLessThan(20_000);
  expect(stderr).toMatch(/read 4 = delivered 0 \+ already 0 \+ dead 0 \+ spooled 4\n$/);
  expect(code).toBe(130);
});

test('two runs at the same time on one state directory', async () => {
  const server = await scriptedServer(created);
  const args = ['--state-dir', freshDir(), '--to', `elasticsearch=${server.url.origin}`];
  const inputs = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) =>
    scan(host(address, port(80)), `scanner="nmap" args="nmap ${address}" start="1760000000"`),
  );
  const runs = await Promise.all(inputs.map((input) => portlogProcess(args, { input })));
  await server.stop();
  for (const { stderr, code } of runs) {
    expect(stderr).not.toContain('unexpectedly');
    expect([code, stderr.split('\n').at(-2)?.split(': ').at(-1)]).toEqual([0, 'read 4 = delivered 4 + already 0 + dead 0']);
  }
});

test('a state file that is damaged: exit 4, nothing is made anew', async () => {
  const state = freshDir();
  const path = join(state, 'portlog.db');
  writeFileSync(path, 'no database'.repeat(1000));
  for (const args of [['--to', 'elasticsearch=http://127.0.0.1:1', EXAMPLE], ['replay']]) {
    const { stderr, code } = await portlog([...args, '--state-dir', state]);
    expect(stderr).toContain(`${path} is damaged, or not a database\nportlog:   → move it away to start with an empty one`);
    expect(code).toBe(4);
  }
  expect(readFileSync(path, 'utf8')).toContain('no database');
  expect(execFileSync('ls', [state]).toString()).toBe('portlog.db\n');
});
