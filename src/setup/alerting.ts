import { fingerprint } from '../content/fingerprint.ts';
import { type Monitor, opensearchMonitors } from '../content/opensearch-monitors.ts';
import type { ContentOptions } from '../content/options.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { installation, isWithoutPlugin, type PlanOptions, type Presence, presenceByMark, removal, said, type Step, wanted, jsonOf } from './step.ts';

const MONITORS = '/_plugins/_alerting/monitors';
/** Of what is ours, monitors have nothing but a name: how it begins. */
const OURS = '[portlog] ';
const MOST_MONITORS = 1000;

/** Monitors of OpenSearch's alerting plugin: https://docs.opensearch.org/latest/observing-your-data/alerting/api/ */
export async function planMonitors(client: HttpClient, content: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const present = await presentMonitors(client, signal);
  if (present === undefined) return [said('skipped', 'monitors: this server has no alerting plugin')];
  const ours = [...opensearchMonitors(content).values()];
  const gone = present.filter(({ monitor }) => ours.every(({ name }) => name !== monitor.name));
  return [...installations(client, ours, present, plan), ...gone.map((one) => withoutUse(client, one, plan))];
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

export async function planMonitorsRemoval(client: HttpClient, signal: AbortSignal): Promise<readonly Step[]> {
  const monitors = (await presentMonitors(client, signal)) ?? [];
  return monitors.map((one) => monitorRemoval(client, one));
}

function monitorRemoval(client: HttpClient, { id, monitor }: Present): Step {
  return removal(client, `monitor "${monitor.name}"`, { method: 'DELETE', path: `${MONITORS}/${encodeURIComponent(id)}` });
}

/** Of a site that is not watched any more, say: it would alert for ever. What somebody has changed is theirs. */
function withoutUse(client: HttpClient, one: Present, { force }: PlanOptions): Step {
  if (isAsMade(one.monitor) || force) return monitorRemoval(client, one);
  return said('kept', `monitor "${one.monitor.name}", which is of no use any more`);
}

/** A monitor as the plugin keeps it. */
interface Present {
  readonly id: string;
  readonly seqNo: number;
  readonly primaryTerm: number;
  readonly monitor: Monitor;
}

/** Undefined: the plugin is not there. No monitor has ever been made: none. */
async function presentMonitors(client: HttpClient, signal: AbortSignal): Promise<readonly Present[] | undefined> {
  const body = JSON.stringify({ size: MOST_MONITORS, seq_no_primary_term: true, query: { match: { 'monitor.name': 'portlog' } } });
  const request: HttpRequest = { method: 'POST', path: `${MONITORS}/_search`, body };
  const answer = await client.request(request, signal);
  if (isWithoutPlugin(answer)) return undefined;
  if (answer.status === 404) return [];
  const { hits } = jsonOf(client, request, answer) as { hits: { hits: readonly Hit[] } };
  const all = hits.hits.map(({ _id: id, _seq_no: seqNo, _primary_term: primaryTerm, _source: source }) => ({
    id,
    seqNo,
    primaryTerm,
    monitor: 'monitor' in source ? source.monitor : source,
  }));
  return all.filter(({ monitor }) => monitor.name.startsWith(OURS));
}

interface Hit {
  readonly _id: string;
  readonly _seq_no: number;
  readonly _primary_term: number;
  readonly _source: Monitor | { readonly monitor: Monitor };
}

function pathOf({ id, seqNo, primaryTerm }: Present): string {
  return `${MONITORS}/${encodeURIComponent(id)}?if_seq_no=${seqNo}&if_primary_term=${primaryTerm}`;
}

/**
 * The plugin fills in what a query leaves out, so that what is there never equals what was sent: a comment in the script of
 * the trigger keeps a fingerprint of each, and whoever has changed something since has changed the second.
 */
async function applyMarked(client: HttpClient, request: HttpRequest, monitor: Monitor, signal: AbortSignal): Promise<void> {
  const kept = presentIn(await wanted(client, request, signal));
  const marked = { ...kept, monitor: withMark(kept.monitor, `${fingerprint(monitor)}.${contentMark(kept.monitor)}`) };
  await wanted(client, { method: 'PUT', path: pathOf(marked), body: JSON.stringify(marked.monitor) }, signal);
}

/** The answer to a POST or PUT has the monitor as it is kept. */
function presentIn({ body }: HttpAnswer): Present {
  const { _id, _seq_no, _primary_term, monitor } = JSON.parse(body) as Omit<Hit, '_source'> & { readonly monitor: Monitor };
  return { id: _id, seqNo: _seq_no, primaryTerm: _primary_term, monitor };
}

function monitorPresence(present: Monitor | undefined, ours: Monitor): Presence {
  return present === undefined ? 'absent' : presenceByMark(markOf(present), fingerprint(ours), contentMark(present));
}

function isAsMade(present: Monitor): boolean {
  return presenceByMark(markOf(present), '', contentMark(present)) === 'outdated';
}

function markOf(monitor: Monitor): string | undefined {
  return MARK.exec(triggerOf(monitor).condition.script.source)?.[1];
}

const MARK = / \/\* portlog (\w+\.\w+) \*\/$/;

/** What it looks for and when; not whom it tells, which is the user's. */
function contentMark(monitor: Monitor): string {
  const { severity, name, condition } = triggerOf(monitor);
  const source = condition.script.source.replace(MARK, '');
  const { monitor_type, schedule, inputs } = monitor;
  return fingerprint({ monitor_type, schedule, inputs, name, severity, condition: { ...condition, script: { ...condition.script, source } } });
}

function withMark(monitor: Monitor, mark: string): Monitor {
  return withTrigger(monitor, (trigger) => {
    const source = `${trigger.condition.script.source.replace(MARK, '')} /* portlog ${mark} */`;
    return { ...trigger, condition: { ...trigger.condition, script: { ...trigger.condition.script, source } } };
  });
}

/**
 * Whom an alert is sent to, and whether the monitor runs, is the user's. Without the id of its trigger it would be another one:
 * what somebody has acknowledged would come again, and of the rest ten alerts would end and the others stay for ever.
 */
function withChoicesOf(monitor: Monitor, present: Monitor): Monitor {
  const { actions, id } = triggerOf(present);
  return { ...withTrigger(monitor, (trigger) => ({ ...trigger, ...(id === undefined ? {} : { id }), actions })), enabled: present.enabled };
}

/** The members that triggers of both kinds have. */
interface AnyTrigger {
  readonly id?: string;
  readonly name: string;
  readonly severity: string;
  readonly condition: { readonly script: { readonly source: string } };
  readonly actions: readonly unknown[];
}

function triggerOf({ triggers: [trigger] }: Monitor): AnyTrigger {
  return 'bucket_level_trigger' in trigger ? trigger.bucket_level_trigger : trigger.query_level_trigger;
}

function withTrigger(monitor: Monitor, change: (trigger: AnyTrigger) => AnyTrigger): Monitor {
  const kind = 'bucket_level_trigger' in monitor.triggers[0] ? 'bucket_level_trigger' : 'query_level_trigger';
  return { ...monitor, triggers: [{ [kind]: change(triggerOf(monitor)) }] } as unknown as Monitor;
}
