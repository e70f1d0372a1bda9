import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stateError, isOutOfRoom } from '../../src/state/state-error.ts';
import type { PortlogError } from '../../src/core/errors.ts';
import { THREE } from '../support/printed.ts';
import { finished, freshDir, startPortlog, until, untilPrinted } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

/* A state file that somebody takes away while portlog works with it. */

const SENTENCE = /portlog\.db was removed or replaced while portlog worked with it: what it has written there since is lost\n.*→ stop portlog before/;

test('what waits in a state that was removed is not said to be kept without a word', { timeout: 60_000 }, async () => {
  const state = join(freshDir(), 'state');
  const server = await scriptedServer((_, response) => answer(response, 503, 'busy'));
  const child = startPortlog(['--to', `http=${server.url.href}in`, '--state-dir', state, '--retry-for-seconds', '0']);
  const done = finished(child);
  child.stdin?.on('error', () => undefined).write(THREE.slice(0, -30));
  await until(() => server.seen.some(({ method }) => method === 'POST'));
  rmSync(state, { recursive: true });
  child.stdin?.end(THREE.slice(-30));
  const { stderr, code } = await done;
  await server.stop();
  expect(stderr).toMatch(SENTENCE);
  expect(code).toBe(4);
});

test.for(['removed', 'replaced'])('watch ends when its state was %s, so that it is started anew', { timeout: 60_000 }, async (how) => {
  const [home, scans] = [freshDir(), freshDir()];
  const state = join(home, 'state');
  const child = startPortlog(['watch', '--poll-seconds', '0.2', '--to', `file=${join(home, 'out')}`, '--state-dir', state, scans]);
  const done = finished(child);
  await untilPrinted(child, 'stderr', 'no scan has come yet');
  renameSync(state, join(home, 'elsewhere'));
  if (how === 'replaced') mkdirSync(state);
  if (how === 'replaced') writeFileSync(join(state, 'portlog.db'), '');
  const { stderr, code } = await done;
  expect(stderr).toMatch(SENTENCE);
  expect(code).toBe(4);
});

test('a file that SQLite cannot open: what the system says, not a guess', () => {
  const cannotOpen = Object.assign(new Error('unable to open database file'), { errcode: 14 });
  const sentenceFor = (path: string): PortlogError => stateError(path, cannotOpen) as PortlogError;
  expect(sentenceFor('/proc/self/portlog.db').message).toMatch(/cannot be opened|cannot be written|the disk is full/);
  const path = join(freshDir(), 'portlog.db');
  writeFileSync(path, '');
  expect(sentenceFor(path)).toMatchObject({ message: `${path} cannot be opened`, hint: expect.stringContaining('check the permissions') });
  expect(isOutOfRoom(sentenceFor(path))).toBe(false);
});
