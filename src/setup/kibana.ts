import { kibanaObjects, TAG, TAG_ABOUT } from '../content/kibana-dashboards.ts';
import { KIBANA_RULE_FRAME, kibanaFingerprint, type KibanaRule, kibanaRules } from '../content/kibana-rules.ts';
import type { ContentOptions } from '../content/options.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { type AnySavedObject, checkDashboards, planObjects, planObjectsRemoval, type SavedObjectsServer } from './saved-objects.ts';
import { listOf, object, optional, record, type Shaped, text } from '../core/shape.ts';
import { done, foundAs, isDone } from './ask.ts';
import { allPages } from './kibana-pages.ts';
import { type Presence, installation, type PlanOptions, removal, type Step, withoutUse } from './step.ts';

const OLDEST = [8, 19] as const;
const XSRF = { 'kbn-xsrf': 'portlog' };

/**
 * Data views, searches and dashboards over the import of saved objects, alert rules over the alerting API.
 * https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
 * https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-alerting-rule-id
 * `onlyAbsences`: of rules, those that Elastic Security has no form for.
 */
export async function planKibana(
  client: HttpClient,
  options: ContentOptions,
  plan: PlanOptions & { readonly onlyAbsences: boolean },
  signal: AbortSignal,
): Promise<readonly Step[]> {
  await checkKibana(client, signal);
  const steps: Step[] = [await planObjects(KIBANA, client, kibanaObjects(options), plan, signal)];
  const rules = kibanaRules(options, plan.onlyAbsences ? 'absences' : 'all');
  for (const rule of rules) steps.push(await planRule(client, rule, plan, signal));
  const present = await presentRules(client, signal);
  const gone = present.filter((rule) => isMarked(rule) && rules.every(({ id }) => rule.id !== id));
  return [...steps, ...withoutUse(gone.flatMap((rule) => ruleRemoval(client, rule, options, plan)))];
}

/** Others may use the tag for rules of their own about these events, so the tag alone makes no rule ours. */
export async function planKibanaRemoval(
  client: HttpClient,
  options: ContentOptions,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  await checkKibana(client, signal);
  const rules = (await presentRules(client, signal)).flatMap((rule) => ruleRemoval(client, rule, options, plan));
  return [...rules, ...(await planObjectsRemoval(KIBANA, client, kibanaObjects(options), plan, signal))];
}

const FOUND_RULE = record({ id: text, name: text, tags: listOf(text), params: object });
type FoundRule = Shaped<typeof FOUND_RULE>;

async function presentRules(client: HttpClient, signal: AbortSignal): Promise<readonly FoundRule[]> {
  return allPages(client, { path: '/api/alerting/rules/_find', filter: `alert.attributes.tags:"${TAG}"` }, FOUND_RULE, signal);
}

function ruleRemoval(client: HttpClient, rule: FoundRule, options: ContentOptions, plan: PlanOptions): readonly Step[] {
  const ours = new Set(kibanaRules(options).flatMap(({ params }) => Object.keys(params)));
  const params = Object.fromEntries(Object.entries(rule.params).filter(([name]) => ours.has(name)));
  const found = isUnmodified(rule, params) ? 'as-installed' : 'changed';
  const request: HttpRequest = { method: 'DELETE', path: `/api/alerting/rule/${encodeURIComponent(rule.id)}`, headers: XSRF };
  return removal(client, `alert rule "${rule.name}"`, found, request, plan);
}

/** Whether portlog made a rule, or the one that it was copied from. */
function isMarked({ tags }: FoundRule): boolean {
  return tags.some((tag) => tag.startsWith('portlog:'));
}

function isUnmodified({ name, tags }: Pick<PresentRule, 'name' | 'tags'>, params: Readonly<Record<string, unknown>>): boolean {
  return tags.includes(`portlog:${kibanaFingerprint({ name, params: params as unknown as KibanaRule['params'] })}`);
}

