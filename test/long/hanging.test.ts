import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

const TIMEOUT_S = 12;
const RETRY_S = 1;
/** For one more batch, which shows whether the first was to blame. */
const PROBE_S = 5;
/** Of a machine that is busy: what is bounded is how often the server is asked. */
const SLOW_S = 60;

const each = (socket: Socket, text: string): void => {
  const timer = setInterval(() => socket.write(text), 100);
  socket.on('close', () => clearInterval(timer));
};
const WAYS: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': () => undefined,
  'drips its body': (socket) =>
    void socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{');
      each(socket, ' ');
    }),
  'says 103 for ever': (socket) => void socket.once('data', () => each(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n')),
};

interface Server {
  readonly port: number;
  /** On how many connections something was asked. */
  readonly asked: () => number;
  readonly close: () => void;
}

/** A server that lets everybody in, reads, and answers in that way. */
async function server(answer: (socket: Socket) => void): Promise<Server> {
  const open = new Set<Socket>();
  let asked = 0;
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('data', () => undefined);
    socket.once('data', () => (asked += 1));
    answer(socket);
  });
  await new Promise<void>((resolve) => void listening.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    listening.close();
    for (const socket of open) socket.destroy();
  };
  return { port: (listening.address() as AddressInfo).port, asked: () => asked, close };
}

function config(sink: Readonly<Record<string, unknown>>): string {
  const path = join(freshDir(), 'portlog.json');
  writeFileSync(path, JSON.stringify({ sinks: [{ ...sink, timeoutSeconds: TIMEOUT_S }], retryForSeconds: RETRY_S }));
  return path;
}

const SINKS: readonly (readonly [type: string, protocol: string, more?: object])[] = [
  ['http', 'http'],
  ['elasticsearch', 'http'],
  ['opensearch', 'http'],
  ['loki', 'http'],
  ['otlp', 'http'],
  ['otlp', 'http', { encoding: 'json' }],
  ['wazuh', 'http', { user: 'u', passwordCommand: ['printf', 'p'], allowPlaintext: true }],
  ['alertmanager', 'http'],
  ['syslog', 'tcp'],
  ['syslog', 'tls'],
];

interface Held {
  readonly type: string;
  readonly code: number | null;
  readonly seconds: number;
  readonly asked: number;
  readonly said: string;
}

/** Many hosts make several batches; changes are announced beside them. */
const SCAN = join(freshDir(), 'scan.xml');

beforeAll(() => {
  const host = (n: number): string =>
    `<host endtime="1700000001"><status state="up" reason="syn-ack"/><address addr="10.0.${n >> 8}.${n & 255}" addrtype="ipv4"/><ports>` +
    '<port protocol="tcp" portid="23"><state state="open" reason="syn-ack"/><service name="telnet" method="table" conf="3"/></port></ports></host>';
  const head = '<nmaprun scanner="nmap" args="nmap -oX - 10.0.0.0/16" start="1700000000" version="7.95">';
  const tail = '<runstats><finished time="1700000010" elapsed="10" exit="success"/><hosts up="200" down="0" total="200"/></runstats></nmaprun>';
  writeFileSync(SCAN, `${head}${Array.from({ length: 200 }, (_, n) => host(n)).join('')}${tail}`);
});

describe.each(Object.entries(WAYS))('a server that lets everybody in, and then %s', (_, answer) => {
  /** Runs that command beside such a server, once for every kind of sink. */
  const beside = (args: readonly string[]): Promise<readonly Held[]> =>
    Promise.all(
      SINKS.map(async ([type, protocol, more]) => {
        const { port, asked, close } = await server(answer);
        const path = config({ type, url: `${protocol}://127.0.0.1:${port}`, ...more });
        const since = performance.now();
        const { code, stdout, stderr } = await portlogHere([...args, '--config', path, '--state-dir', freshDir()]);
        close();
        return { type, code, seconds: (performance.now() - since) / 1000, asked: asked(), said: `${type} ${protocol}: ${stdout}${stderr}` };
      }),
    );

  test('holds a run up for what the operator said, one answer, and a look at another batch', async () => {
    for (const { code, seconds, asked, said } of await beside([SCAN])) {
      // Whether it is set up, a batch, another one, and once that the server is there.
      expect(asked, said).toBeLessThanOrEqual(4);
      expect(seconds, said).toBeLessThan(RETRY_S + TIMEOUT_S + PROBE_S + SLOW_S);
      // What answers there is not TLS: a person is needed, and nothing was read.
      expect(said.includes('nothing was read, so nothing is lost') ? 2 : 5, said).toBe(code);
    }
  });

  test('holds check up for one answer', async () => {
    for (const { type, code, seconds, asked, said } of await beside(['check'])) {
      expect(asked, said).toBeLessThanOrEqual(2);
      expect(seconds, said).toBeLessThan(TIMEOUT_S + SLOW_S);
      // The answer to HEAD has no body.
      if (type !== 'http') expect([2, 5], said).toContain(code);
    }
  });
});
