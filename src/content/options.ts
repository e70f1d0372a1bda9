/** What rendering depends on: the committed files are rendered with {@link DEFAULT_CONTENT}. */
export interface ContentOptions {
  /** `data_stream.namespace`; undefined for all. */
  readonly namespace?: string | undefined;
  /** Alerts about hosts and ports only for these zones; undefined for all. */
  readonly zones?: readonly string[] | undefined;
  /** Sites that must be scanned, and within how many hours; empty: whichever there are. */
  readonly sites: readonly { readonly name: string; readonly maxAgeHours?: number | undefined }[];
  /** The uid of Grafana's data source. */
  readonly lokiUid: string;
  /** Where the ids of Wazuh's rules begin; a free range for people's own rules is 100000 to 120000. */
  readonly wazuhBaseId?: number | undefined;
  /** Where runbooks can be read, up to `/<id>.md`; undefined: alerts name the file. */
  readonly runbooks?: string | undefined;
}

export const DEFAULT_CONTENT: ContentOptions = { sites: [], lokiUid: 'loki' };

export function runbookOf(id: string, { runbooks }: ContentOptions): string {
  return runbooks === undefined ? `docs/runbooks/${id}.md` : `${runbooks.replace(/\/$/, '')}/${id}.md`;
}
