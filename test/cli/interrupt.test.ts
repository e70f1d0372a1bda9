import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { finished, freshDir, portlog, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { socketServer } from '../support/lying-server.ts';
import { SCAN } from '../support/mistyped.ts';
import { gone, pidIn } from '../support/program.ts';
import { answer, bulkAnswer, createdIds, healthy, type Script, scriptedServer } from '../support/scripted-server.ts';
import { THREE, events } from '../support/printed.ts';

describe('Ctrl-C', () => {
  test('delivers what was read, prints the sum, exits 130', async () => {
    const child = startPortlog([]);
    const done = finished(child);
    const half = THREE.slice(0, THREE.indexOf('<host', THREE.indexOf('192.0.2.2')));
    child.stdin?.on('error', () => undefined).write(half);
    await untilPrinted(child, 'stdout', '192.0.2.2');
    child.kill('SIGINT');
    const { stdout, stderr, code } = await done;
    expect(events(stdout).map((event) => event.event.action)).toEqual([
      'host-observed',
      'port-observed',
      'host-observed',
      'port-observed',
      'scan-incomplete',
    ]);
    expect(stderr).toContain('stdout: read 5 = delivered 5 + already 0 + dead 0');
    expect(code).toBe(130);
  });

  test('what the other end of the pipe still wrote is read', async () => {
    const child = startPortlog([]);
    const done = finished(child);
    const half = THREE.indexOf('<host', THREE.indexOf('192.0.2.1'));
    child.stdin?.on('error', () => undefined).write(THREE.slice(0, half));
    await untilPrinted(child, 'stdout', '192.0.2.1');
    child.kill('SIGINT');
    await untilPrinted(child, 'stderr', 'interrupted: delivering what was read');
    child.stdin?.end(THREE.slice(half, -20));
    const { stdout, code } = await done;
    expect(events(stdout).filter((event) => event.event.action === 'host-observed')).toHaveLength(3);
    expect(code).toBe(130);
  });

  test('while a server is down: what was read is kept', async () => {
    const state = freshDir();
    const server = await scriptedServer((seen, response) => {
      if (!healthy(seen, response)) answer(response, 503, {});
    });
    const child = startPortlog(['--to', `elasticsearch=${server.url.origin}`, '--state-dir', state, '--verbose']);
    const done = finished(child);
    child.stdin?.on('error', () => undefined).write(THREE.slice(0, -30));
    await until(() => server.seen.some(({ method }) => method === 'POST'));
    child.kill('SIGINT');
    await untilPrinted(child, 'stderr', 'interrupt again');
    child.kill('SIGINT');
    const { stderr, code } = await done;
    await server.stop();
    expect(code).toBe(130);
    expect(stderr).toMatch(/read 8 = delivered 0 \+ already 0 \+ dead 0 \+ spooled 8\n$/);
  });
});

describe('SIGTERM', () => {
  /** Ten seconds are the limit for a sink that goes on taking events; a busy machine does not make of two that many. */
  const AT_ONCE_MS = 7000;
  const silent: Script = () => undefined;
  const busy: Script = (seen, response) => void (healthy(seen, response) || answer(response, 503, {}, { 'retry-after': '20' }));

  test.each([
    ['asks whether the sinks are ready', silent, 'http', ''],
    ['asks in TLS, and nobody answers', silent, 'https', ''],
    ['waits for an answer', ((seen, response) => void healthy(seen, response)) satisfies Script, 'http', ' + spooled 8'],
    ['waits for the time that the server asked for', busy, 'http', ' + spooled 8'],
  ])('while portlog %s ends it at once, and nothing is lost', async (_, script, scheme, spooled) => {
    const server = await scriptedServer(script);
    let isConnected = false;
    const hanging = await socketServer(() => (isConnected = true));
    const to = scheme === 'https' ? `https://127.0.0.1:${hanging}` : server.url.origin;
    const scan = join(freshDir(), 'scan.xml');
    writeFileSync(scan, THREE);
    const child = startPortlog([scan, '--to', `elasticsearch=${to}`, '--state-dir', freshDir()]);
    const done = finished(child);
    await until(() => isConnected || server.seen.some(({ path }) => spooled === '' || path.startsWith('/_bulk')));
    await setTimeout(300);
    const since = performance.now();
    child.kill('SIGTERM');
    const { stderr, code } = await done;
    expect(performance.now() - since).toBeLessThan(AT_ONCE_MS);
    await server.stop();
    expect(code).toBe(130);
    expect(stderr).toContain(spooled === '' ? 'read 0 = delivered 0' : `dead 0${spooled}`);
  });

  test('a server that is slow, and goes on taking events, gets them', async () => {
    let taken = 0;
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      void setTimeout(1000).then(() => {
        taken += createdIds(seen.body).length;
        answer(response, 200, bulkAnswer(seen.body));
      });
    });
    const child = startPortlog(['--to', `elasticsearch=${server.url.origin}`, '--state-dir', freshDir()]);
    const done = finished(child);
    child.stdin?.on('error', () => undefined).write(THREE.slice(0, -30));
    await until(() => server.seen.some(({ path }) => path.startsWith('/_bulk')));
    child.kill('SIGTERM');
    const { stderr, code } = await done;
    await server.stop();
    expect([code, taken]).toEqual([130, 9]);
    expect(stderr).toMatch(/read 8 = delivered 8 \+ already 0 \+ dead 0\n/);
  });

  test('while a command hands out a secret ends that command, too', async () => {
    const folder = freshDir();
    const program = join(folder, 'secret');
    writeFileSync(program, `#!/bin/sh\necho $$ > ${folder}/pid\nexec sleep 600\n`, { mode: 0o700 });
    const child = startPortlog(['--to', 'loki=http://127.0.0.1:1', SCAN], { env: { PORTLOG_LOKI_BEARER_COMMAND: program } });
    const done = finished(child);
    await until(() => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8') !== '');
    child.kill('SIGTERM');
    await done;
    await gone(await pidIn(join(folder, 'pid')));
  });
});

test.each([1, 2, 3, 4, 5])('a command that hands out a secret and has only just begun ends with portlog, too: %i', async () => {
  const folder = freshDir();
  const program = join(folder, 'secret');
  writeFileSync(program, `#!/bin/sh\necho $$ > ${folder}/pid\nkill -s TERM $PPID\nexec sleep 600\n`, { mode: 0o700 });
  const { code } = await portlog(['--to', 'loki=http://127.0.0.1:1', SCAN], { env: { PORTLOG_LOKI_BEARER_COMMAND: program } });
  expect(code).toBe(130);
  await gone(await pidIn(join(folder, 'pid')));
});

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends a command that has nothing to finish with 130', (signal) => {
  test.each([
    ['check', '--to', 'http=SERVER'],
    ['setup', 'loki', '--url', 'SERVER'],
  ])('%s', async (...words) => {
    let isAsked = false;
    const server = await scriptedServer(() => void (isAsked = true));
    const child = startPortlog(words.map((word) => word.replace('SERVER', server.url.origin)));
    const done = finished(child);
    await until(() => isAsked);
    child.kill(signal);
    const { code } = await done;
    await server.stop();
    expect(code).toBe(130);
  });
});
