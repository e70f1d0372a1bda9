import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { host, port, scan } from '../support/scans.ts';
import { portlog } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { answer, bulkAnswer, bulkFates, healthy, scriptedServer } from '../support/scripted-server.ts';
import { scriptedStream } from '../support/scripted-stream.ts';
import { EXAMPLE, events, file, THREE } from '../support/printed.ts';

test('the agent is named after the sensor, else this host; on standard output alone it is portlog', async () => {
  const named = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const out = join(freshDir(), 'out');
    const { stdout } = await portlog([...args, '--state-dir', freshDir(), EXAMPLE].map((word) => (word === 'FILE' ? `file=${out}` : word)));
    const [first] = events(args.includes('FILE') ? readFileSync(out, 'utf8') : stdout);
    return [first.agent.name, first.observer.name];
  };
  expect(await named()).toEqual(['portlog', undefined]);
  expect(await named('--to', 'stdout')).toEqual(['portlog', undefined]);
  expect(await named('--to', 'FILE')).toEqual([hostname(), undefined]);
  expect(await named('--to', 'stdout', '--sensor', 'branch-3')).toEqual(['branch-3', 'branch-3']);
  expect(await named('--to', 'FILE', '--sensor', 'branch-3')).toEqual(['branch-3', 'branch-3']);
  const { code, stderr } = await portlog(['--sensor', 'a b', EXAMPLE]);
  expect([code, stderr.includes('--sensor "a b": only letters')]).toEqual([2, true]);
});

