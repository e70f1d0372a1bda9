import type { ServerResponse } from 'node:http';
import { answer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';

interface Kept {
  seqNo: number;
  content: any;
}

/**
 * An OpenSearch with the plugins for alerting and index state management, as far as set-up asks them, in memory; the builds
 * of OpenSearch that can be had here have neither. As their documentation says:
 * https://docs.opensearch.org/latest/observing-your-data/alerting/api/, https://docs.opensearch.org/latest/im-plugin/ism/api/
 */
export class FakeAlerting extends FakeServer {
  hasPlugins = true;
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
    if (method === 'POST') return this.keep(`monitor-${this.monitors.size + 1}`, 0, body, response);
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

  /** It writes out what a query leaves out, and gives triggers and actions ids. */
  private keep(id: string, seqNo: number, body: string, response: ServerResponse): void {
    const content = JSON.parse(body);
    content.inputs[0].search.query.query.bool.boost = 1;
    for (const trigger of content.triggers) for (const inner of Object.values<any>(trigger)) inner.id ??= `trigger-of-${id}`;
    this.monitors.set(id, { seqNo, content });
    answer(response, seqNo === 0 ? 201 : 200, { _id: id, _version: 1, _seq_no: seqNo, _primary_term: 1, monitor: content });
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

  private template({ method, path, body }: Seen, response: ServerResponse): void {
    if (method === 'PUT') {
      this.templates.set(path, JSON.parse(body));
      return answer(response, 200, { acknowledged: true });
    }
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