const KIBANA: SavedObjectsServer = {
  product: 'Kibana',
  headers: XSRF,
  mark: { type: 'tag', id: TAG, text: TAG_ABOUT },
  what: objectsInWords,
  removals(objects) {
    const body = JSON.stringify(objects.map(({ type, id }) => ({ type, id })));
    return [{ what: objectsInWords(objects), request: { method: 'POST', path: '/api/saved_objects/_bulk_delete?force=true', body, headers: XSRF } }];
  },
};

function objectsInWords(objects: readonly AnySavedObject[]): string {
  const dashboards = objects.filter(({ type }) => type === 'dashboard').length;
  return `${dashboards} dashboards, and ${objects.length - dashboards} data views, searches and tags that belong to them`;
}

async function checkKibana(client: HttpClient, signal: AbortSignal): Promise<void> {
  const hint = 'check the URL, which ends in /s/<space> for a space of its own, and PORTLOG_KIBANA_API_KEY (or _USER and _PASSWORD)';
  await checkDashboards(client, 'Kibana', OLDEST, hint, signal);
}

async function planRule(client: HttpClient, rule: KibanaRule, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const { id, name, tags, params } = rule;
  const path = `/api/alerting/rule/${id}`;
  const present = await foundAs(client, { method: 'GET', path }, PRESENT_RULE, signal);
  const common = { name, tags, params, schedule: KIBANA_RULE_FRAME.schedule };
  const body = present === undefined ? { ...common, ...KIBANA_RULE_FRAME, actions: [] } : { ...common, actions: present.actions.map(withoutType) };
  const request = (links: object): HttpRequest => ({
    method: present === undefined ? 'POST' : 'PUT',
    path,
    body: JSON.stringify({ ...body, ...links }),
    headers: XSRF,
  });
  const linked = request({ artifacts: artifactsOf(rule, present) });
  const step = installation(client, `alert rule "${name}"`, rulePresence(present, rule), linked, plan);
  return step.request === undefined ? step : { ...step, apply: (during) => linkedIfPossible(client, linked, request({}), during) };
}

/** Keeps dashboards that somebody has added. One that is listed twice would be refused. */
function artifactsOf({ artifacts }: KibanaRule, present: PresentRule | undefined): object {
  const found = present?.artifacts?.dashboards ?? [];
  const theirs = found.filter(({ id }) => artifacts.dashboards.every((own) => own.id !== id));
  return { ...artifacts, dashboards: [...artifacts.dashboards, ...theirs].slice(0, MOST_LINKS) };
}

/** Most dashboards that Kibana accepts per rule. */
const MOST_LINKS = 10;

/** Installs a rule with links, or without them in a Kibana that does not know them (9.0). */
async function linkedIfPossible(client: HttpClient, linked: HttpRequest, plain: HttpRequest, signal: AbortSignal): Promise<void> {
  const answer = await client.request(linked, signal);
  if (answer.status === 400 && answer.body.includes('artifacts')) await done(client, plain, signal);
  else isDone(client, linked, answer);
}

/** An installed rule. Its actions belong to the user and are never changed. */
const PRESENT_RULE = record({
  name: text,
  tags: listOf(text),
  params: object,
  actions: listOf(object),
  artifacts: optional(record({ dashboards: optional(listOf(record({ id: text }))) })),
});
type PresentRule = Shaped<typeof PRESENT_RULE>;

function rulePresence(present: PresentRule | undefined, rule: KibanaRule): Presence {
  if (present === undefined) return 'absent';
  // Only what we set: Kibana adds defaults of its own.
  const params = Object.fromEntries(Object.keys(rule.params).flatMap((key) => (key in present.params ? [[key, present.params[key]]] : [])));
  if (!isUnmodified(present, params)) return 'changed';
  return rule.tags.every((tag) => present.tags.includes(tag)) ? 'as-installed' : 'outdated';
}

/** An update refuses `connector_type_id`, which a read returns. */
function withoutType(action: object): object {
  return Object.fromEntries(Object.entries(action).filter(([name]) => name !== 'connector_type_id'));
}
