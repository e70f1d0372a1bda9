import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** What the server got. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Script = (seen: Seen, response: ServerResponse, index: number) => void;

/** A server on loopback that answers, or misbehaves, as the script says. Counts from 0. */
export async function scriptedServer(script: Script, at = 0): Promise<{ url: URL; seen: Seen[]; stop(): Promise<void> }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      script(one, response, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    seen,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Answers what `check` asks as a healthy Elasticsearch with our template does; false for anything else. */
export function healthy(seen: Seen, response: ServerResponse): boolean {
  if (setUpRight(seen, response)) return true;
  if (seen.path !== '/') return false;
  answer(response, 200, { version: { number: '9.4.3' }, tagline: 'You Know, for Search' });
  return true;
}

/** A script that lets `aside` answer what it knows, and counts the rest only. */
export function besides(aside: (seen: Seen, response: ServerResponse) => boolean, script: Script): Script {
  let asides = 0;
  return (seen, response, index) => (aside(seen, response) ? void asides++ : script(seen, response, index - asides));
}

/** Answers what is asked about set-up before anything is sent: the templates are there, and nothing else yet. False for anything else. */
export function setUpRight({ path }: Seen, response: ServerResponse): boolean {
  if (path.startsWith('/_resolve/index/')) answer(response, 200, { indices: [], aliases: [], data_streams: [] });
  else if (path.startsWith('/_index_template?'))
    answer(response, 200, { index_templates: [template('logs-nmap', 'logs-nmap.*-*'), template('nmap-inventory', 'nmap-inventory-*')] });
  else if (path === '/_security/user/_has_privileges') answer(response, 400, { error: 'no handler found' });
  else return false;
  return true;
}

function template(name: string, ...patterns: readonly string[]): object {
  return { name, index_template: { index_patterns: patterns, priority: 250, composed_of: ['logs-nmap@mappings', 'logs-nmap@settings'] } };
}

/** The ids in a `_bulk` body: of events, which are created, and of records of the inventory. */
export function bulkIds(body: string): string[] {
  return actions(body).flatMap(({ create, index }) => create?._id ?? index?._id ?? []);
}

export function createdIds(body: string): string[] {
  return actions(body).flatMap(({ create }) => create?._id ?? []);
}

/** What `_bulk` answers when each document of the body has the status. */
export function bulkAnswer(body: string, statusOf: (id: string) => number = () => 201): object {
  return bulkFates(body, (id) => ({ status: statusOf(id) }));
}

/** The same with whatever is said of each: `{ status, error?, failure_store? }`. */
export function bulkFates(body: string, fateOf: (id: string, index: number) => object): object {
  const items = actions(body).map((action, i) =>
    Object.fromEntries(Object.entries(action).map(([kind, { _id }]) => [kind, { _id, ...fateOf(_id, i) }])),
  );
  return { errors: items.some((item) => Object.values(item).some((fate) => Number((fate as { status?: unknown }).status) > 299)), items };
}

function actions(body: string): readonly { readonly create?: { readonly _id: string }; readonly index?: { readonly _id: string } }[] {
  const lines = body.trim().split('\n');
  return lines.filter((_, i) => i % 2 === 0).map((line) => JSON.parse(line) as object);
}
