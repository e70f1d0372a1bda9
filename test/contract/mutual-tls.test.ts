import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { unreachable } from '../../src/sink/transport/connection.ts';
import type { SinkError } from '../../src/sink/sink.ts';
import { freshDir } from '../support/run-portlog.ts';
import { selfSigned } from '../support/self-signed.ts';

/* A server that wants a certificate of ours. */

const THEIRS = selfSigned(freshDir());

async function serve(maxVersion: SecureVersion): Promise<number> {
  const server: Server = createServer(
    {
      cert: readFileSync(THEIRS.certFile),
      key: readFileSync(THEIRS.keyFile),
      ca: readFileSync(THEIRS.certFile),
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion,
    },
    (_, response) => void response.end('{}'),
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each([
  ['http', 'https', 'TLSv1.3', 'it wants a certificate of ours'],
  ['loki', 'https', 'TLSv1.3', 'it wants a certificate of ours'],
  ['syslog', 'tls', 'TLSv1.3', 'it wants a certificate of ours'],
  ['http', 'https', 'TLSv1.2', 'it broke off the handshake of TLS: it wants a certificate of ours, or has none of the ciphers that portlog has'],
  ['syslog', 'tls', 'TLSv1.2', 'it broke off the handshake of TLS: it wants a certificate of ours, or has none of the ciphers that portlog has'],
] as const)('%s over %s, %s, without one: %s', async (type, scheme, version, says) => {
  const url = `${scheme}://127.0.0.1:${await serve(version)}`;
  const sink = await openSink(type, url, { caFile: THEIRS.certFile });
  const error = await sink.check(AbortSignal.timeout(20_000)).then(
    () => undefined,
    (caught: unknown) => caught as SinkError,
  );
  await sink.close();
  expect([error?.kind, error?.message, error?.hint]).toEqual(['permanent', `${url}: ${says}`, expect.stringContaining('certFile and keyFile')]);
});

test.each([
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'it does not know who signed our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'our certificate has expired'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'it does not accept our certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'it does not accept our certificate'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
])('%s: %s', (code, says) => {
  expect(unreachable('https://x', Object.assign(new Error('in the words of OpenSSL'), { code })).message).toBe(`https://x: ${says}`);
});

test('no file may be opened any more: that is said, and is no fault of the address', () => {
  const cause = Object.assign(new Error('Cannot read package config /x/package.json: too many open files.'), { code: 'ERR_INVALID_PACKAGE_CONFIG' });
  expect(unreachable('https://x', cause)).toMatchObject({ kind: 'temporary', message: 'https://x cannot be reached: too many files are open' });
});
