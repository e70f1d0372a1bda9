/** A panel over portlog's metrics. `kind`: latest value or time series. */
export interface MetricsPanel {
  readonly title: string;
  readonly about: string;
  readonly kind: 'number' | 'course';
  /** Grafana's names of units. */
  readonly unit: 'short' | 's' | 'bytes' | 'dateTimeFromNow' | 'eps';
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

const SITE = '{site=~"$site"}';

/** Panels for operators: is portlog running, were networks scanned, what is open, are events delivered. */
export const METRICS_PANELS: readonly MetricsPanel[] = [
  {
    title: 'portlog',
    about: 'Versions that report metrics.',
    kind: 'number',
    unit: 'short',
    queries: [{ expr: 'sum by (version) (portlog_build_info)', legend: '{{version}}' }],
  },
  {
    title: 'Latest finished scan',
    about: 'When it ended, by site.',
    kind: 'number',
    unit: 'dateTimeFromNow',
    queries: [{ expr: `max by (site) (portlog_scan_last_end_timestamp_seconds${SITE}) * 1000`, legend: '{{site}}' }],
  },
  {
    title: 'Overdue',
    about: 'Sites and schedules of which no scan came.',
    kind: 'number',
    unit: 'short',
    queries: [
      { expr: `sum(portlog_site_overdue${SITE}) or vector(0)`, legend: 'sites' },
      { expr: 'sum(portlog_schedule_overdue) or vector(0)', legend: 'schedules' },
    ],
  },
  {
    title: 'Sinks that accept no events',
    about: 'When something was last sent to them.',
    kind: 'number',
    unit: 'short',
    queries: [{ expr: 'count(portlog_sink_up == 0) or vector(0)', legend: 'sinks' }],
  },
  {
    title: 'Open ports by zone',
    about: 'Of hosts that are up.',
    kind: 'course',
    unit: 'short',
    queries: [{ expr: `max by (site, zone) (portlog_open_ports${SITE})`, legend: '{{site}} {{zone}}' }],
  },
  {
    title: 'Unexpected open ports by zone',
    about: 'Ports that are not expected to be open, and ports that are open after their expiry date.',
    kind: 'course',
    unit: 'short',
    queries: [
      { expr: `max by (site, zone) (portlog_unexpected_open_ports${SITE})`, legend: '{{site}} {{zone}}' },
      { expr: `max by (site, zone) (portlog_expired_open_ports${SITE})`, legend: '{{site}} {{zone}} expired' },
    ],
  },
  {
    title: 'Weaknesses by level',
    about: 'Of hosts that are up.',
    kind: 'course',
    unit: 'short',
    queries: [{ expr: `sum by (level) (portlog_weaknesses${SITE})`, legend: '{{level}}' }],
  },
  {
    title: 'Hosts',
    about: 'That are known.',
    kind: 'course',
    unit: 'short',
    queries: [{ expr: `max by (site, state) (portlog_hosts${SITE})`, legend: '{{site}} {{state}}' }],
  },
  {
    title: 'Events by fate',
    about: 'Per second. Spooled events wait on disk; once delivered, they count as replayed.',
    kind: 'course',
    unit: 'eps',
    queries: [
      { expr: 'sum by (sink, fate) (rate(portlog_events_total[$__rate_interval]))', legend: '{{sink}} {{fate}}' },
      { expr: 'sum by (sink) (rate(portlog_replayed_events_total{fate="delivered"}[$__rate_interval]))', legend: '{{sink}} replayed' },
    ],
  },
  {
    title: 'Disk space of waiting events',
    about: 'By sink, and the limit.',
    kind: 'course',
    unit: 'bytes',
    queries: [
      { expr: 'portlog_spool_bytes', legend: '{{sink}}' },
      { expr: 'max(portlog_spool_limit_bytes)', legend: 'room' },
    ],
  },
  {
    title: 'Age of waiting events',
    about: 'Of the oldest event.',
    kind: 'course',
    unit: 's',
    queries: [{ expr: 'time() - portlog_spool_oldest_timestamp_seconds', legend: '{{sink}}' }],
  },
  {
    title: 'Rejected, and not shipped',
    about: 'Dead letters by sink, and files by directory.',
    kind: 'course',
    unit: 'short',
    queries: [
      { expr: 'portlog_dead_letters', legend: '{{sink}}' },
      { expr: 'portlog_files_failed', legend: '{{directory}}' },
    ],
  },
];
