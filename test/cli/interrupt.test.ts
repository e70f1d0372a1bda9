import { describe, expect, test } from 'vitest';
import { finished, freshDir, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { answer, healthy, scriptedServer } from '../support/scripted-server.ts';
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
