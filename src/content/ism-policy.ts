/** A policy of OpenSearch's index state management, as `PUT _plugins/_ism/policies/portlog` takes it. */
export interface IsmPolicy {
  readonly policy: { readonly description: string } & Readonly<Record<string, unknown>>;
}

/**
 * New backing indices every month or at 25 GB, whichever comes first, and none older than `days`. It takes hold of data
 * streams that come into being after it.
 * https://docs.opensearch.org/latest/im-plugin/ism/policies/
 */
export function ismPolicy(days: number): IsmPolicy {
  return {
    policy: {
      description: `portlog: events of nmap scans are kept for ${days} days`,
      default_state: 'hot',
      states: [
        {
          name: 'hot',
          actions: [{ rollover: { min_index_age: `${Math.min(days, 30)}d`, min_primary_shard_size: '25gb' } }],
          transitions: [{ state_name: 'delete', conditions: { min_rollover_age: `${days}d` } }],
        },
        { name: 'delete', actions: [{ delete: {} }], transitions: [] },
      ],
      ism_template: [{ index_patterns: ['logs-nmap.*'], priority: 250 }],
    },
  };
}
