import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reasonOf } from '../core/reason.ts';
import { PortlogError } from '../core/errors.ts';
import { printable } from '../event/text.ts';
import { CONTENT_TYPE } from './exposition.ts';
import type { ListenAddress } from './listen-address.ts';

/** A text, and whether the status is good. */
interface Answer {
  readonly isGood: boolean;
  readonly lines: readonly string[];
}

export interface EndpointOptions {
  /** As text for Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Liveness: the loop is running. */
  readonly health: () => Answer;
  /** Readiness. */
  readonly readiness: () => Promise<Answer>;
}

const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 50;
const TEXT = 'text/plain; charset=utf-8';

/** Answers `/metrics`, `/healthz` and `/readyz` until it is closed. */
export class Endpoint {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** Throws `usage` when the address cannot be listened on. */
  static async open({ host, port }: ListenAddress, options: EndpointOptions): Promise<Endpoint> {
    const server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 },
      (request, response) => {
        void answer(request, response, options);
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    await listening(server, { host, port });
    return new Endpoint(server);
  }

  get url(): string {
    const { address, family, port } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Throws `usage` when this machine has no such address: listens there for a moment, on any free port. */
export async function refuseAddress(host: string): Promise<void> {
  const server = createServer();
  await listening(server, { host, port: 0 });
  await new Promise((resolve) => void server.close(resolve));
}

async function listening(server: Server, { host, port }: ListenAddress): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port }, resolve);
    });
  } catch (cause) {
    const where = port === 0 ? host : `${host}:${port}`;
    throw new PortlogError(
      'usage',
      `metrics cannot be served on ${where}: ${LISTENING[(cause as NodeJS.ErrnoException).code ?? ''] ?? reasonOf(cause)}`,
      {
        hint: 'name another address or port with --metrics-listen (metrics.listen), or end what listens there',
        cause,
      },
    );
  }
}

const LISTENING: Readonly<Record<string, string>> = {
  EADDRINUSE: 'somebody listens there already',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'that host name is not known',
  EAI_AGAIN: 'the DNS of this machine gave no answer',
  EACCES: 'ports below 1024 are for root',
  EAFNOSUPPORT: 'this machine has no such addresses',
  EINVAL: 'this machine has no such address',
};

async function answer({ method, url = '' }: IncomingMessage, response: ServerResponse, options: EndpointOptions): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return end(response, 405, 'there is nothing to write here', { allow: 'GET, HEAD' });
  try {
    const path = url.split('?', 1)[0];
    if (path === '/metrics') end(response, 200, await options.metrics(), { 'content-type': CONTENT_TYPE });
    else if (path === '/healthz') endWith(response, options.health());
    else if (path === '/readyz') endWith(response, await options.readiness());
    else end(response, 404, 'there are /metrics, /healthz and /readyz');
  } catch (error) {
    end(response, 500, `this is not available now: ${printable(reasonOf(error))}`);
  }
}

function endWith(response: ServerResponse, { isGood, lines }: Answer): void {
  end(response, isGood ? 200 : 503, lines.map((line) => printable(line)).join('\n'));
}

function end(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': TEXT, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', ...headers });
  response.end(text.endsWith('\n') ? text : `${text}\n`);
}
