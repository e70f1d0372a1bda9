import type { ServerResponse } from 'node:http';
import { answer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';

interface Stored {
  readonly type: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Rule {
  name: string;
  tags: string[];
  params: Record<string, unknown>;
  actions: object[];
  /** Undefined of a Kibana that knows none. */
  artifacts?: { dashboards: { id: string }[]; investigation_guide: { blob: string } } | undefined;
}

/**
 * The part of Kibana's API that set-up uses, in memory, as its documentation says; no Kibana can be had here.
 * https://www.elastic.co/docs/api/doc/kibana/group/endpoint-saved-objects, .../group/endpoint-alerting
 */
export class FakeKibana extends FakeServer {
  version = '9.4.2';
  /** Whether rules may lead to dashboards: since 8.19 and 9.1. */
  takesArtifacts = true;
  readonly objects = new Map<string, Stored>();
  readonly rules = new Map<string, Rule>();
  /** Of Elastic Security, by `rule_id`. */
  readonly detections = new Map<string, Record<string, any>>();
  /** The header that it wants: OpenSearch Dashboards, which was forked from it, wants another. */
  private readonly xsrf: string;

  constructor(xsrf: 'kbn-xsrf' | 'osd-xsrf' = 'kbn-xsrf') {
    super();
    this.xsrf = xsrf;
  }

  protected override serve(seen: Seen, response: ServerResponse): void {
    const { method, path, headers } = seen;
    if (method !== 'GET') {
      if (headers[this.xsrf] === undefined)
        return answer(response, 400, { statusCode: 400, error: 'Bad Request', message: `Request must contain a ${this.xsrf} header.` });
      if (!path.endsWith('_export')) this.actions.push(`${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')}`);
    }
    if (path.startsWith('/api/detection_engine/rules')) return this.detection(seen, response);
    if (path === '/api/status') return answer(response, 200, { name: 'kibana', version: { number: this.version } });
    if (path === '/api/saved_objects/_export') return this.export(seen, response);
    if (path.startsWith('/api/saved_objects/_import')) return this.import(seen, response);
    if (path.startsWith('/api/saved_objects/_bulk_delete')) return this.remove(seen, response);
    if (method === 'DELETE' && path.startsWith('/api/saved_objects/')) {
      const [type = '', id = ''] = path.slice('/api/saved_objects/'.length).split('/');
      const isThere = this.objects.delete(`${type} ${decodeURIComponent(id)}`);
      return answer(response, isThere ? 200 : 404, {});
    }
    if (path.startsWith('/api/alerting/rules/_find')) {
      const data = [...this.rules].map(([id, { name, tags, params }]) => ({ id, name, tags, params }));
      return answer(response, 200, { page: 1, total: data.length, per_page: 100, data });
    }
    return this.rule(seen, response);
  }

  /**
   * As kibana: security_solution/common/api/detection_engine, and its handlers, say: a rule comes back with defaults and with what it does
   * not name; POST of an id that is there is a 409, PATCH changes what it names.
   */
  private detection({ method, path, body, headers }: Seen, response: ServerResponse): void {
    const url = new URL(path, this.origin);
    const missing = (id: string): void => answer(response, 404, { message: `rule_id: "${id}" not found`, status_code: 404 });
    if (headers['elastic-api-version'] !== '2023-10-31') return answer(response, 400, { message: 'no version of that API' });
    if (url.pathname.endsWith('/_find')) {
      const [, tag = ''] = /^alert\.attributes\.tags: "(.*)"$/.exec(url.searchParams.get('filter') ?? '') ?? [];
      const data = [...this.detections.values()].filter(({ tags }) => tags.includes(tag));
      return answer(response, 200, { page: 1, perPage: 100, total: data.length, data });
    }
    if (method === 'GET' || method === 'DELETE') {
      const id = url.searchParams.get('rule_id') ?? '';
      const present = this.detections.get(id);
      if (present === undefined) return missing(id);
      if (method === 'DELETE') this.detections.delete(id);
      return answer(response, 200, present);
    }
    const sent = JSON.parse(body) as Record<string, any>;
    const present = this.detections.get(sent['rule_id']);
    if (method === 'POST' && present !== undefined)
      return answer(response, 409, { message: `rule_id: "${sent['rule_id']}" already exists`, status_code: 409 });
    if (method === 'PATCH' && present === undefined) return missing(sent['rule_id']);
    const defaults = {
      id: `0000-${sent['rule_id']}`,
      enabled: true,
      actions: [],
      exceptions_list: [],
      immutable: false,
      version: 1,
      revision: 0,
      setup: '',
    };
    const threat = sent['threat'].map((one: any) => ({ ...one, technique: one.technique.map((each: any) => ({ subtechnique: [], ...each })) }));
    const kept = { ...defaults, ...present, ...sent, threat, updated_at: new Date().toISOString() };
    this.detections.set(sent['rule_id'], kept);
    answer(response, 200, kept);
  }

  private export({ body }: Seen, response: ServerResponse): void {
    const { objects } = JSON.parse(body) as { objects: { type: string; id: string }[] };
    const missing = objects.filter(({ type, id }) => !this.objects.has(`${type} ${id}`));
    if (missing.length > 0) {
      const attributes = {
        objects: missing.map((one) => ({ ...one, error: { statusCode: 404, error: 'Not Found', message: 'Saved object not found' } })),
      };
      return answer(response, 400, { statusCode: 400, error: 'Bad Request', message: 'Error fetching objects to export', attributes });
    }
    const lines = objects.map(({ type, id }) =>
      JSON.stringify({ ...this.objects.get(`${type} ${id}`), updated_at: new Date().toISOString(), version: 'WzEsMV0=' }),
    );
    response.writeHead(200, { 'content-type': 'application/ndjson' }).end(`${lines.join('\n')}\n`);
  }

  /** Brings what it gets up to date, as Kibana does with what an older one has exported. */
  private import({ body, headers }: Seen, response: ServerResponse): void {
    const boundary = /boundary=(.+)$/.exec(String(headers['content-type']))?.[1] ?? 'none';
    const part = body.split(`--${boundary}`)[1]?.split('\r\n\r\n')[1]?.trim() ?? '';
    const objects = part.split('\n').map((line) => JSON.parse(line) as Stored);
    for (const one of objects) {
      const attributes =
        one.type === 'dashboard'
          ? { ...one.attributes, controlGroupInput: { ...(one.attributes['controlGroupInput'] as object), migrated: true } }
          : one.attributes;
      this.objects.set(`${one.type} ${one.id}`, { ...one, attributes });
    }
    answer(response, 200, { success: true, successCount: objects.length, warnings: [] });
  }

  private remove({ body }: Seen, response: ServerResponse): void {
    for (const { type, id } of JSON.parse(body) as { type: string; id: string }[]) this.objects.delete(`${type} ${id}`);
    answer(response, 200, { statuses: [] });
  }

  private rule({ method, path, body }: Seen, response: ServerResponse): void {
    const id = path.replace('/api/alerting/rule/', '');
    const present = this.rules.get(id);
    if (method === 'GET')
      return present === undefined
        ? answer(response, 404, { statusCode: 404, message: 'Saved object [alert] not found' })
        : answer(response, 200, { id, ...present });
    if (method === 'DELETE') {
      this.rules.delete(id);
      response.writeHead(204).end();
      return;
    }
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))
      return answer(response, 400, {
        message: 'Predefined IDs are not allowed for saved objects with encrypted attributes unless the ID is a UUID.',
      });
    const { name, tags, params, actions, artifacts, ...frame } = JSON.parse(body) as Rule & Record<string, unknown>;
    const allowed = method === 'POST' ? ['rule_type_id', 'consumer', 'schedule'] : ['schedule'];
    const surplus = Object.keys(frame).filter((key) => !allowed.includes(key));
    const typed = actions.filter((action) => 'connector_type_id' in action);
    if (surplus.length + typed.length > 0)
      return answer(response, 400, { message: `[request body]: definition for this key is missing: ${surplus.join()}` });
    if (artifacts !== undefined && !this.takesArtifacts)
      return answer(response, 400, { message: '[request body.artifacts]: definition for this key is missing' });
    if ((artifacts?.investigation_guide.blob.length ?? 0) > 1000) return answer(response, 400, { message: '[request body]: the guide is too long' });
    this.rules.set(id, {
      ...(artifacts === undefined ? {} : { artifacts }),
      name,
      tags,
      params: { ...params, sourceFields: [] },
      actions: actions.map((action) => ({ ...action, connector_type_id: '.index' })),
    });
    answer(response, 200, { id });
  }
}
