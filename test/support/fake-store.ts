import type { ServerResponse } from 'node:http';
import { FIELDS } from '../../src/event/fields.ts';
import type { Mapping } from '../../src/sink/bulk/types.ts';
import { answer, bulkAnswer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';

interface Template {
  readonly index_patterns: readonly string[];
  readonly priority: number;
  readonly composed_of: readonly string[];
}

/** What Elasticsearch and OpenSearch answer about templates, data streams and mappings (as real ones did), and to `_bulk`, in memory. */
export class FakeStore extends FakeServer {
  readonly templates = new Map<string, Template>();
  readonly components = new Map<string, object>();
  /** What these credentials may not ask. */
  forbidden: RegExp | undefined;
  bulks = 0;
  /** Requests that look whether it is set up. */
  looks = 0;
  private readonly type: 'elasticsearch' | 'opensearch';
  private readonly streams = new Map<string, readonly Mapping[]>();
  private readonly indices = new Map<string, Mapping>();

  constructor(type: 'elasticsearch' | 'opensearch') {
    super();
    this.type = type;
  }

  setUp(): void {
    for (const [name, pattern] of [
      ['logs-nmap', 'logs-nmap.*-*'],
      ['nmap-inventory', 'nmap-inventory-*'],
    ] as const)
      this.templates.set(name, { index_patterns: [pattern], priority: 250, composed_of: ['logs-nmap@mappings', 'logs-nmap@settings'] });
  }

  /** A data stream by the mappings of its backing indices, the oldest first. */
  stream(name: string, ...mappings: readonly Mapping[]): void {
    this.streams.set(name, mappings);
  }

  index(name: string, mapping: Mapping): void {
    this.indices.set(name, mapping);
  }

  protected override serve({ method, path, body }: Seen, response: ServerResponse): void {
    if (this.forbidden?.test(path) === true) return answer(response, 403, { error: { type: 'security_exception', reason: 'unauthorized' } });
    if (path.startsWith('/_bulk')) {
      this.bulks++;
      return answer(response, 200, bulkAnswer(body));
    }
    if (method !== 'GET') return answer(response, 400, { error: `no handler found for uri [${path}] and method [${method}]` });
    if (path === '/') return this.about(response);
    this.looks++;
    if (path.startsWith('/_index_template'))
      return answer(response, 200, { index_templates: [...this.templates].map(([name, index_template]) => ({ name, index_template })) });
    const [, component = ''] = /^\/_component_template\/(.*)$/.exec(path) ?? [];
    if (component !== '') return this.component(component, response);
    if (path.startsWith('/_resolve/index/')) return this.resolve(path.slice('/_resolve/index/'.length), response);
    return this.mappings(path.slice(1, -'/_mapping'.length).split(','), response);
  }

  private about(response: ServerResponse): void {
    const isOpen = this.type === 'opensearch';
    const version = isOpen ? { number: '3.8.0', distribution: 'opensearch' } : { number: '9.4.3' };
    answer(response, 200, { version }, isOpen ? { 'x-elastic-product': '' } : {});
  }

  private component(name: string, response: ServerResponse): void {
    const found = this.components.get(name);
    if (found === undefined) return answer(response, 404, { error: { type: 'resource_not_found_exception' } });
    answer(response, 200, { component_templates: [{ name, component_template: found }] });
  }

  private resolve(pattern: string, response: ServerResponse): void {
    const wanted = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
    const indices = [...this.indices.keys()].filter((name) => wanted.test(name)).map((name) => ({ name, attributes: ['open'] }));
    const streams = [...this.streams].filter(([name]) => wanted.test(name));
    // Elasticsearch misses a name without a wildcard; OpenSearch finds nothing.
    if (this.type === 'elasticsearch' && !pattern.includes('*') && indices.length + streams.length === 0)
      return answer(response, 404, { error: { type: 'index_not_found_exception' } });
    const data_streams = streams.map(([name, mappings]) => ({ name, backing_indices: mappings.map((_, i) => `.ds-${name}-${i + 1}`) }));
    answer(response, 200, { indices, aliases: [], data_streams });
  }

  private mappings(names: readonly string[], response: ServerResponse): void {
    const backing = [...this.streams].flatMap(([name, all]) => all.map((mappings, i) => [`.ds-${name}-${i + 1}`, mappings] as const));
    const known = new Map([...backing, ...this.indices]);
    answer(response, 200, Object.fromEntries(names.map((name) => [name, { mappings: known.get(name) }])));
  }
}

/** As our template makes it, with these types changed or left out. */
export function mappingOfFields(changed: Readonly<Record<string, string | undefined>> = {}): Mapping {
  const root: any = { dynamic: 'false', properties: {} };
  for (const { name, type } of FIELDS) {
    const own = name in changed ? changed[name] : ({ long_keyword: 'keyword', labels: 'object' }[type as string] ?? type);
    if (own === undefined) continue;
    let node = root;
    for (const part of name.split('.')) node = (node.properties ??= {})[part] ??= {};
    if (own !== 'object') node.type = own;
  }
  return root as Mapping;
}
