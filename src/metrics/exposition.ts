import { digest } from '../event/id.ts';
import { clipBytes, printable } from '../event/text.ts';
import { METRICS, type MetricDefinition, type MetricName, type Series } from './catalogue.ts';

/** The content type: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Most series per metric, because each costs storage. */
const MAX_SERIES = 200;
/** Most bytes of a label's value, for example a URL or a path. */
const MAX_LABEL_BYTES = 500;

/**
 * The series as text for Prometheus, in the order of the catalogue. At most {@link MAX_SERIES} per metric, the largest ones; a
 * series says how many are left out.
 */
export function exposition(all: readonly Series[]): string {
  const byMetric = Map.groupBy(all, ({ metric }) => metric);
  const families: string[] = [];
  let leftOut = 0;
  for (const metric of Object.keys(METRICS) as MetricName[]) {
    const series = [...(byMetric.get(metric) ?? [])];
    leftOut += Math.max(0, series.length - MAX_SERIES);
    const kept = series.length <= MAX_SERIES ? series : series.toSorted((a, b) => b.value - a.value).slice(0, MAX_SERIES);
    if (metric === 'portlog_series_left_out') kept.push({ metric, labels: {}, value: leftOut });
    if (kept.length > 0) families.push(family(metric, kept));
  }
  return `${families.join('\n\n')}\n`;
}

/** A metric with its series. Two series must not have the same labels, or Prometheus refuses the whole text. */
function family(name: MetricName, all: readonly Series[]): string {
  const { type, help }: MetricDefinition = METRICS[name];
  const values = new Map<string, number>();
  for (const { labels, value } of all) {
    const text = labelText(labels);
    values.set(text, type === 'counter' ? (values.get(text) ?? 0) + value : value);
  }
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...[...values].map(([labels, value]) => `${name}${labels} ${value}`)].join(
    '\n',
  );
}

function labelText(labels: Series['labels']): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(shortened(printable(text))).replaceAll('"', String.raw`\"`)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

/** Long label values are cut, with a digest to keep them apart. */
function shortened(text: string): string {
  return Buffer.byteLength(text) <= MAX_LABEL_BYTES ? text : `${clipBytes(text, MAX_LABEL_BYTES)}… ${digest([text]).slice(0, 8)}`;
}
