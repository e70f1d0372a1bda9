import { fingerprint } from '../content/fingerprint.ts';
import { type Monitor, opensearchMonitors } from '../content/opensearch-monitors.ts';
import type { ContentOptions } from '../content/options.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { anything, boolean, either, listOf, number, object, optional, record, type Shape, type Shaped, text } from '../core/shape.ts';
import { answeredAs, done, isWithoutPlugin, successAs } from './ask.ts';
import { installation, type PlanOptions, type Presence, presenceByMark, removal, notice, type Step, withoutUse } from './step.ts';

const MONITORS = '/_plugins/_alerting/monitors';
/** Prefix of our monitors' names, by which they are recognised. */
const OURS = '[portlog] ';
const MOST_MONITORS = 1000;

/** Monitors of OpenSearch's alerting plugin: https://docs.opensearch.org/latest/observing-your-data/alerting/api/ */
export async function planMonitors(client: HttpClient, content: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const present = await presentMonitors(client, signal);
  if (present === undefined) return [notice('skipped', 'monitors: this server has no alerting plugin')];
  const ours = [...opensearchMonitors(content).values()];
  const gone = present.filter(({ monitor }) => ours.every(({ name }) => name !== monitor.name));
  return [...installations(client, ours, present, plan), ...withoutUse(gone.flatMap((one) => monitorRemoval(client, one, plan)))];
}

function installations(client: HttpClient, ours: readonly Monitor[], present: readonly Present[], plan: PlanOptions): readonly Step[] {
  return ours.map((monitor) => {
    const there = present.find((one) => one.monitor.name === monitor.name);
    const request: HttpRequest =
      there === undefined
        ? { method: 'POST', path: MONITORS, body: JSON.stringify(monitor) }
        : { method: 'PUT', path: pathOf(there), body: JSON.stringify(withChoicesOf(monitor, there.monitor)) };
    const step = installation(client, `monitor "${monitor.name}"`, monitorPresence(there?.monitor, monitor), request, plan);
    return step.request === undefined ? step : { ...step, apply: (during: AbortSignal) => applyMarked(client, request, monitor, during) };
  });
}

export async function planMonitorsRemoval(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const monitors = (await presentMonitors(client, signal)) ?? [];
  return monitors.flatMap((one) => monitorRemoval(client, one, plan));
}

function monitorRemoval(client: HttpClient, { id, monitor }: Present, plan: PlanOptions): readonly Step[] {
  const found = isUnmodified(monitor) ? 'as-installed' : 'changed';
  return removal(client, `monitor "${monitor.name}"`, found, { method: 'DELETE', path: `${MONITORS}/${encodeURIComponent(id)}` }, plan);
}

const TRIGGER = record({
  id: optional(text),
  name: text,
  severity: text,
  condition: record({ script: record({ source: text }) }),
  actions: listOf(anything),
});

/** The members of our monitors that set-up reads. */
const MONITOR = record({
  name: text,
  monitor_type: text,
  enabled: boolean,
  schedule: object,
  inputs: listOf(object),
  triggers: onlyOne(either(record({ bucket_level_trigger: TRIGGER }), record({ query_level_trigger: TRIGGER }))),
});
type KeptMonitor = Shaped<typeof MONITOR>;

function onlyOne<T>(shape: Shape<T>): Shape<readonly [T]> {
  return (value): value is readonly [T] => Array.isArray(value) && value.length === 1 && shape(value[0]);
}

/** Any other monitor, of which only the name is certain. */
const ANY_MONITOR = record({ name: text });

const HIT = record({ _id: text, _seq_no: number, _primary_term: number, _source: either(record({ monitor: ANY_MONITOR }), ANY_MONITOR) });
const HITS = record({ hits: record({ hits: listOf(HIT) }) });
/** The answer to a POST or PUT, with the monitor as it is stored. */
const KEPT = record({ _id: text, _seq_no: number, _primary_term: number, monitor: MONITOR });

/** A monitor as the plugin stores it. */
interface Present {
  readonly id: string;
  readonly seqNo: number;
  readonly primaryTerm: number;
  readonly monitor: Shaped<typeof ANY_MONITOR>;
}

