import { Counter, Gauge, Registry } from 'prom-client';
import { digest } from '../event/id.ts';
import { clipBytes, printable } from '../event/text.ts';
import { METRICS, type MetricDefinition, type MetricName, type Series } from './catalogue.ts';

/** The content type: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
/** Series per metric: each costs storage. */
const MAX_SERIES = 200;
/** Of the value of a label: a URL, a path. */
const MAX_LABEL_BYTES = 500;

/**
 * The series as text for Prometheus, in the order of the catalogue. At most {@link MAX_SERIES} per metric, the largest ones; a
 * series says how many are left out.
 */
export async function exposition(all: readonly Series[]): Promise<string> {
  const registry = new Registry();
  const byMetric = Map.groupBy(all, ({ metric }) => metric);
  let leftOut = 0;
  for (const metric of Object.keys(METRICS) as MetricName[]) {
    const series = [...(byMetric.get(metric) ?? [])];
    leftOut += Math.max(0, series.length - MAX_SERIES);
    const kept = series.length <= MAX_SERIES ? series : series.toSorted((a, b) => b.value - a.value).slice(0, MAX_SERIES);
    if (metric === 'portlog_series_left_out') kept.push({ metric, labels: {}, value: leftOut });
    if (kept.length > 0) register(registry, metric, kept);
  }
  return registry.metrics();
}

function register(registry: Registry, name: MetricName, all: readonly Series[]): void {
  const { type, help, labels: labelNames }: MetricDefinition = METRICS[name];
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  const add = (set: (labels: Series['labels'], value: number) => void): void => {
    for (const { labels, value } of all) set(shown(labels), value);
  };
  if (type === 'counter') {
    const counter = new Counter(options);
    add((labels, value) => counter.inc(labels, value));
  } else {
    const gauge = new Gauge(options);
    add((labels, value) => gauge.set(labels, value));
  }
}

/** Label values without control characters; long ones are cut, with a digest to keep them apart. */
function shown(labels: Series['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, shortened(printable(text))]));
}

function shortened(text: string): string {
  return Buffer.byteLength(text) <= MAX_LABEL_BYTES ? text : `${clipBytes(text, MAX_LABEL_BYTES)}… ${digest([text]).slice(0, 8)}`;
}
