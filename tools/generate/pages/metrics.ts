import { type MetricDefinition, METRICS } from '../../../src/metrics/catalogue.ts';
import { METRICS_RULES } from '../../../src/metrics/rules.ts';

/** The reference of the metrics, from their catalogue. */
export function metricsPage(): string {
  const all: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS);
  const rows = all.map(
    ([name, { type, labels, help, ofService }]) =>
      `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help}${ofService === true ? ' (only of watch and run)' : ''} |`,
  );
  return `# Metrics

<!-- Made from src/metrics/catalogue.ts by npm run generate. -->

What \`--metrics-listen\` and \`--metrics-file\` show ([how](../how-to/metrics.md)). All of it but what is marked comes from the state file, so every portlog on one state says the same of it; sums are shown for the sinks of its command and configuration. What does not exist yet
(no scan of a site, nothing that waits) has no series. Of one metric at most 200 series are shown, the largest ones; \`portlog_series_left_out\` counts the others. Values of labels are cut at 500 bytes.

| metric | type | labels | |
|---|---|---|---|
${rows.join('\n')}

## Alerts

[dashboards/prometheus/portlog-rules.yaml](../../dashboards/prometheus/portlog-rules.yaml), and the panels of [dashboards/prometheus/portlog-dashboard.json](../../dashboards/prometheus/portlog-dashboard.json).

| alert | severity | when | what to do |
|---|---|---|---|
${METRICS_RULES.map(alertRow).join('\n')}
`;
}

function alertRow({ alert, severity, expr, for: time, description }: (typeof METRICS_RULES)[number]): string {
  const when = `\`${expr.replaceAll('|', '\\|')}\`${time === '0m' ? '' : ` for ${time}`}`;
  return `| ${alert} | ${severity} | ${when} | ${description} |`;
}
