/** A series of a metric, as Prometheus' own unit tests write it: `portlog_sink_up{sink="loki"}` and `0x60`, a value for each minute. */
export interface TestSeries {
  readonly series: string;
  readonly values: string;
}

/** An alert on portlog's metrics: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/ */
export interface MetricsRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the condition must hold. */
  readonly for: string;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly summary: string;
  /** What to do. */
  readonly description: string;
  /** Series for which the rule fires within two hours, and series for which it does not. */
  readonly fires: readonly TestSeries[];
  readonly quiet: readonly TestSeries[];
}
