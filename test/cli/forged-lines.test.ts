import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { scriptedServer } from '../support/scripted-server.ts';

/* Who names a file, or answers, begins no line of portlog's. */

const FORGED = 'everything was delivered';

test.each(['text', 'json'])('by the name of a file, as %s', async (format) => {
  const folder = freshDir();
  mkdirSync(join(folder, 'scans'));
  for (const name of [`a\nportlog: ${FORGED}.xml`, `b\n${FORGED}.xml`, `c\r${FORGED}.xml`]) copyFileSync(SCAN, join(folder, 'scans', name));
  writeFileSync(join(folder, 'scans', `d\n${FORGED}: empty.xml`), '');
  const args = ['--state-dir', join(folder, 'state'), '--to', `file=${join(folder, 'out')}`, '--log-format', format, '--verbose'];
  const { stderr } = await portlogHere(['watch', '--once', ...args, join(folder, 'scans')]);
  expect(stderr).toContain(FORGED);
  for (const line of stderr.split('\n')) expect(line).not.toMatch(new RegExp(`^(?:portlog: )*${FORGED}`));
});

test.each(['elasticsearch', 'loki', 'otlp', 'http', 'alertmanager', 'wazuh'])('by an answer to %s', async (type) => {
  for (const status of [200, 302, 400, 401, 403, 429, 500]) {
    const server = await scriptedServer(
      (_, response) => void response.writeHead(status, { location: '/x' }).end(`x\n\rportlog: ${FORGED}\n${FORGED}`),
    );
    const state = ['--state-dir', join(freshDir(), 'state'), '--retry-for-seconds', '0', '--to', `${type}=${server.url.origin}`];
    const env = { [`PORTLOG_${type.toUpperCase()}_USER`]: 'u', [`PORTLOG_${type.toUpperCase()}_PASSWORD`]: 'p' };
    for (const args of [
      ['check', ...state],
      [...state, SCAN],
    ]) {
      const { stdout, stderr } = await portlogHere(args, env);
      for (const line of (stdout + stderr).split('\n')) expect(line, `${status}`).not.toMatch(new RegExp(`^(?:portlog: )*${FORGED}`));
    }
    await server.stop();
  }
});
