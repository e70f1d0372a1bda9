import type { Dataset, LogEvent } from '../../event/event.ts';
import { textAt } from '../../event/text-at.ts';
import { PortlogError } from '../../core/errors.ts';

/** Loki's defaults: https://grafana.com/docs/loki/latest/configure/#limits_config */
const MAX_LABELS = 15;
const MAX_LABEL_VALUE_BYTES = 2048;
/** portlog's own labels; `late` only for late entries. */
const OWN_LABELS = ['service_name', 'dataset', 'site', 'late'] as const;

/** Validates the user's labels early: an invalid one would make Loki refuse everything. */
export function checkedLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(labels)) {
    const problem = problemWith(name, value);
    if (problem !== undefined)
      throw new PortlogError('sink-options', `loki: the stream label ${name} ${problem}`, {
        hint: 'labels are few and their values as well; what differs from event to event is in the structured metadata already',
      });
  }
  const count = OWN_LABELS.length + Object.keys(labels).length;
  if (count > MAX_LABELS)
    throw new PortlogError('sink-options', `loki: ${count} labels are more than the ${MAX_LABELS} that Loki accepts`, {
      hint: `leave some of streamLabels out; ${OWN_LABELS.length} are portlog's own`,
    });
  return labels;
}

/**
 * The stream of an event, as the JSON of its labels: the partition of its batch, because errors about
 * one stream of a request may hide behind the success of another (one stream per request).
 */
export function streamOf(event: LogEvent, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify({ service_name: 'portlog', dataset: event.dataset, site: siteOf(event), ...labels });
}

/** The stream for late entries, so that these do not move the time window of the main stream. */
export function lateStream(stream: string): string {
  return `${stream.slice(0, -1)},"late":"true"}`;
}

/** Datasets that alert rules listen to carry the time of sending: rules look at the last minutes only. */
export function carriesSendTime(dataset: Dataset): boolean {
  return dataset === 'nmap.scan' || dataset === 'nmap.change' || dataset === 'nmap.health';
}

function siteOf({ own }: LogEvent): string {
  return textAt(own, 'nmap', 'site') ?? 'default';
}

function problemWith(name: string, value: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'is not a name that Loki accepts: only letters, digits and underscores, no digit first';
  if (name.startsWith('__')) return "begins with __, which is Loki's own";
  if ((OWN_LABELS as readonly string[]).includes(name)) return "is portlog's own";
  if (value === '') return 'has no value';
  return Buffer.byteLength(value) > MAX_LABEL_VALUE_BYTES ? `has a value of more than ${MAX_LABEL_VALUE_BYTES} bytes` : undefined;
}
