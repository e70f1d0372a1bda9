import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { otlpRequestIn } from './otlp-protobuf.ts';

/*
 * The inputs `http` and `opentelemetry` of Fluent Bit 5.1.1 as its source has them (github.com/fluent/fluent-bit at d55459d: plugins/in_http/http_prot.c,
 * plugins/in_opentelemetry/opentelemetry_prot.c, src/http_server/flb_http_server.c, src/flb_http_common.c, src/flb_gzip.c), errors in what it
 * writes included: HEAD is answered with a body, and a wrong type of content with two answers.
 */

/** `http_server.buffer_max_size`, of a request as it came. */
const MAX_BYTES = 4 << 20;

export interface FakeFluentBit {
  readonly url: string;
  /** What it has taken: each line of JSON, or each log record of OTLP. */
  readonly records: readonly unknown[];
  /** The status of each answer, in order. */
  readonly statuses: readonly number[];
  stop(): Promise<void>;
}

interface Behaviour {
  /** Its queue is full, as with several workers. Absent: never. */
  readonly isBusy?: () => boolean;
  /** `successful_response_code` */
  readonly success?: 200 | 201 | 204;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  /** Inflated. */
  readonly body: Buffer;
}

/** What is answered, in one write: more than one where it does so. */
interface Answers {
  readonly status: number;
  readonly texts: readonly string[];
  readonly records?: readonly unknown[];
}

export async function startFakeFluentBit(input: 'http' | 'opentelemetry', behaviour: Behaviour = {}): Promise<FakeFluentBit> {
  const records: unknown[] = [];
  const statuses: number[] = [];
  const handler = input === 'http' ? inHttp : inOpentelemetry;
  const answer = (request: IncomingMessage, response: ServerResponse, bytes: Buffer): void => {
    const body = inflated(request, bytes);
    // The session is destroyed without an answer.
    if (body === undefined) return void request.socket.destroy();
    const received = { method: request.method ?? '', path: request.url ?? '', contentType: request.headers['content-type'], body };
    const answers = bytes.length > MAX_BYTES ? { status: 413, texts: [''] } : handler(received, behaviour);
    records.push(...(answers.records ?? []));
    statuses.push(answers.status);
    write(response, request.method === 'HEAD', answers);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records,
    statuses,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function inHttp({ method, path, contentType, body }: Received, { isBusy, success = 201 }: Behaviour): Answers {
  if (method === 'GET' && path === '/health') return { status: 200, texts: ['{"status":"ok"}'] };
  if (method !== 'POST') return refused('error: invalid HTTP method\n');
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  // What refused the request says so, and so does its caller.
  if (type === undefined) return refused("error: header 'Content-Type' is not set\n", UNABLE);
  if (type !== 'application/json') return refused("error: invalid 'Content-Type'\n", UNABLE);
  if (body.length === 0) return refused('error: no payload found\n', UNABLE);
  if (isBusy?.() === true) return { status: 503, texts: ['error: deferred ingress queue is full\n'] };
  const found = jsonIn(body.toString());
  return found === undefined ? refused(UNABLE) : { status: success, texts: [''], records: found };
}

const UNABLE = 'error: unable to process records\n';

function inOpentelemetry({ method, path, contentType, body }: Received, { isBusy, success = 201 }: Behaviour): Answers {
  if (path !== '/v1/logs') return { status: 404, texts: ['error: invalid endpoint\n'] };
  if (method !== 'POST') return refused('error: invalid HTTP method\n');
  if (body.length === 0) return refused('error: invalid content-length\n');
  if (isBusy?.() === true) return { status: 503, texts: ['server overloaded: deferred ingress queue is full\n'] };
  const found =
    contentType === 'application/json' ? jsonIn(body.toString())?.[0] : contentType === 'application/x-protobuf' ? protobufIn(body) : undefined;
  return found === undefined ? refused('invalid request: deserialisation error\n') : { status: success, texts: [''], records: recordsIn(found) };
}

function refused(...texts: readonly string[]): Answers {
  return { status: 400, texts };
}

/** Values behind each other, or one list of them; undefined when one is none. */
function jsonIn(text: string): readonly unknown[] | undefined {
  try {
    const values = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    return Array.isArray(values[0]) ? (values[0] as unknown[]) : values;
  } catch {
    return undefined;
  }
}

function protobufIn(body: Buffer): unknown {
  try {
    return otlpRequestIn(body);
  } catch {
    return undefined;
  }
}

function recordsIn(request: any): readonly unknown[] {
  const scopes = (request.resourceLogs ?? []).flatMap(({ scopeLogs = [] }: any) => scopeLogs);
  return scopes.flatMap(({ logRecords = [] }: any) => logRecords);
}

function inflated({ headers }: IncomingMessage, bytes: Buffer): Buffer | undefined {
  if (headers['content-encoding'] !== 'gzip') return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: 100_000_000 });
  } catch {
    return undefined;
  }
}

function write(response: ServerResponse, isHead: boolean, { status, texts: [text = '', ...more] }: Answers): void {
  const { socket } = response;
  socket?.cork();
  response.writeHead(status, {
    'server': 'Fluent Bit',
    'content-length': Buffer.byteLength(text),
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(text);
  if (isHead) socket?.write(text);
  for (const other of more) socket?.write(`HTTP/1.1 400 Bad Request\r\nserver: Fluent Bit\r\ncontent-length: ${other.length}\r\n\r\n${other}`);
  process.nextTick(() => socket?.uncork());
}
