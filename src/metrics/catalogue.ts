/** A metric, by the conventions of https://prometheus.io/docs/practices/naming/. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Labels of its series. */
  readonly labels: readonly string[];
  /** Only in `watch` and `run`. */
  readonly ofService?: true;
}

const time = (help: string): string => `${help}, in seconds since 1970`;

/** Every metric by name; docs/reference/metrics.md, dashboard and rules are generated from this. */
export const METRICS = {
  portlog_build_info: { type: 'gauge', labels: ['version'], help: 'Always 1; version: that of portlog' },
  portlog_scan_last_start_timestamp_seconds: {
    type: 'gauge',
    labels: ['site'],
    help: time('When the latest scan of the site began, whether it is finished or not'),
  },
  portlog_scan_last_end_timestamp_seconds: { type: 'gauge', labels: ['site'], help: time('When the latest finished scan of the site ended') },
  portlog_scan_max_age_seconds: {
    type: 'gauge',
    labels: ['site'],
    help: 'How old the latest finished scan of the site may be (sites.NAME.maxAgeHours)',
  },
  portlog_site_overdue: { type: 'gauge', labels: ['site'], help: '1 when the latest finished scan of the site is older than it may be, else 0' },
  portlog_hosts: { type: 'gauge', labels: ['site', 'state'], help: 'Hosts that are known; state: up, or down' },
  portlog_open_ports: {
    type: 'gauge',
    labels: ['site', 'zone'],
    help: 'Ports that are known to be open (not IP protocols, nmap -sO); zone: of the exposure file',
  },
  portlog_unexpected_open_ports: { type: 'gauge', labels: ['site', 'zone'], help: 'Open ports that are not expected to be open' },
  portlog_expired_open_ports: { type: 'gauge', labels: ['site', 'zone'], help: 'Open ports whose expiry date in the exposure file has passed' },
  portlog_weaknesses: { type: 'gauge', labels: ['site', 'level'], help: 'Weaknesses of hosts that are up, by their level' },
  portlog_damaged_hosts: {
    type: 'gauge',
    labels: ['site'],
    help: 'Hosts whose stored state is damaged; the other metrics leave them out',
  },
  portlog_events_read_total: { type: 'counter', labels: ['sink'], help: 'Events that were read for the sink' },
  portlog_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: 'Events by fate at the end of the run that read them; all fates add up to portlog_events_read_total',
  },
  portlog_replayed_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: 'Events that an earlier run had left on disk, by fate',
  },
  portlog_own_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: "Events of portlog's own (nmap.health, records of the inventory), which are in no other sum",
  },
  portlog_sink_up: { type: 'gauge', labels: ['sink'], help: '1 when the sink accepted what was last sent to it, else 0' },
  portlog_sink_changed_timestamp_seconds: { type: 'gauge', labels: ['sink'], help: time('Since when portlog_sink_up has its value') },
  portlog_sink_last_delivery_timestamp_seconds: { type: 'gauge', labels: ['sink'], help: time('When the last run that delivered something ended') },
  portlog_spool_events: { type: 'gauge', labels: ['sink'], help: 'Events that wait on disk' },
  portlog_spool_bytes: { type: 'gauge', labels: ['sink'], help: 'Size of the events that wait on disk' },
  portlog_spool_oldest_timestamp_seconds: {
    type: 'gauge',
    labels: ['sink'],
    help: time('When the oldest waiting event was written; absent when none waits'),
  },
  portlog_spool_limit_bytes: { type: 'gauge', labels: [], help: 'Limit of the disk space for waiting events, all sinks together' },
  portlog_dead_letters: { type: 'gauge', labels: ['sink'], help: 'Events that the sink permanently rejected, and that are kept' },
  portlog_schedule_last_due_timestamp_seconds: { type: 'gauge', labels: ['schedule'], help: time('When the latest scan of the schedule was due') },
  portlog_schedule_last_success_timestamp_seconds: {
    type: 'gauge',
    labels: ['schedule'],
    help: time('When the latest successful scan of the schedule ended'),
  },
  portlog_schedule_next_due_timestamp_seconds: { type: 'gauge', labels: ['schedule'], help: time('When the next scan of the schedule is due') },
  portlog_schedule_overdue: { type: 'gauge', labels: ['schedule'], help: '1 when the scan that was due last did not come, else 0' },
  portlog_schedule_running: { type: 'gauge', labels: ['schedule'], help: '1 while a scan of the schedule is running, else 0' },
  portlog_files_failed: { type: 'gauge', labels: ['directory'], help: 'Files of a watched directory that could not be shipped' },
  portlog_files_unfinished: { type: 'gauge', labels: ['directory'], help: 'Files of a watched directory that have no end yet' },
  portlog_state_bytes: { type: 'gauge', labels: [], help: 'Size of the state file' },
  portlog_series_left_out: { type: 'gauge', labels: [], help: 'Series that are left out because one metric has too many' },
  portlog_start_timestamp_seconds: { type: 'gauge', labels: [], help: time('When the process began its work'), ofService: true },
  portlog_loop_silence_seconds: { type: 'gauge', labels: [], help: 'For how long the loop has shown no sign of life', ofService: true },
  portlog_config_last_reload_successful: {
    type: 'gauge',
    labels: [],
    help: '1 when the configuration that was last read is valid, else 0',
    ofService: true,
  },
  portlog_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: time('When a valid configuration was last read'),
    ofService: true,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/** One sample of a metric. */
export interface Series {
  readonly metric: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
