import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import type { Diagnosis } from '../../src/sink/sink.ts';
import { page } from '../support/docs.ts';
import { freshDir } from '../support/run-portlog.ts';
import { NEVER } from '../support/sink-contract.ts';

const ANSWERS: Readonly<Record<string, string>> = {
  '/security/user/authenticate?raw=true': 'a.b.c',
  '/': JSON.stringify({ data: { api_version: '4.14.7' }, error: 0 }),
  '/security/users/me/policies': JSON.stringify({ data: { 'event:ingest': { '*:*:*': 'allow' }, 'rbac_mode': 'white' }, error: 0 }),
};

/** What `check` says of an API with this certificate, under that name. */
async function checked(folder: string, host: string): Promise<readonly Diagnosis[]> {
  const files = { cert: readFileSync(join(folder, 'server.crt')), key: readFileSync(join(folder, 'server.key')) };
  const server = createServer(files, ({ url = '' }, response) => void response.end(ANSWERS[url]));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const credentials = { kind: 'basic', user: 'u', secret: () => 's' } as const;
  const sink = await openSink('wazuh', `https://${host}:${(server.address() as AddressInfo).port}`, { caFile: join(folder, 'ca.crt'), credentials });
  try {
    return await sink.check(NEVER);
  } finally {
    await sink.close();
  }
}

test('the certificate that the API of Wazuh makes itself is refused under every name but localhost', async () => {
  const folder = freshDir();
  const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -days 2 -subj /CN=wazuh.com -out server.crt';
  execFileSync('openssl', [...made.split(' '), '-addext', 'subjectAltName=DNS:localhost'], { cwd: folder, stdio: 'ignore' });
  execFileSync('cp', ['server.crt', 'ca.crt'], { cwd: folder });
  await expect(checked(folder, '127.0.0.1')).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('is for another name') });
  expect((await checked(folder, 'localhost')).map(({ level }) => level)).toEqual(['ok', 'ok']);
});

test('one that is issued as the page says is taken under the names in it', async () => {
  const folder = freshDir();
  const [, block = ''] = /```text\ncd [^\n]*api\/configuration\/ssl\n([^]*?)```/.exec(page('docs/how-to/wazuh.md')) ?? [];
  const commands = block.split('\n').filter((line) => /^(?:openssl|printf) /.test(line));
  expect(commands).toHaveLength(4);
  for (const command of commands)
    execFileSync('sh', ['-c', command.replace('192.0.2.5', '127.0.0.1').replace('rsa:4096', 'rsa:2048')], { cwd: folder, stdio: 'ignore' });
  for (const host of ['127.0.0.1', 'localhost']) expect((await checked(folder, host)).map(({ level }) => level)).toEqual(['ok', 'ok']);
});
