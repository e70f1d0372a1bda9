import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { type Clock, systemClock } from '../../core/clock.ts';
import { Deadline, isTimeout } from '../../core/deadline.ts';
import { type Connections, connections } from './agent.ts';
import { unknownAnswer } from './answer.ts';
import { CONNECT_TIMEOUT_MS, type TlsFiles, tlsOptions, unreachable } from './connection.ts';
import { authorization, credentialWords, refuseLeaks, refuseUnsendable } from './credentials.ts';
import { secretsOf, textWithoutEcho, withoutEcho } from './echo.ts';
import type { HttpServerOptions } from '../options.ts';
import { SinkError } from '../sink.ts';
import { lookupName } from './this-machine.ts';

const compress = promisify(gzip);
/** Size of compressed output pieces, about a batch. With zlib's default of 16 KiB it takes a twentieth longer. */
const COMPRESSED_BYTES = 1 << 16;
/** Size limit of an answer; a longer one is not read to its end. */
const MAX_ANSWER_BYTES = 16 << 20;
const MAX_GRPC_WORDS = 300;
/** Without `accept-encoding`, any encoding would do for an answer (RFC 9110, 12.5.3). */
const COMMON_HEADERS = { 'accept': 'application/json', 'accept-encoding': 'identity', 'user-agent': 'portlog' };
const MAX_ENCODING_LENGTH = 20;

/** Credentials are functions, so that no printed object holds them. */
interface HttpOptions {
  readonly url: URL;
  readonly authorization: (() => string) | undefined;
  readonly credentials: string | undefined;
  readonly tls: TlsFiles;
  readonly compress: boolean;
  /** Time limit from the first byte of the request to the last of the answer, even if the server sends slowly. */
  readonly timeoutMs: number;
  /** Needed for `Retry-After` with a date. */
  readonly clock: Clock;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The body before it was decoded as UTF-8. Of one with a `content-encoding`, which was not asked for, body and bytes only say so. */
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly retryAfterMs: number | undefined;
  /** The credentials that the server got, in words; undefined: none. */
  readonly credentials: string | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'HEAD' | 'DELETE';
  readonly path: string;
  readonly body?: string | Buffer;
  readonly contentType?: string;
  /** Additional headers, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends requests to one server. */
export interface HttpClient {
  readonly url: URL;
  /** Resolves with any answer of the server; throws a temporary or permanent {@link SinkError} when there is none. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** The only HTTP client. Contacts one origin only, follows no redirect, uses no proxy. */
class OriginClient implements HttpClient {
  readonly url: URL;
  private readonly options: HttpOptions;
  private readonly connections: Connections;

  constructor(options: HttpOptions) {
    this.options = options;
    this.url = options.url;
    this.connections = connections({
      connect: { timeout: CONNECT_TIMEOUT_MS, lookup: lookupName, ...tlsOptions(options.tls, options.url.protocol === 'https:') },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connections: 4,
    });
  }

  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const headers: Record<string, string> = { ...COMMON_HEADERS, ...request.headers };
    if (this.options.authorization !== undefined) headers['authorization'] = this.options.authorization();
    let body: string | Buffer | null = request.body ?? null;
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    if (request.body !== undefined && this.options.compress) {
      body = await compress(request.body, { level: 1, chunkSize: COMPRESSED_BYTES });
      headers['content-encoding'] = 'gzip';
    }
    const deadline = new Deadline(this.options.timeoutMs, signal);
    try {
      const path = pathBelow(this.url, request.path);
      const answer = await this.connections.request({
        origin: this.url.origin,
        path,
        method: request.method,
        headers,
        body,
        signal: deadline.signal,
      });
      const secrets = secretsOf(this.url, headers);
      return { ...(await read(this.url.origin, answer, secrets, this.options.clock.now())), credentials: this.options.credentials };
    } catch (cause) {
      if (deadline.signal.aborted) throw new SinkError('temporary', `${this.url.origin} ${whyAborted(deadline.signal)}`, { cause });
      throw cause instanceof SinkError ? cause : unreachable(this.url.origin, cause as NodeJS.ErrnoException);
    } finally {
      deadline.end();
    }
  }

