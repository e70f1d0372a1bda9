import type { ServerResponse } from 'node:http';
import { parse, stringify } from 'yaml';
import { FakeServer } from './fake-server.ts';
import { answer, type Seen } from './scripted-server.ts';

/**
 * The API of Loki's ruler, in memory, as a real 3.7 answers: groups in YAML, and 202 for what it takes.
 * https://grafana.com/docs/loki/latest/reference/loki-http-api/#ruler
 */
export class FakeRuler extends FakeServer {
  group: unknown;

  protected override serve({ method, path, body }: Seen, response: ServerResponse): void {
    if (path === '/loki/api/v1/status/buildinfo') return answer(response, 200, { version: '3.7.0', revision: 'x' });
    if (!path.startsWith('/loki/api/v1/rules/')) return answer(response, 404, '404 page not found');
    if (method !== 'GET') {
      this.actions.push(`${method} ${path}`);
      this.group = method === 'DELETE' ? undefined : parse(body);
      return answer(response, 202, { status: 'success', data: null, errorType: '', error: '' });
    }
    if (this.group === undefined) return answer(response, 404, 'group does not exist\n');
    response.writeHead(200, { 'content-type': 'application/yaml' }).end(stringify(this.group));
  }
}
