import type { RuleScope } from '../alert/rule.ts';

/** What rendering depends on: the committed files are rendered with {@link DEFAULT_CONTENT}. */
export interface ContentOptions extends RuleScope {
  /** Sites that must be scanned, and within how many hours; empty: all sites that have events. */
  readonly sites: readonly { readonly name: string; readonly maxAgeHours?: number | undefined }[];
  /** The uid of Grafana's data source. */
  readonly lokiUid: string;
  /** First id of Wazuh's rules; 100000 to 120000 are free for users. */
  readonly wazuhBaseId?: number | undefined;
  /** Where runbooks can be read, up to `/<id>.md`; undefined: alerts name the file. */
  readonly runbooks?: string | undefined;
  /**
   * Base address of the dashboards, for Kibana with its space; undefined: links of alerts are paths, or begin with the address that the server
   * has for itself.
   */
  readonly dashboards?: string | undefined;
}

export const DEFAULT_CONTENT: ContentOptions = { sites: [], lokiUid: 'loki' };
