import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import { unreachable } from '../../src/sink/transport/connection.ts';
import { NEVER } from '../support/mistyped.ts';
import { freshDir } from '../support/run-portlog.ts';
import { selfSigned } from '../support/self-signed.ts';

/* What can never be sent is said when a sink is opened: nobody tries it again and again. */

type More = Partial<Omit<OptionsOf<'http'>, 'type'>>;
const HTTP = ['alertmanager', 'elasticsearch', 'http', 'loki', 'opensearch', 'otlp', 'wazuh'];

const refusalOf = async (type: string, target: string, more: More = {}): Promise<Error & { readonly code?: string }> =>
  openSink(type as 'http', target, more).then(
    () => new Error('it was opened'),
    (error: unknown) => error as Error,
  );

const expectRefused = async (words: string, type: string, target: string, more: More = {}): Promise<void> => {
  const error = await refusalOf(type, target, more);
  expect([error.code, error.message]).toEqual(['sink-options', expect.stringContaining(words)]);
  expect(error.message).not.toMatch(NEVER);
  expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
};

describe.each(HTTP)('%s', (type) => {
  test.each(['hunter2\r\nx-evil: y', 'hunter2\n', 'hunter2\u0000', 'hunter2 ключ', 'hunter2\u007f'])(
    'a secret, a header or a tenant %j',
    async (text) => {
      const credentials = { kind: 'bearer', secret: () => text } as const;
      if (type !== 'wazuh') await expectRefused(`the secret for ${type} cannot be sent`, type, 'http://127.0.0.1:1', { credentials });
      await expectRefused(`the header x-key for ${type} cannot be sent`, type, 'http://127.0.0.1:1', { headers: { 'x-key': text } });
      await expectRefused(`the tenant for ${type} cannot be sent`, type, 'http://127.0.0.1:1', { tenant: text });
    },
  );

  test.each(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'content-encoding'])(
    'a header %s, which is about the transfer',
    async (name) => expectRefused(`${name} is set by portlog itself`, type, 'http://127.0.0.1:1', { headers: { [name]: '5' } }),
  );

  test.each(['http://127.0.0.1:0', `http://${'a'.repeat(64)}.example`, `http://${'a.'.repeat(127)}example`, 'http://a..b', 'http://.'])(
    'the impossible address %s',
    async (url) => expectRefused('is not a URL for', type, url),
  );

  test('unusual, but valid settings', async () => {
    for (const url of ['http://a.example.', `http://${'a'.repeat(63)}.example`, 'http://[::1]:9', 'http://xn--bcher-kva.example'])
      expect((await refusalOf(type, url, { headers: { 'host': 'other', 'x-key': 'für\tuns' } })).message).toBe('it was opened');
  });
});

test.each(['tcp://127.0.0.1:0', `tls://${'a'.repeat(64)}`, 'tcp://a..b:514'])('syslog to %s', async (target) =>
  expectRefused('is not an address for syslog', 'syslog', target),
);

describe.each(['https://127.0.0.1:1', 'http://127.0.0.1:1'])('files of TLS, for %s', (url) => {
  const pem = (label: string, name: string): string => {
    const path = join(freshDir(), name);
    writeFileSync(path, `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`);
    return path;
  };
  const { certFile, keyFile } = selfSigned(freshDir());

  test('a damaged authority, which TLS would leave out without a word', async () => {
    const caFile = pem('CERTIFICATE', 'ca.pem');
    await expectRefused(`the CA file ${caFile} cannot be used: its certificate number 1 is damaged`, 'loki', url, { caFile });
    await expectRefused('its certificate number 1 is damaged', 'loki', url, { caFile, caOnly: true });
  });

  test('a damaged certificate, a damaged key, and one with a passphrase', async () => {
    const [damaged, key] = [pem('CERTIFICATE', 'c.pem'), pem('PRIVATE KEY', 'k.pem')];
    await expectRefused(`the certificate ${damaged} cannot be used: its certificate number 1 is damaged`, 'loki', url, {
      certFile: damaged,
      keyFile,
    });
    await expectRefused(`the key ${key} cannot be used: its key is damaged`, 'loki', url, { certFile, keyFile: key });
    await expectRefused('it wants a passphrase', 'loki', url, { certFile, keyFile: pem('ENCRYPTED PRIVATE KEY', 'k.pem') });
    await expect(openSink('loki', url, { certFile, keyFile: pem('ENCRYPTED PRIVATE KEY', 'l.pem') })).rejects.toMatchObject({
      hint: expect.stringContaining('openssl pkey -in'),
    });
  });
});

test('a certificate with the key of another', async () => {
  const [one, other] = [selfSigned(freshDir()), selfSigned(freshDir())];
  const mixed = { certFile: one.certFile, keyFile: other.keyFile };
  await expectRefused(`the certificate ${one.certFile} and its key cannot be used together`, 'loki', 'https://127.0.0.1:1', mixed);
  await expectRefused(`the certificate ${one.certFile} and its key cannot be used together`, 'syslog', 'tls://127.0.0.1:1', mixed);
});

test('errors of the client or Node about arguments are permanent; temporary ones are retried', () => {
  const kindOf = (code: string): string => unreachable('http://x', Object.assign(new Error('it failed'), { code })).kind;
  for (const code of ['UND_ERR_INVALID_ARG', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'ERR_INVALID_CHAR', 'ERR_SOCKET_BAD_PORT', 'EINVAL'])
    expect([code, kindOf(code)]).toEqual([code, 'permanent']);
  for (const code of [
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'ERR_SOCKET_CLOSED',
    'ERR_STREAM_PREMATURE_CLOSE',
    'EPIPE',
    'UND_ERR_SOCKET',
  ])
    expect([code, kindOf(code)]).toEqual([code, 'temporary']);
});
