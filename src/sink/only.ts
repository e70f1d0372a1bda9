import { type Document, firings, valuesAt } from '../alert/fires.ts';
import type { AlertRule } from '../alert/rule.ts';
import { ALERTING, type Dataset, DATASETS, GENERIC, levelOf, type LogEvent, SEVERITY } from '../event/event.ts';
import type { Sink } from './sink.ts';

/** Which events a destination gets, besides `datasets`; absent members do not restrict. */
export interface Only {
  /** Ids of alert rules, one of which an event must raise, or of rules of weaknesses, one of which it must be about. */
  readonly rules?: readonly string[] | undefined;
  /** Minimum severity, 0 to 100: of the event, or of an alert that it raises. */
  readonly severity?: number | undefined;
  /** Zones of the host that an event is about; events about a whole scan or about portlog have none, and are left out. */
  readonly zones?: readonly string[] | undefined;
  readonly sites?: readonly string[] | undefined;
}

/** `Sink.accepts`: all datasets unless some are named, `more` that this sink supports, and always records of other programs. */
export function accepting(
  { datasets }: { readonly datasets?: readonly Dataset[] | undefined },
  more: readonly Dataset[] = [],
): (dataset: Dataset) => boolean {
  const possible: readonly Dataset[] = [...DATASETS, GENERIC, ...more];
  const accepted = new Set<Dataset>(
    datasets === undefined ? possible : possible.filter((dataset) => dataset === GENERIC || datasets.includes(dataset)),
  );
  return (dataset) => accepted.has(dataset);
}

/** Adds the filter to a sink. A sink that filters by itself is returned as it is. */
export function narrowed(sink: Sink, only: Only | undefined): Sink {
  return only === undefined || sink.wants !== undefined ? sink : { ...sink, lines: undefined, wants: (event) => isMeant(only, event) };
}

/** Whether an event is for a destination. Records of other programs always are. */
function isMeant(only: Only, event: LogEvent): boolean {
  if (event.dataset === GENERIC) return true;
  const document = { ...event.shared.fields, ...event.own };
  if (!isInPlace(only, document)) return false;
  if (only.rules === undefined && isSevereEnough(only, event.severity)) return true;
  const raised = ALERTING_DATASETS.has(event.dataset) ? firings(document, event.time) : [];
  if (raised.some(({ rule }) => isAlertMeant(only, document, event.severity, rule))) return true;
  return isSevereEnough(only, event.severity) && isAboutOneOf(only, document);
}

/** Whether an alert that an event raises is for a destination. `severity`: of the event. */
export function isAlertMeant(only: Only | undefined, document: Document, severity: number, rule: AlertRule): boolean {
  if (only === undefined) return true;
  const isNamed = only.rules === undefined || only.rules.includes(rule.id) || isAboutOneOf(only, document);
  return isNamed && isInPlace(only, document) && (isSevereEnough(only, severity) || isSevereEnough(only, SEVERITY[rule.severity]));
}

/** A description of the filter for people; undefined without one. */
export function filterText({
  datasets,
  only = {},
}: {
  readonly datasets: readonly string[] | undefined;
  readonly only?: Only | undefined;
}): string | undefined {
  const { rules, severity, zones, sites } = only;
  const parts = [
    datasets && `of ${datasets.join(', ')}`,
    rules && `of the rules ${rules.join(', ')}`,
    severity === undefined ? undefined : `of severity ${levelOf(severity)} or more, itself or by an alert that it raises`,
    zones && `in the zones ${zones.join(', ')}`,
    sites && `of the sites ${sites.join(', ')}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : `only what is ${parts.join(', and ')}`;
}

/** The filter as one word, which distinguishes destinations at one address. */
export function onlyInScope({ rules, severity, zones, sites }: Only = {}): string | undefined {
  const parts = Object.entries({ rules, severity: severity === undefined ? undefined : [String(severity)], zones, sites });
  const words = parts.flatMap(([name, list]) => (list === undefined ? [] : [`${name}:${list.map(encodeURIComponent).toSorted().join(',')}`]));
  return words.length === 0 ? undefined : words.join(';');
}

const ALERTING_DATASETS: ReadonlySet<string> = new Set(ALERTING);

function isSevereEnough({ severity = 0 }: Only, own: number): boolean {
  return own >= severity;
}

function isAboutOneOf({ rules = [] }: Only, document: Document): boolean {
  return valuesAt(document, 'rule.id').some((id) => rules.includes(String(id)));
}

function isInPlace({ zones, sites }: Only, document: Document): boolean {
  const isAboutHost = valuesAt(document, 'server.address').length > 0 || valuesAt(document, 'host.ip').length > 0;
  const isIn = (list: readonly string[] | undefined, field: string): boolean =>
    list === undefined || valuesAt(document, field).some((value) => list.includes(String(value)));
  return isIn(sites, 'nmap.site') && (!isAboutHost || isIn(zones, 'nmap.zone'));
}
