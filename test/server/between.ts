import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type OnPost = (request: IncomingMessage, response: ServerResponse, body: string) => 'forward' | 'answered';

/** Somebody between portlog and a server who passes on what he gets, unless he is told to do something else. */
export interface Between {
  readonly url: string;
  /** What to do with a POST; undefined: pass it on. */
  onPost: OnPost | undefined;
  stop(): void;
}

export async function startBetween(target: string): Promise<Between> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => void passOn(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const between: Between = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onPost: undefined,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return between;

  async function passOn(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    if (method === 'POST' && between.onPost?.(request, response, body) === 'answered') return;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(target + url, { method, headers, ...(method === 'POST' ? { body } : {}) });
    response.writeHead(answer.status).end(await answer.text());
  }
}