  async close(): Promise<void> {
    // No answers are awaited any more; `close` would wait for pending requests.
    await this.connections.destroy();
  }
}

/** A path of the protocol appended to the path of the URL. The query string is kept, because gateways and receivers may need it. */
function pathBelow({ pathname, search }: URL, path: string): string {
  const whole = pathname.replace(/\/$/, '') + path || '/';
  return search === '' ? whole : `${whole}${whole.includes('?') ? '&' : '?'}${search.slice(1)}`;
}

function whyAborted({ reason }: AbortSignal): string {
  return isTimeout(reason) ? 'did not answer in time' : 'was interrupted before it answered';
}

/** A client with the options of a sink. */
export function httpClient(options: HttpServerOptions, url: URL): HttpClient {
  refuseLeaks(options, url);
  refuseUnsendable(options);
  return new OriginClient({
    url,
    authorization: authorization(options.credentials),
    credentials: credentialWords(options.credentials),
    tls: options,
    compress: options.compression === 'gzip',
    timeoutMs: options.timeoutMs,
    clock: options.clock ?? systemClock,
  });
}

/** Reads an answer, without the secrets of its request. `now`: epoch milliseconds. */
async function read(
  origin: string,
  { statusCode, headers, body, trailers }: Dispatcher.ResponseData,
  secrets: readonly string[],
  now: number,
): Promise<Omit<HttpAnswer, 'credentials'>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop closes the connection.
    if (length > MAX_ANSWER_BYTES) throw unknownAnswer(origin, `an answer of more than ${MAX_ANSWER_BYTES >> 20} MiB`);
    chunks.push(chunk);
  }
  const flat = firstOfEach(headers, secrets);
  refuseGrpc(origin, flat, firstOfEach(trailers, secrets));
  const bytes = withoutEcho(readable(Buffer.concat(chunks), flat['content-encoding']), secrets);
  return { status: statusCode, body: bytes.toString('utf8'), bytes, headers: flat, retryAfterMs: retryAfter(flat['retry-after'], now) };
}

/** The first value of each header. */
function firstOfEach(headers: Readonly<Record<string, string | readonly string[] | undefined>>, secrets: readonly string[]): HttpAnswer['headers'] {
  const first = Object.entries(headers).map(([name, value]) => [name, typeof value === 'object' ? value[0] : value] as const);
  return Object.fromEntries(first.map(([name, value]) => [name, value === undefined ? undefined : textWithoutEcho(value, secrets)]));
}

/** The body of an answer; of an encoded one, which was not asked for, only that: no protocol takes this text for an acknowledgement. */
function readable(bytes: Buffer, encoding = 'identity'): Buffer {
  if (bytes.length === 0 || /^(?:identity)?$/i.test(encoding.trim())) return bytes;
  return Buffer.from(`an answer in the encoding ${encoding.slice(0, MAX_ENCODING_LENGTH)}, which was not asked for`);
}

/**
 * Refuses gRPC errors, which come with status 200 and an empty body, in a header or trailer: nothing was delivered.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
function refuseGrpc(origin: string, headers: HttpAnswer['headers'], trailers: HttpAnswer['headers']): void {
  const grpcStatus = headers['grpc-status'] ?? trailers['grpc-status'];
  if ((grpcStatus ?? '0') === '0' && headers['content-type']?.startsWith('application/grpc') !== true) return;
  const words = (headers['grpc-message'] ?? trailers['grpc-message'] ?? '').slice(0, MAX_GRPC_WORDS);
  throw new SinkError(
    'temporary',
    `${origin} answers in gRPC${grpcStatus === undefined ? '' : ` (status ${grpcStatus.slice(0, 10)}${words === '' ? '' : `: ${words}`})`}`,
    {
      hint: 'portlog sends OTLP over HTTP, for which receivers have a port of its own: usually 4318, where 4317 is that of gRPC',
    },
  );
}

/** The pause in milliseconds that `Retry-After` asks for, as seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