describe('printing', () => {
  test('--format otel: one request a line', async () => {
    const { stdout } = await portlog(['--format', 'otel', EXAMPLE]);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(13);
    for (const line of lines) expect(JSON.parse(line).resourceLogs[0].scopeLogs[0].logRecords).toHaveLength(1);
  });

  test('--format table: for people', async () => {
    const { stdout } = await portlog(['--format', 'table', EXAMPLE]);
    expect(stdout).toContain('127.0.0.1 (localhost) up: 4 open, 2 closed');
    expect(stdout).toMatch(/ {2}8443\/tcp +open +https +OpenSSL s_server/);
  });

  test('--quiet prints nothing when all is well, --json prints one line', async () => {
    expect((await portlog(['-q', EXAMPLE])).stderr).toBe('');
    const { stderr } = await portlog(['-q', '--json', EXAMPLE]);
    expect(JSON.parse(stderr)).toMatchObject({
      exit: 0,
      sinks: [{ sink: 'stdout', read: 13, delivered: 13, dead: 0 }],
      inputs: [{ hosts: 3, openPorts: 5 }],
    });
  });

  test('a closed pipe is no error', async () => {
    const shell = promisify(execFile);
    const big = file('big.xml', scan(Array.from({ length: 5000 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(80))).join('')));
    const { stdout } = await shell(
      'bash',
      [
        '-c',
        `set -o pipefail; "${process.execPath}" bin/portlog.js -q --json "${big}" 2>/tmp/portlog-pipe-$$ | head -1; echo "\${PIPESTATUS[0]}"; cat /tmp/portlog-pipe-$$; rm /tmp/portlog-pipe-$$`,
      ],
      { cwd: ROOT },
    );
    const [, code, summary] = stdout.trim().split('\n');
    expect(code).toBe('0');
    const { sinks } = JSON.parse(summary as string) as { sinks: Record<string, number>[] };
    expect(sinks[0]?.['read']).toBe((sinks[0]?.['delivered'] ?? 0) + (sinks[0]?.['discarded'] ?? 0));
    expect(sinks[0]?.['discarded']).toBeGreaterThan(0);
  });

  test('stdout touches no state', async () => {
    const home = freshDir();
    await portlog([EXAMPLE], { env: { HOME: home } });
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('shipping to a server', () => {
  test('secrets from environment, file and command reach the server and nothing else', async () => {
    const server = await scriptedServer((seen, response) => {
      if (!healthy(seen, response)) answer(response, 200, bulkAnswer(seen.body));
    });
    const to = `elasticsearch=${server.url.origin}`;
    const secretFile = file('key', 'aWQ6ZmlsZS1zZWNyZXQ=\n');
    const sources: readonly Record<string, string>[] = [
      { PORTLOG_ELASTICSEARCH_API_KEY: 'aWQ6ZW52LXNlY3JldA==' },
      { PORTLOG_ELASTICSEARCH_API_KEY_FILE: secretFile },
      { PORTLOG_ELASTICSEARCH_API_KEY_COMMAND: `cat ${secretFile}` },
      { PORTLOG_ELASTICSEARCH_USER: 'u', PORTLOG_ELASTICSEARCH_PASSWORD: 'pass-secret' },
      { PORTLOG_ELASTICSEARCH_BEARER: 'bearer-secret' },
    ];
    for (const env of sources) {
      const { stdout, stderr, code } = await portlog(['--verbose', '--json', '--to', to, EXAMPLE], { env });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(/secret|c2Vjcm/i);
    }
    await server.stop();
    const used = new Set(server.seen.map(({ headers }) => headers.authorization));
    const basic = `Basic ${Buffer.from('u:pass-secret').toString('base64')}`;
    expect(used).toEqual(new Set(['ApiKey aWQ6ZW52LXNlY3JldA==', 'ApiKey aWQ6ZmlsZS1zZWNyZXQ=', basic, 'Bearer bearer-secret']));
  });

  const NOWHERE = ['--to', 'elasticsearch=http://127.0.0.1:1', '--retry-for-seconds', '0'];

  test('nothing listens there: what was read waits on disk, exit 5 says what to do', async () => {
    const { stderr, code } = await portlog([...NOWHERE, EXAMPLE]);
    expect(stderr).toBe(
      [
        'portlog: http://127.0.0.1:1 cannot be reached: nothing listens there',
        'portlog:   → check host and port, and whether the server is running',
        'portlog: the scan is read all the same; what cannot be delivered waits on disk',
        `portlog: ${EXAMPLE}: 1 run, 3 hosts listed, 5 open ports, 4 findings; changed: 1 new finding (127.0.0.2 2323/tcp); the rest, seen for the first time, is the baseline`,
        'portlog: http://127.0.0.1:1 cannot be reached: nothing listens there',
        'portlog:   → check host and port, and whether the server is running',
        'portlog: elasticsearch http://127.0.0.1:1: 29 events wait on disk (15 of what was read, 12 of the inventory, 2 about portlog itself)',
        'portlog:   → when it works again: portlog replay (the next run sends them, too)',
        'portlog: elasticsearch http://127.0.0.1:1: read 15 = delivered 0 + already 0 + dead 0 + spooled 15',
        '',
      ].join('\n'),
    );
    expect(code).toBe(5);
  });

  test('where nothing may wait, discarded events are no success, and none is said to wait', async () => {
    const args = [...NOWHERE, '--spool-max-mib', '0.00001', '--spool-when-full', 'drop-oldest', '--state-dir', join(freshDir(), 'state'), EXAMPLE];
    const { stderr, code } = await portlog(args);
    expect(stderr).toContain('read 15 = delivered 0 + already 0 + dead 0 + discarded 15\n');
    expect(stderr).toMatch(
      /: \d+ events were discarded, neither delivered nor kept: the spool is full, so the oldest make room \(--spool-when-full drop-oldest\)\n/,
    );
    expect(stderr).not.toMatch(/events? waits? on disk/);
    expect(code).toBe(4);
  });

  test('a load balancer without a backend: the sum says sent, not delivered, and check says what cannot be known', async () => {
    const balancer = await scriptedStream((socket, read) => void read.then(() => socket.end()));
    const to = ['--state-dir', freshDir(), '--to', `syslog=tcp://127.0.0.1:${balancer.port}`];
    const { code, stderr } = await portlog([...to, EXAMPLE]);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/syslog .*: read (\d+) = sent \1 \+ already 0 \+ dead 0\n/)]);
    expect(stderr).not.toContain('delivered');
    expect((await portlog(['check', ...to])).stdout).toContain('framing cannot be checked');
    await balancer.stop();
  });

  test('a wrong key: nothing is read from a file, exit 2', async () => {
    const server = await scriptedServer((_, response) => answer(response, 401, {}));
    const { stderr, code } = await portlog(['--to', `elasticsearch=${server.url.origin}`, EXAMPLE]);
    await server.stop();
    expect(stderr).toContain('does not accept the credentials');
    expect(stderr).toContain('nothing was read, so nothing is lost: ship again once this is fixed');
    expect(code).toBe(2);
  });

  test('a sink that is down, or that hangs, costs the others nothing', async () => {
    const hanging = await scriptedServer(() => undefined);
    const config = file('portlog.json', JSON.stringify({ sinks: [{ type: 'elasticsearch', url: hanging.url.origin, timeoutSeconds: 1 }] }));
    const out = join(freshDir(), 'events.ndjson');
    const state = freshDir();
    const args = ['--config', config, '--to', 'elasticsearch', '--to', 'loki=http://127.0.0.1:1', '--to', `file=${out}`, '--to', 'stdout'];
    const { stdout, stderr, code } = await portlog([...args, '--retry-for-seconds', '0', '--state-dir', state, EXAMPLE]);
    await hanging.stop();
    expect(events(stdout)).toHaveLength(13);
    expect(stderr).toContain('stdout: read 13 = delivered 13 + already 0 + dead 0\n');
    expect(stderr).toContain(`file ${out}: read 15 = delivered 15 + already 0 + dead 0\n`);
    expect(stderr).toContain(`elasticsearch ${hanging.url.origin}: read 15 = delivered 0 + already 0 + dead 0 + spooled 15`);
    expect(stderr).toContain('loki http://127.0.0.1:1: read 15 = delivered 0 + already 0 + dead 0 + spooled 15');
    expect(code).toBe(5);
    // The file is told of both, and of how the run ended; standard output says the scan and nothing else.
    const health = events(readFileSync(out, 'utf8')).filter(({ event }) => event.dataset === 'nmap.health');
    expect(health.map(({ event }) => event.action)).toEqual(['delivery-problem', 'delivery-problem', 'run-summary']);
    expect(health[2].nmap.delivery).toMatchObject({ read: 45, delivered: 15, spooled: 30 });
  });

  test('a state directory that cannot be used: exit 4 before anything is read', async () => {
    const state = file('not-a-directory', '');
    const { stderr, code } = await portlog([...NOWHERE, '--state-dir', state], { input: THREE });
    expect(stderr).toBe(
      `portlog: ${state}/portlog.db cannot be created: a part of its path is not a directory\nportlog:   → name another directory with --state-dir\n`,
    );
    expect(code).toBe(4);
  });

  test('a rejected event is a dead letter with the reason of the server, exit 1', async () => {
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      const isBad = (i: number): boolean => seen.body.includes('nmap.host-default') && i === 0;
      const bad = { status: 400, error: { type: 'document_parsing_exception', reason: 'no' } };
      answer(
        response,
        200,
        bulkFates(seen.body, (_, i) => (isBad(i) ? bad : { status: 201 })),
      );
    });
    const { stderr, code } = await portlog(['--to', `elasticsearch=${server.url.origin}`, '--state-dir', freshDir(), EXAMPLE]);
    await server.stop();
    expect(stderr).toContain('1 event could not be delivered (document_parsing_exception: no)');
    expect(stderr).toContain('read 15 = delivered 14 + already 0 + dead 1');
    expect(code).toBe(1);
  });
});

test('an old Node gets one clear sentence', async () => {
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.11.0' }); import(${JSON.stringify(join(ROOT, 'bin/portlog.js'))})`;
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', script]).catch((error: { stderr: string }) => error);
  expect(stderr).toBe(
    'portlog: needs Node 22.19 or newer, and this is 20.11.0; the single program and the packages for Debian and Red Hat need no Node (docs/how-to/install.md), or install a current one\n',
  );
});

test('check says what it found', async () => {
  const state = join(freshDir(), 'x');
  mkdirSync(state);
  const { stdout, code } = await portlog(['check', '--to', 'elasticsearch=http://127.0.0.1:1', '--state-dir', state]);
  expect(stdout).toContain('error   http://127.0.0.1:1 cannot be reached: nothing listens there');
  expect(stdout).toContain('does not survive a restart');
  expect(code).toBe(5);
});
