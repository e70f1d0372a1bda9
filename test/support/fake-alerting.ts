import type { ServerResponse } from 'node:http';
import { answer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';
import { mappingOfFields } from './fake-store.ts';

/** The plugin loads so many current alerts of a monitor. */
const MOST_LOADED = 500;
/** So many alerts of a trigger that went are moved. */
const MOST_MOVED = 10;

export interface Alert {
  readonly trigger: string;
  readonly key: string;
  state: 'ACTIVE' | 'ACKNOWLEDGED' | 'COMPLETED' | 'DELETED';
}

interface Kept {
  seqNo: number;
  content: any;
}

/**
 * An OpenSearch with the plugins for alerting and index state management, as far as set-up asks them, in memory; the builds
 * of OpenSearch that can be had here have neither. As plugins of 3.4 were seen to do, and as their documentation says:
 * https://docs.opensearch.org/latest/observing-your-data/alerting/api/, https://docs.opensearch.org/latest/im-plugin/ism/api/
 */
export class FakeAlerting extends FakeServer {
  hasPlugins = true;
  /** Data streams, by their backing indices. */
  readonly streams = new Map<string, readonly string[]>();
  /** By backing index: the policy that it follows, in the form that it began with. */
  readonly managed = new Map<string, { readonly days: string; readonly seqNo: number }>();
  /** By monitor: its alerts. */
  readonly alerts = new Map<string, Alert[]>();
  readonly templates = new Map<string, unknown>();
  readonly monitors = new Map<string, Kept>();
  policy: Kept | undefined;

  protected override serve(seen: Seen, response: ServerResponse): void {
    const { method, path } = seen;
    if (method !== 'GET' && !path.endsWith('_search')) this.actions.push(`${method} ${path.replace(/\?.*/, '')}`);
    if (path.startsWith('/_plugins/') && !this.hasPlugins)
      return answer(response, 400, { error: `no handler found for uri [${path}] and method [${method}]` });
    if (path.startsWith('/_plugins/_alerting/monitors')) return this.monitor(seen, response);
    if (path.startsWith('/_plugins/_ism/policies/')) return this.ism(seen, response);
    if (path.startsWith('/_plugins/_ism/')) return this.management(seen, response);
    if (path.startsWith('/_resolve/index/')) return this.resolve(path, response);
    if (path.endsWith('/_mapping')) {
      const names = path.slice(1, -'/_mapping'.length).split(',');
      return answer(response, 200, Object.fromEntries(names.map((name) => [name, { mappings: mappingOfFields() }])));
    }
    return this.template(seen, response);
  }

  private monitor({ method, path, body }: Seen, response: ServerResponse): void {
    const [, id = '', query = ''] = /^\/_plugins\/_alerting\/monitors\/?([\w-]*)(?:\?(.*))?$/.exec(path) ?? [];
    if (id === '_search') {
      if (this.monitors.size === 0)
        return answer(response, 404, { error: { reason: 'Configured indices are not found: [.opendistro-alerting-config]' } });
      const hits = [...this.monitors].map(([_id, { seqNo, content }]) => ({ _id, _seq_no: seqNo, _primary_term: 1, _source: content }));
      return answer(response, 200, { hits: { hits } });
    }
    const missing = method === 'POST' || method === 'PUT' ? this.missingIndex(body) : undefined;
    if (missing !== undefined)
      return answer(response, 404, { error: { type: 'index_not_found_exception', reason: `Configured indices are not found: [${missing}]` } });
    if (method === 'POST') return this.keep(`monitor-${++this.count}`, 0, body, response);
    const kept = this.monitors.get(id);
    if (kept === undefined) return answer(response, 404, {});
    if (method === 'DELETE') {
      this.monitors.delete(id);
      return answer(response, 200, {});
    }
    const expected = `if_seq_no=${kept.seqNo}&if_primary_term=1`;
    if (query !== expected) return answer(response, 409, { error: { reason: `wanted ${expected}, got ${query}` } });
    return this.keep(id, kept.seqNo + 1, body, response);
  }

  private count = 0;
  private triggers = 0;

  /** A name with a wildcard may stand for nothing. */
  private missingIndex(body: string): string | undefined {
    const names: readonly string[] = JSON.parse(body).inputs[0].search.indices;
    return names.find((name) => !name.includes('*') && !this.streams.has(name));
  }

  /** It writes out what a query leaves out, and a trigger without an id is a new one: of the alerts of the old one, it moves ten. */
  private keep(id: string, seqNo: number, body: string, response: ServerResponse): void {
    const content = JSON.parse(body);
    content.inputs[0].search.query.query.bool.boost = 1;
    for (const trigger of content.triggers) for (const inner of Object.values<any>(trigger)) inner.id ??= `trigger-${++this.triggers}`;
    this.monitors.set(id, { seqNo, content });
    const orphans = this.alertsOf(id).filter(
      ({ trigger, state }) => trigger !== triggerIdOf(content) && (state === 'ACTIVE' || state === 'ACKNOWLEDGED'),
    );
    for (const alert of orphans.slice(0, MOST_MOVED)) alert.state = 'DELETED';
    answer(response, seqNo === 0 ? 201 : 200, { _id: id, _version: 1, _seq_no: seqNo, _primary_term: 1, monitor: content });
  }

  alertsOf(id: string): Alert[] {
    return this.alerts.get(id) ?? this.alerts.set(id, []).get(id)!;
  }

  /**
   * A run of a monitor over shards in each of which an event lies for each of these keys. It asks for page after page of groups, each cut
   * as its query says. Returns what is new to it, which is what it tells people.
   */
  run(id: string, ...shards: readonly (readonly string[])[]): readonly string[] {
    const { content } = this.monitors.get(id)!;
    const trigger = triggerIdOf(content);
    const { terminate_after: most = Infinity, aggregations } = content.inputs[0].search.query;
    const { composite, aggregations: within } = aggregations.composite_agg;
    const groups = [...new Set(shards.flatMap((keys) => keys.slice(0, most)))].toSorted();
    const pages = Array.from({ length: Math.ceil(groups.length / composite.size) }, (_, i) =>
      groups.slice(i * composite.size, (i + 1) * composite.size),
    );
    const found = pages.flatMap((page) => page.slice(0, within?.most.bucket_sort.size ?? Infinity));
    const loaded = this.alertsOf(id)
      .filter((alert) => alert.trigger === trigger && (alert.state === 'ACTIVE' || alert.state === 'ACKNOWLEDGED'))
      .slice(0, MOST_LOADED);
    for (const alert of loaded) if (!found.includes(alert.key)) alert.state = 'COMPLETED';
    const news = found.filter((key) => !loaded.some((alert) => alert.key === key));
    for (const key of news) this.alertsOf(id).push({ trigger, key, state: 'ACTIVE' });
    return news;
  }

  /** Whether messages of this monitor can name sample documents. */
  hasSamples(id: string): boolean {
    return this.monitors.get(id)!.content.inputs[0].search.query.aggregations?.composite_agg !== undefined;
  }

  private ism({ method, path, body }: Seen, response: ServerResponse): void {
    if (method === 'GET')
      return this.policy === undefined
        ? answer(response, 404, { error: { reason: 'Policy not found' } })
        : answer(response, 200, { _id: 'portlog', _seq_no: this.policy.seqNo, _primary_term: 1, ...this.policy.content });
    if (method === 'DELETE') {
      this.policy = undefined;
      return answer(response, 200, {});
    }
    const expected = this.policy === undefined ? '' : `?if_seq_no=${this.policy.seqNo}&if_primary_term=1`;
    if (!path.endsWith(`portlog${expected}`)) return answer(response, 409, { error: { reason: 'version conflict' } });
    this.policy = { seqNo: (this.policy?.seqNo ?? 0) + 1, content: JSON.parse(body) };
    return answer(response, 201, { _id: 'portlog' });
  }

  /** An index goes on with the copy of the policy that it began with. */
  private management({ method, path }: Seen, response: ServerResponse): void {
    const [, what = '', pattern = ''] = /^\/_plugins\/_ism\/(\w+)\/(.*)$/.exec(path) ?? [];
    const all = [...this.streams.values()].flat();
    const some = all.filter((index) =>
      pattern.split(',').some((one) => new RegExp(`^${one.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(index)),
    );
    if (what === 'explain' && method === 'GET') {
      const entries = some.map((index) => {
        const { seqNo } = this.managed.get(index) ?? {};
        const policy = seqNo === undefined ? null : 'portlog';
        return [
          index,
          {
            'index.plugins.index_state_management.policy_id': policy,
            index,
            ...(seqNo === undefined ? {} : { policy_id: policy, policy_seq_no: seqNo }),
          },
        ];
      });
      return answer(response, 200, { ...Object.fromEntries(entries), total_managed_indices: this.managed.size });
    }
    const failed = some.filter((index) => (what === 'add') === this.managed.has(index));
    for (const index of some) {
      if (failed.includes(index)) continue;
      if (what === 'remove') this.managed.delete(index);
      else this.managed.set(index, { days: this.policy!.content.policy.description, seqNo: this.policy!.seqNo });
    }
    const failed_indices = failed.map((index_name) => ({
      index_name,
      reason: what === 'add' ? 'This index already has a policy' : 'This index is not being managed',
    }));
    answer(response, 200, { updated_indices: some.length - failed.length, failures: failed.length > 0, failed_indices });
  }

  private resolve(path: string, response: ServerResponse): void {
    const data_streams = path.includes('logs-nmap') ? [...this.streams].map(([name, backing_indices]) => ({ name, backing_indices })) : [];
    answer(response, 200, { indices: [], aliases: [], data_streams });
  }

  private template({ method, path, body }: Seen, response: ServerResponse): void {
    if (method === 'PUT') {
      this.templates.set(path, JSON.parse(body));
      return answer(response, 200, { acknowledged: true });
    }
    if (method === 'DELETE' && path === '/_index_template/logs-nmap' && this.streams.size > 0)
      return answer(response, 400, {
        error: {
          reason: `unable to remove composable templates [logs-nmap] as they are in use by a data streams [${[...this.streams.keys()].join()}]`,
        },
      });
    if (method === 'DELETE') {
      this.templates.delete(path);
      return answer(response, 200, { acknowledged: true });
    }
    const found = this.templates.get(path);
    if (found === undefined) return answer(response, 404, {});
    if (path.startsWith('/_component_template/')) return answer(response, 200, { component_templates: [{ component_template: found }] });
    if (path.startsWith('/_index_template/')) return answer(response, 200, { index_templates: [{ index_template: found }] });
    return answer(response, 200, { [path]: found });
  }
}

function triggerIdOf(monitor: any): string {
  return Object.values<any>(monitor.triggers[0])[0].id;
}
