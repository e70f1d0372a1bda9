import { type Document, endings, firings, keyOf, valuesAt } from '../../alert/fires.ts';
import { type AlertRule, runbookOf, serverId } from '../../alert/rule.ts';
import type { LogEvent } from '../../event/event.ts';
import { withoutMarkup } from '../../event/markup.ts';
import { clipBytes, printable } from '../../event/text.ts';

/** Limit of annotations, so that an alert stays within a few KB. */
const MAX_ANNOTATION_BYTES = 2048;
const MAX_LABEL_BYTES = 256;

/** Labels identify an alert: few, and constant while it is active. */
export type Labels = Readonly<Record<string, string>>;

/** An alert as an event raises it. */
export interface RaisedAlert {
  /** The alert's key: `keyOf`. */
  readonly key: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Only a later event may end it, epoch milliseconds. */
  readonly after: number;
  /** How long it lasts if no event ends it, in milliseconds. */
  readonly standsMs?: number;
}

/** What an event means for alerts. */
export interface Statement {
  /** Time of the event, epoch milliseconds. */
  readonly time: number;
  readonly raised: readonly RaisedAlert[];
  /** Keys of the alerts that it ends. */
  readonly ended: readonly string[];
  /** A site with a finished scan. */
  readonly scanned?: string;
}

/** Options for the texts of alerts. */
export interface AlertTexts {
  /** Whether an alert is for this destination. `severity`: of the event. */
  readonly isMeant: (rule: AlertRule, document: Document, severity: number) => boolean;
  /** Base address of the runbooks. */
  readonly runbooks: string | undefined;
  /** Address of a host's dashboard, with `{address}` in place of the host. */
  readonly hostDashboard: string | undefined;
}

export function statementOf(event: LogEvent, { isMeant, runbooks, hostDashboard }: AlertTexts): Statement {
  const document = documentOf(event);
  const { time } = event;
  const raised = firings(document, time)
    .filter(({ rule }) => isMeant(rule, document, event.severity))
    .map(({ rule, summary }): RaisedAlert => {
      const { over, overSince } = rule;
      const after = overSince === undefined ? time : Date.parse(String(valuesAt(document, overSince)[0] ?? '')) + 1 || 0;
      return {
        key: keyOf(rule, document),
        labels: labelsOf(rule, document),
        annotations: {
          ...annotationsOf(rule, summary, document, runbookOf(rule.id, { runbooks })),
          ...hostLink(rule, document, hostDashboard),
        },
        after,
        ...(over === undefined ? { standsMs: rule.windowHours * 3_600_000 } : {}),
      };
    });
  const ended = endings(document, time).map((rule) => keyOf(rule, document));
  const [site] = event.action === 'scan-finished' ? valuesAt(document, 'nmap.site') : [];
  return { time, raised, ended, ...(site === undefined ? {} : { scanned: String(site) }) };
}

/** Whether an event means anything for alerts. */
export function isAboutAlerts(event: LogEvent, { isMeant }: AlertTexts): boolean {
  const document = documentOf(event);
  return firings(document, event.time).some(({ rule }) => isMeant(rule, document, event.severity)) || endings(document, event.time).length > 0;
}

/** An event as its rendered document. */
function documentOf({ shared, own }: LogEvent): Document {
  return { ...shared.fields, ...own };
}

/** Labels, with the field that each comes from. */
const PLACE = {
  zone: 'nmap.zone',
  instance: 'server.address',
  port: 'server.port',
  transport: 'network.transport',
  finding: 'rule.id',
  entity: 'nmap.entity.id',
} as const;
/** Labels of alerts that are not about a host or port. */
const OTHER = { sink: 'nmap.delivery.sink' } as const;

/**
 * The labels of an alert. They must distinguish whatever the key of the rule distinguishes, because Alertmanager treats alerts with the same
 * labels as one. Receivers show them, too: Alertmanager's own template for Slack has them in its title.
 */
export function labelsOf(rule: AlertRule, document: Document): Labels {
  const isByItem = rule.key.includes('nmap.entity.id');
  const others = Object.fromEntries(Object.entries(OTHER).filter(([, field]) => rule.key.includes(field)));
  const site = String(valuesAt(document, 'nmap.site')[0] ?? '');
  return {
    alertname: rule.title,
    rule: serverId(rule),
    job: 'portlog',
    severity: rule.severity,
    site,
    ...mapped(textsOf(isByItem ? PLACE : others, document, MAX_LABEL_BYTES), (text) => bounded(withoutMarkup(text), MAX_LABEL_BYTES)),
  };
}

const WORDS = {
  message: 'message',
  host: 'host.name',
  service: 'service.type',
  level: 'nmap.finding.level',
  remedy: 'nmap.finding.remedy',
  event_id: 'event.id',
} as const;

function annotationsOf(rule: AlertRule, summary: string, document: Document, runbook: string): Labels {
  const { message = '', ...more }: Labels = mapped(textsOf(WORDS, document, MAX_ANNOTATION_BYTES), forPeople);
  return { summary: forPeople(summary), message, description: more['remedy'] ?? rule.about, ...more, runbook_url: runbook };
}

/** The link to a host's dashboard; the address comes from a scan, so it is URL-encoded. */
function hostLink({ key }: AlertRule, document: Document, hostDashboard: string | undefined): Labels {
  const [address] = key.includes(PLACE.instance) ? valuesAt(document, PLACE.instance) : [];
  if (hostDashboard === undefined || address === undefined) return {};
  return { host_dashboard: bounded(hostDashboard.replaceAll('{address}', encodeURIComponent(String(address))), MAX_ANNOTATION_BYTES) };
}

/** The values of fields that the event has. */
function textsOf(fields: Readonly<Record<string, string>>, document: Document, bytes: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const [value] = valuesAt(document, field);
      return value === undefined || value === '' ? [] : [[name, bounded(String(value), bytes)]];
    }),
  );
}

function mapped(texts: Labels, change: (text: string) => string): Labels {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}

/** Escapes text for annotations, which receivers may render as markup. */
function forPeople(text: string): string {
  return bounded(withoutMarkup(text), MAX_ANNOTATION_BYTES);
}

function bounded(text: string, bytes: number): string {
  return clipBytes(printable(text), bytes);
}
