import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { until } from '../support/run-portlog.ts';

const STARTER = `
  const { startServer } = await import(${JSON.stringify(new URL('../server/start-server.ts', import.meta.url).href)});
  const server = startServer('sleep', ['600'], { stdio: 'ignore', detached: true });
  console.log(server.pid);
  setInterval(() => undefined, 1000);
`;

/** A process that has ended and is not waited for is none. */
function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

test('a server that a test has started ends with it when that is killed', async () => {
  const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER], { stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = await new Promise<number>((resolve) => starter.stdout.once('data', (text: Buffer) => resolve(Number(String(text)))));
  // It is setpriv until that has become the server.
  await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'));
  expect(isThere(pid)).toBe(true);
  starter.kill('SIGKILL');
  await until(() => !isThere(pid));
});
