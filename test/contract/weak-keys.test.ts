import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import type { PortlogError } from '../../src/core/errors.ts';
import type { SinkError } from '../../src/sink/sink.ts';
import { freshDir } from '../support/run-portlog.ts';
import { selfSigned } from '../support/self-signed.ts';

/** OpenSSL of older Nodes takes keys of 1024 bits. */
const takesShortKeys = Number(process.versions.node.split('.')[0]) < 24;
const STRONGER = 'issue one with an elliptic key, or one of RSA of 2048 bits or more, and SHA-256';

test.skipIf(takesShortKeys)("a server's key that is too short is reported as such, and is a permanent error", async () => {
  const { certFile, keyFile } = selfSigned(freshDir(), 'rsa:1024');
  const files = { cert: readFileSync(certFile), key: readFileSync(keyFile), ciphers: 'DEFAULT@SECLEVEL=0' };
  const [https, tls] = [createServer(files, (_, response) => response.end()), createTlsServer(files)];
  for (const server of [https, tls]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
  }
  const portOf = (server: typeof https | typeof tls): number => (server.address() as AddressInfo).port;
  for (const [type, url] of [
    ['loki', `https://127.0.0.1:${portOf(https)}`],
    ['elasticsearch', `https://127.0.0.1:${portOf(https)}`],
    ['syslog', `tls://127.0.0.1:${portOf(tls)}`],
  ] as const) {
    const sink = await openSink(type, url, { caFile: certFile });
    const error = await sink.check(new AbortController().signal).then(
      () => undefined,
      (caught: unknown) => caught as SinkError,
    );
    expect([type, error?.kind, error?.hint]).toEqual([type, 'permanent', STRONGER]);
    expect(error?.message).toContain(
      'its certificate, or that of its authority, has a key that is too short, or was signed in a way that is too weak',
    );
    await sink.close();
  }
});

test.skipIf(takesShortKeys)('our own, too: it is not called the key of another', async () => {
  const files = selfSigned(freshDir(), 'rsa:1024');
  const error = await openSink('loki', 'https://127.0.0.1:1', files).then(
    () => undefined,
    (caught: unknown) => caught as PortlogError,
  );
  expect([error?.code, error?.hint]).toEqual(['sink-options', STRONGER]);
  expect(error?.message).toBe(`the certificate ${files.certFile} has a key that is too short, or was signed in a way that is too weak`);
});
