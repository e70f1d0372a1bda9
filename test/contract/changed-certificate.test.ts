import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { selfSigned } from '../support/self-signed.ts';

/* A server is known by its certificate, on each connection anew; syslog is in lying-syslog.test.ts. */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true }).slice(0, 2);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'over %s, one that has changed gets neither events nor credentials, and a person is needed',
  async (version) => {
    const [ours, theirs] = [selfSigned(freshDir()), selfSigned(freshDir())].map(({ certFile, keyFile }) => ({
      certFile,
      identity: { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: version, maxVersion: version },
    })) as [{ certFile: string; identity: object }, { certFile: string; identity: object }];
    const seen: (string | undefined)[] = [];
    const server = createServer(ours.identity, (request, response) => {
      seen.push(request.headers.authorization);
      request.resume().on('end', () => response.end('ok'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as { port: number };
    const credentials = { kind: 'bearer', secret: () => 's3cret' } as const;
    const sink = await openSink('http', `https://127.0.0.1:${port}`, { caFile: ours.certFile, credentials, timeoutMs: 5000 });
    closing.push(() => void sink.close());
    const send = () => sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);

    expect(await send()).toMatchObject({ delivered: 2 });
    server.setSecureContext(theirs.identity);
    // As an attacker would: whoever answers next has another certificate.
    server.setTicketKeys(Buffer.alloc(48, 1));
    server.closeAllConnections();
    seen.length = 0;
    await expect(send()).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('certificate') });
    expect(seen).toEqual([]);

    server.setSecureContext(ours.identity);
    expect(await send()).toMatchObject({ delivered: 2 });
  },
);
