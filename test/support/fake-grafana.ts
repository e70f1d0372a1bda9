import type { ServerResponse } from 'node:http';
import { answer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';

interface Saved {
  readonly dashboard: any;
  readonly folderUid: string;
  readonly messages: string[];
}

/**
 * The part of Grafana's API that set-up uses, in memory, as its documentation says; no Grafana can be had here.
 * https://grafana.com/docs/grafana/latest/developers/http_api/
 */
export class FakeGrafana extends FakeServer {
  version = '13.0.1';
  readonly folders = new Set<string>();
  readonly dashboards = new Map<string, Saved>();
  group: any;
  /** What others have put into folders: alert rules, and library panels. */
  readonly otherRules: { readonly uid: string; readonly title: string; readonly folderUID: string }[] = [];
  readonly panels: { readonly uid: string; readonly name: string; readonly meta: { readonly folderUid: string } }[] = [];
  readonly sources = [
    { uid: 'loki', name: 'Loki of the company', type: 'loki' },
    { uid: 'prom', name: 'Metrics', type: 'prometheus' },
  ];
  private readonly token: string;

  constructor(token = 'token') {
    super();
    this.token = token;
  }

  protected override serve(seen: Seen, response: ServerResponse): void {
    const { method, path, headers } = seen;
    if (path === '/api/health') return answer(response, 200, { commit: 'x', database: 'ok', version: this.version });
    if (headers.authorization !== `Bearer ${this.token}`) return answer(response, 401, { message: 'Unauthorized' });
    if (method !== 'GET') this.actions.push(`${method} ${path}`);
    if (path === '/api/datasources') return answer(response, 200, this.sources);
    if (path.startsWith('/api/search?')) return answer(response, 200, this.hits());
    if (path === '/api/v1/provisioning/alert-rules') return answer(response, 200, [...(this.group?.rules ?? []), ...this.otherRules]);
    if (path.startsWith('/api/library-elements?'))
      return answer(response, 200, { result: { elements: this.panels, totalCount: this.panels.length } });
    const [, resource, uid = '', more] =
      /^\/api\/(folders|datasources\/uid|dashboards\/uid|dashboards\/db|v1\/provisioning\/folder)\/?([^/?]*)(.*)$/.exec(path) ?? [];
    switch (resource) {
      case 'datasources/uid':
        return orMissing(
          response,
          this.sources.find((source) => source.uid === uid),
        );
      case 'folders':
        return this.folder(seen, uid, response);
      case 'dashboards/db':
        return this.save(seen, response);
      case 'dashboards/uid':
        return this.dashboard(seen, uid, more === '' ? 'itself' : 'versions', response);
      case 'v1/provisioning/folder':
        return this.rules(seen, response);
      default:
        return answer(response, 404, { message: `no ${path}` });
    }
  }

  /** Those of all folders, as a Grafana that does not know the filter by `folderUIDs`. */
  private hits(): readonly object[] {
    return [...this.dashboards].map(([uid, { dashboard, folderUid }]) => ({ uid, title: dashboard.title, type: 'dash-db', folderUid }));
  }

  private folder({ method, body }: Seen, uid: string, response: ServerResponse): void {
    if (method === 'POST') this.folders.add((JSON.parse(body) as { uid: string }).uid);
    const present = method === 'POST' || this.folders.has(uid);
    if (method === 'DELETE') this.folders.delete(uid);
    orMissing(response, present ? { uid } : undefined);
  }

  private save({ body }: Seen, response: ServerResponse): void {
    const { dashboard, folderUid, message } = JSON.parse(body);
    if (!this.folders.has(folderUid)) return answer(response, 400, { message: 'folder not found' });
    this.dashboards.set(dashboard.uid, { dashboard, folderUid, messages: [message, ...(this.dashboards.get(dashboard.uid)?.messages ?? [])] });
    answer(response, 200, { uid: dashboard.uid, status: 'success' });
  }

  private dashboard({ method }: Seen, uid: string, asked: 'itself' | 'versions', response: ServerResponse): void {
    const saved = this.dashboards.get(uid);
    if (saved === undefined) return orMissing(response, undefined);
    if (method === 'DELETE') this.dashboards.delete(uid);
    const versions = saved.messages.map((message, i) => ({ id: 9 - i, version: 9 - i, message }));
    // Grafana 10 gives the list itself.
    answer(
      response,
      200,
      asked === 'itself' ? { dashboard: saved.dashboard } : this.version.startsWith('10') ? versions : { continueToken: '', versions },
    );
  }

  private rules({ method, body }: Seen, response: ServerResponse): void {
    if (method === 'PUT') this.group = JSON.parse(body);
    const { group } = this;
    if (method === 'DELETE') this.group = undefined;
    orMissing(response, group);
  }
}

function orMissing(response: ServerResponse, body: unknown): void {
  if (body === undefined) answer(response, 404, { message: 'not found' });
  else answer(response, 200, body);
}