/** The existing monitors; undefined without the plugin. Before the first monitor is created, there is no index of them. */
async function presentMonitors(client: HttpClient, signal: AbortSignal): Promise<readonly Present[] | undefined> {
  const body = JSON.stringify({ size: MOST_MONITORS, seq_no_primary_term: true, query: { match: { 'monitor.name': 'portlog' } } });
  const request: HttpRequest = { method: 'POST', path: `${MONITORS}/_search`, body };
  const answer = await client.request(request, signal);
  if (isWithoutPlugin(answer)) return undefined;
  if (answer.status === 404) return [];
  const { hits } = answeredAs(client, request, answer, HITS);
  const all = hits.hits.map(({ _id: id, _seq_no: seqNo, _primary_term: primaryTerm, _source: source }) => ({
    id,
    seqNo,
    primaryTerm,
    monitor: 'monitor' in source ? source.monitor : source,
  }));
  return all.filter(({ monitor }) => monitor.name.startsWith(OURS));
}

function pathOf({ id, seqNo, primaryTerm }: Omit<Present, 'monitor'>): string {
  return `${MONITORS}/${encodeURIComponent(id)}?if_seq_no=${seqNo}&if_primary_term=${primaryTerm}`;
}

/**
 * The plugin adds what a query leaves out, so a stored monitor never equals what was sent. A comment in the trigger's script keeps a
 * fingerprint of each, and the second one differs when a user has changed the monitor since.
 */
async function applyMarked(client: HttpClient, request: HttpRequest, monitor: Monitor, signal: AbortSignal): Promise<void> {
  const { _id: id, _seq_no: seqNo, _primary_term: primaryTerm, monitor: kept } = await successAs(client, request, KEPT, signal);
  const marked = withMark(kept, `${fingerprint(monitor)}.${contentMark(kept)}`);
  await done(client, { method: 'PUT', path: pathOf({ id, seqNo, primaryTerm }), body: JSON.stringify(marked) }, signal);
}

function monitorPresence(present: unknown, ours: Monitor): Presence {
  if (present === undefined) return 'absent';
  return MONITOR(present) ? presenceByMark(markOf(present), fingerprint(ours), contentMark(present)) : 'changed';
}

function isUnmodified(present: unknown): boolean {
  return MONITOR(present) && presenceByMark(markOf(present), '', contentMark(present)) === 'outdated';
}

function markOf(monitor: KeptMonitor): string | undefined {
  return MARK.exec(triggerOf(monitor).condition.script.source)?.[1];
}

const MARK = / \/\* portlog (\w+\.\w+) \*\/$/;

/** The fingerprint of query and schedule, without actions, which belong to the user. */
function contentMark(monitor: KeptMonitor): string {
  const { severity, name, condition } = triggerOf(monitor);
  const source = condition.script.source.replace(MARK, '');
  const { monitor_type, schedule, inputs } = monitor;
  return fingerprint({ monitor_type, schedule, inputs, name, severity, condition: { ...condition, script: { ...condition.script, source } } });
}

function withMark(monitor: KeptMonitor, mark: string): KeptMonitor {
  return withTrigger(monitor, (trigger) => {
    const source = `${trigger.condition.script.source.replace(MARK, '')} /* portlog ${mark} */`;
    return { ...trigger, condition: { ...trigger.condition, script: { ...trigger.condition.script, source } } };
  });
}

/**
 * Keeps the user's actions and whether the monitor runs. The trigger keeps its id: with another one, acknowledged alerts would
 * come again, and others would stay for ever.
 */
function withChoicesOf(monitor: Monitor, present: unknown): object {
  if (!MONITOR(present)) return monitor;
  const { actions, id } = triggerOf(present);
  return { ...withTrigger(monitor, (trigger) => ({ ...trigger, ...(id === undefined ? {} : { id }), actions })), enabled: present.enabled };
}

/** The members that triggers of both kinds have. */
type AnyTrigger = Omit<Shaped<typeof TRIGGER>, 'id'> & { readonly id?: string | undefined };

interface WithTrigger {
  readonly triggers: readonly [{ readonly bucket_level_trigger: AnyTrigger } | { readonly query_level_trigger: AnyTrigger }];
}

function triggerOf({ triggers: [trigger] }: WithTrigger): AnyTrigger {
  return 'bucket_level_trigger' in trigger ? trigger.bucket_level_trigger : trigger.query_level_trigger;
}

function withTrigger<M extends WithTrigger>(monitor: M, change: (trigger: AnyTrigger) => AnyTrigger): M {
  const kind = 'bucket_level_trigger' in monitor.triggers[0] ? 'bucket_level_trigger' : 'query_level_trigger';
  return { ...monitor, triggers: [{ [kind]: change(triggerOf(monitor)) }] };
}
