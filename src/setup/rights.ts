/** What to do when Elasticsearch or OpenSearch does not allow set-up. */
export const STORE_RIGHTS =
  'it needs to manage index templates, pipelines and the indices of portlog, and who may only ship may not: docs/how-to/elasticsearch.md names the rights (of OpenSearch: opensearch.md)';

/** In hints: stands for the target's name in environment variables. */
export const TARGET_VARIABLE = '<TARGET>';

/** What to do about a 401 or 403, depending on the path. */
export function hintFor(status: number, path: string): string | undefined {
  if (status === 401) return `set the credentials: PORTLOG_${TARGET_VARIABLE}_USER and _PASSWORD, _API_KEY or _BEARER`;
  if (status !== 403) return undefined;
  return RIGHTS.find(([prefix]) => prefix.test(path))?.[1];
}

/** The required privileges by path; each path belongs to one product. */
const RIGHTS: readonly (readonly [prefix: RegExp, hint: string])[] = [
  [/^\/_plugins\//, 'it needs the rights of all_access, or those for alerting and index management: docs/how-to/opensearch.md'],
  [/^\/_|^\/(?:\.ds-)?(?:logs-nmap|nmap-inventory)/, STORE_RIGHTS],
  [
    /^\/api\/(?:saved_objects|alerting|status)/,
    'docs/how-to/elastic.md names the privileges that are needed (of OpenSearch Dashboards: opensearch.md)',
  ],
  [/^\/api\//, 'docs/how-to/grafana-loki.md names the role that is needed'],
  [/^\/loki\//, 'the ruler of Loki does not allow it: docs/how-to/grafana-loki.md'],
  [
    /^\/(?:rules|decoders|manager|cluster)?/,
    'the user needs rules:read, rules:update, decoders:read, decoders:update, cluster:status, manager:read, manager:restart (of a cluster: cluster:read, cluster:restart), rules:delete, decoders:delete: docs/how-to/wazuh.md',
  ],
];
