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
  portlog_build_info: { type: 'gauge', labels: ['version'], help: 'Always 1; which portlog it is' },
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
    help: 'Hosts of which the state cannot be read any more: the other numbers are without them',
  },
  portlog_events_read_total: { type: 'counter', labels: ['sink'], help: 'Events that were read for the sink' },
  portlog_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: 'Events by what had become of them when the run ended that read them; the sum of all fates is what was read',
  },
  portlog_replayed_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: 'Events that an earlier run had left on disk, by what became of them',
  },
  portlog_own_events_total: {
    type: 'counter',
    labels: ['sink', 'fate'],
    help: "Events of portlog's own (nmap.health, records of the inventory), which are in no other sum",
  },
  portlog_sink_up: { type: 'gauge', labels: ['sink'], help: '1 when the sink accepted what was last sent to it, else 0' },
  portlog_sink_changed_timestamp_seconds: { type: 'gauge', labels: ['sink'], help: time('Since when portlog_sink_up has its value') },
  portlog_sink_last_delivery_timestamp_seconds: { type: 'gauge', labels: ['sink'], help: time('When the run ended that last delivered something') },
  portlog_spool_events: { type: 'gauge', labels: ['sink'], help: 'Events that wait on disk' },
  portlog_spool_bytes: { type: 'gauge', labels: ['sink'], help: 'Size of those' },
  portlog_spool_oldest_timestamp_seconds: { type: 'gauge', labels: ['sink'], help: time('When the oldest of those came; absent when none waits') },
  portlog_spool_limit_bytes: { type: 'gauge', labels: [], help: 'Room on disk for what waits, for all sinks together' },
  portlog_dead_letters: { type: 'gauge', labels: ['sink'], help: 'Events that the sink rejected for good, and that are kept' },
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
    help: '1 when the configuration was right when it was last read, else 0',
    ofService: true,
  },
  portlog_config_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: time('When a configuration was last read that was right'),
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
