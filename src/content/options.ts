import type { RuleScope } from '../alert/rule.ts';

/** What rendering depends on: the committed files are rendered with {@link DEFAULT_CONTENT}. */
export interface ContentOptions extends RuleScope {
  /** Sites that must be scanned, and within how many hours; empty: whichever there are. */
  readonly sites: readonly { readonly name: string; readonly maxAgeHours?: number | undefined }[];
  /** The uid of Grafana's data source. */
  readonly lokiUid: string;
  /** Where the ids of Wazuh's rules begin; a free range for people's own rules is 100000 to 120000. */
  readonly wazuhBaseId?: number | undefined;
  /** Where runbooks can be read, up to `/<id>.md`; undefined: alerts name the file. */
  readonly runbooks?: string | undefined;
  /** Where people open the dashboards, of Kibana with its space; undefined: links of alerts are paths, or what the server calls itself. */
  readonly dashboards?: string | undefined;
}

export const DEFAULT_CONTENT: ContentOptions = { sites: [], lokiUid: 'loki' };
