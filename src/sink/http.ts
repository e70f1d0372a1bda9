import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import { PortlogError } from '../errors.ts';
import { authorization, type SinkOptions } from './options.ts';
import { SinkError } from './sink.ts';

const compress = promisify(gzip);
/** An answer is read up to here; what a server says beyond that helps nobody. */
const MAX_ANSWER_BYTES = 32 << 20;
const CONNECT_TIMEOUT_MS = 10_000;

/** Credentials are functions so that no object that could be printed ever holds them. */
export interface HttpOptions {
  readonly url: URL;
  readonly authorization: (() => string) | undefined;
  /** PEM file with the authority that signed the server's certificate, beside the system's own. */
  readonly caFile: string | undefined;
  readonly compress: boolean;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly retryAfterMs: number | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD' | 'DELETE';
  readonly path: string;
  readonly body?: string | Buffer;
  readonly contentType?: string;
  /** Beside those that every request has, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one door to the network. Speaks to one origin only, follows no redirect, uses no proxy. */
export class HttpClient {
  readonly url: URL;
  private readonly options: HttpOptions;
  private readonly agent: Agent;

  constructor(options: HttpOptions) {
    this.options = options;
    this.url = options.url;
    const ca = options.caFile === undefined ? undefined : [...rootCertificates, readCa(options.caFile)];
    this.agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connections: 4,
    });
  }

  /** Resolves with any answer of the server; throws a temporary or permanent {@link SinkError} when there is none. */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const headers: Record<string, string> = { 'accept': 'application/json', 'user-agent': 'portlog', ...request.headers };
    if (this.options.authorization !== undefined) headers['authorization'] = this.options.authorization();
    let body: string | Buffer | null = request.body ?? null;
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    if (request.body !== undefined && this.options.compress) {
      body = await compress(request.body, { level: 1 });
      headers['content-encoding'] = 'gzip';
    }
    try {
      const path = this.url.pathname.replace(/\/$/, '') + request.path || '/';
      const answer = await this.agent.request({ origin: this.url.origin, path, method: request.method, headers, body, signal });
      return await read(answer);
    } catch (cause) {
      if (signal.aborted) throw new SinkError('temporary', `${this.url.origin}: interrupted before it answered`, { cause });
      throw unreachable(this.url, cause as NodeJS.ErrnoException);
    }
  }

  async close(): Promise<void> {
    if (!this.agent.closed && !this.agent.destroyed) await this.agent.close();
  }
}

/** A client as the options of a sink want it. */
export function httpClient(options: SinkOptions, url: URL): HttpClient {
  return new HttpClient({
    url,
    authorization: authorization(options.credentials),
    caFile: options.caFile,
    compress: options.compression === 'gzip',
    timeoutMs: options.timeoutMs,
  });
}

/** What a redirect means; undefined when the answer is none. */
export function redirection(url: URL, { status, headers }: HttpAnswer): SinkError | undefined {
  if (status < 300 || status >= 400) return undefined;
  return new SinkError('permanent', `${url.origin} sends us elsewhere (${status}), and portlog goes only where it is told to`, {
    hint: `if that is right, write this URL: ${headers['location'] ?? 'the answer names none'}`,
  });
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_ANSWER_BYTES) chunks.push(chunk);
  }
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));
  return { status: statusCode, body: Buffer.concat(chunks).toString('utf8'), headers: flat, retryAfterMs: retryAfter(flat['retry-after']) };
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

const NO_CONNECTION: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'check host and port, and whether the server is running'],
  ENOTFOUND: ['that host name is not known', 'check the spelling and the DNS of this machine'],
  EAI_AGAIN: ['the DNS of this machine gave no answer', 'check its resolver'],
  ECONNRESET: ['the connection was cut', 'check whether the port speaks http or https, and what stands between'],
  EHOSTUNREACH: ['there is no route to it', 'check network and firewall'],
  ENETUNREACH: ['there is no route to it', 'check network and firewall'],
  UND_ERR_CONNECT_TIMEOUT: [`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`, 'check network and firewall'],
  UND_ERR_HEADERS_TIMEOUT: ['it took the request and did not answer', 'check the load of the server'],
  UND_ERR_BODY_TIMEOUT: ['its answer stopped in the middle', 'check the load of the server'],
  UND_ERR_SOCKET: ['the connection was cut', 'check whether the port speaks http or https, and what stands between'],
  HPE_INVALID_CONSTANT: ['what answers there is not HTTP', 'check whether the port speaks https, and write https:// then'],
};

const TLS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', 'name the certificate with --ca-file'],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is signed by an authority that this machine does not know', 'name the authority with --ca-file'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is signed by an authority that this machine does not know', 'name the authority with --ca-file'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'its certificate is signed by an authority that this machine does not know',
    'name the authority with --ca-file',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'renew it on the server'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', 'use the name in the certificate, or issue one with this name'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['what answers there is not TLS', 'write http:// if the server has no TLS'],
  EPROTO: ['the TLS handshake failed', 'write http:// if the server has no TLS'],
};

function unreachable(url: URL, cause: NodeJS.ErrnoException): SinkError {
  const code = codeOf(cause);
  const tls = TLS[code] ?? (/^ERR_SSL|CERT/.test(code) ? ([`TLS failed: ${cause.message}`, 'check the certificate'] as const) : undefined);
  if (tls !== undefined) return new SinkError('permanent', `${url.origin}: ${tls[0]}`, { hint: tls[1], cause });
  const [what, hint] = NO_CONNECTION[code] ?? [cause.message, undefined];
  return new SinkError('temporary', `${url.origin} cannot be reached: ${what}`, { hint, cause });
}

/** undici and happy eyeballs wrap the error that says why. */
function codeOf(error: NodeJS.ErrnoException & { readonly errors?: readonly NodeJS.ErrnoException[] }): string {
  const inner = error.errors?.[0] ?? (error.cause as NodeJS.ErrnoException | undefined);
  return error.code ?? (inner === undefined ? '' : codeOf(inner));
}

function readCa(path: string): string {
  try {
    const pem = readFileSync(path, 'utf8');
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    throw new Error('it holds no PEM certificate');
  } catch (cause) {
    throw new PortlogError('sink-options', `the CA file ${path} cannot be used: ${(cause as Error).message}`, {
      hint: 'name a file in PEM form, which begins with -----BEGIN CERTIFICATE-----',
      cause,
    });
  }
}
