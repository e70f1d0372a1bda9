import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import type { SinkError } from '../../src/sink/sink.ts';
import { freshDir } from '../support/run-portlog.ts';
import { selfSigned } from '../support/self-signed.ts';

test('a server with TLS 1.0 only is reported as such, not in the words of OpenSSL, and gets no credentials', async () => {
  const { certFile, keyFile } = selfSigned(freshDir());
  const got: string[] = [];
  const server = createServer(
    { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
    (socket) => void socket.on('data', (data) => got.push(String(data))),
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const [type, scheme] of [
    ['loki', 'https'],
    ['otlp', 'https'],
    ['syslog', 'tls'],
  ] as const) {
    const sink = await openSink(type, `${scheme}://127.0.0.1:${port}`, { caFile: certFile });
    const error = await sink.check(new AbortController().signal).then(
      () => undefined,
      (caught: unknown) => caught as SinkError,
    );
    expect([error?.kind, error?.message, error?.hint]).toEqual([
      'permanent',
      `${scheme}://127.0.0.1:${port}: it speaks no version of TLS, or none of the ciphers, that portlog does`,
      'bring its TLS up to date (1.2 or 1.3)',
    ]);
    await sink.close();
  }
  expect(got).toEqual([]);
});
