import { fingerprint } from '../content/fingerprint.ts';
import { kibanaObjects, ndjson, type SavedObject, TAG, TAG_ABOUT } from '../content/kibana-dashboards.ts';
import { KIBANA_RULE_FRAME, kibanaFingerprint, type KibanaRule, kibanaRules } from '../content/kibana-rules.ts';
import type { ContentOptions } from '../content/options.ts';
import { PortlogError } from '../errors.ts';
import type { HttpClient, HttpRequest } from '../sink/http.ts';
import { checkVersion, type Presence, found, installation, type PlanOptions, removal, type Step, wanted } from './step.ts';

const OLDEST = [8, 19] as const;
const XSRF = { 'kbn-xsrf': 'portlog' };
const BOUNDARY = 'portlog-saved-objects';

/**
 * Data views, searches and dashboards over the import of saved objects, alert rules over the alerting API.
 * https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
 * https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-alerting-rule-id
 */
export async function planKibana(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkKibana(client, signal);
  const steps: Step[] = [await planObjects(client, kibanaObjects(options), plan, signal)];
  for (const rule of kibanaRules(options)) steps.push(await planRule(client, rule, plan, signal));
  return steps;
}

export async function planKibanaRemoval(client: HttpClient, options: ContentOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkKibana(client, signal);
  const query = new URLSearchParams({ per_page: '100', filter: `alert.attributes.tags:"${TAG}"` });
  const { body } = await wanted(client, { method: 'GET', path: `/api/alerting/rules/_find?${query.toString()}` }, signal);
  const { data } = JSON.parse(body) as { data: readonly { id: string; name: string }[] };
  const rules = data.map(({ id, name }) =>
    removal(client, `alert rule "${name}"`, { method: 'DELETE', path: `/api/alerting/rule/${encodeURIComponent(id)}`, headers: XSRF }),
  );
  const present = await exported(client, kibanaObjects(options), signal);
  if (present.length === 0) return rules;
  const objects = JSON.stringify(present.map(({ type, id }) => ({ type, id })));
  return [
    ...rules,
    removal(client, describe(present), { method: 'POST', path: '/api/saved_objects/_bulk_delete?force=true', body: objects, headers: XSRF }),
  ];
}

async function checkKibana(client: HttpClient, signal: AbortSignal): Promise<void> {
  const { body } = await wanted(client, { method: 'GET', path: '/api/status' }, signal);
  const version = versionIn(body);
  if (version === undefined)
    throw new PortlogError('setup-refused', `${client.url.origin} does not say that it is a Kibana, or not to us`, {
      hint: 'check the URL, which ends in /s/<space> for a space of its own, and PORTLOG_KIBANA_API_KEY (or _USER and _PASSWORD)',
    });
  checkVersion('Kibana', version, OLDEST);
}

function versionIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { version?: { number?: string } }).version?.number;
  } catch {
    return undefined;
  }
}

/**
 * Kibana brings what it imports up to date, so that what is there never equals what was sent: the tag keeps
 * a fingerprint of each, and whoever has changed something since has changed the second.
 */
async function planObjects(client: HttpClient, objects: readonly SavedObject[], plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const present = await exported(client, objects, signal);
  const ours = fingerprint(objects);
  const request = importOf(objects);
  const step = installation(client, describe(objects), presenceOf(present, ours), request, plan);
  if (step.request === undefined) return step;
  return {
    ...step,
    async apply(signal) {
      await importAll(client, request, signal);
      const theirs = fingerprint(contentOf(await exported(client, objects, signal)));
      await importAll(client, importOf(objects.filter(({ type }) => type === 'tag').map((tag) => marked(tag, `${ours}.${theirs}`))), signal);
    },
  };
}

function presenceOf(present: readonly SavedObject[], ours: string): Presence {
  if (present.length === 0) return 'absent';
  const tag = present.find(({ type }) => type === 'tag');
  const description = tag?.attributes['description'];
  const [, was, left] = (typeof description === 'string' ? MARK.exec(description) : undefined) ?? [];
  if (left !== fingerprint(contentOf(present))) return 'changed';
  return was === ours ? 'as-installed' : 'outdated';
}

const MARK = /\((\w+)\.(\w+)\)$/;

function marked(tag: SavedObject, mark: string): SavedObject {
  return { ...tag, attributes: { ...tag.attributes, description: `${TAG_ABOUT} (${mark})` } };
}

/** What people see and change; not when it was written, and by which version of Kibana. */
function contentOf(objects: readonly SavedObject[]): readonly object[] {
  return objects
    .filter(({ type }) => type !== 'tag')
    .map(({ type, id, attributes }) => ({ type, id, attributes }))
    .toSorted((a, b) => (`${a.type} ${a.id}` < `${b.type} ${b.id}` ? -1 : 1));
}

function describe(objects: readonly SavedObject[]): string {
  const dashboards = objects.filter(({ type }) => type === 'dashboard').length;
  return `${dashboards} dashboards, and ${objects.length - dashboards} data views, searches and tags that belong to them`;
}

/** Those of the objects that are there. */
async function exported(client: HttpClient, objects: readonly SavedObject[], signal: AbortSignal): Promise<readonly SavedObject[]> {
  if (objects.length === 0) return [];
  const body = JSON.stringify({ objects: objects.map(({ type, id }) => ({ type, id })), excludeExportDetails: true });
  const request: HttpRequest = { method: 'POST', path: '/api/saved_objects/_export', body, headers: XSRF };
  const answer = await client.request(request, signal);
  if (answer.status !== 400) {
    const { body: text } = answer.status === 200 ? answer : await wanted(client, request, signal);
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as SavedObject);
  }
  // It exports all or nothing, and names what is missing.
  const { attributes } = JSON.parse(answer.body) as { attributes?: { objects?: readonly { type: string; id: string }[] } };
  const missing = new Set(attributes?.objects?.map(({ type, id }) => `${type} ${id}`));
  const left = objects.filter(({ type, id }) => !missing.has(`${type} ${id}`));
  if (left.length === objects.length) await wanted(client, request, signal);
  return exported(client, left, signal);
}

function importOf(objects: readonly SavedObject[]): HttpRequest {
  const part = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="portlog.ndjson"\r\ncontent-type: application/ndjson\r\n\r\n`;
  return {
    method: 'POST',
    path: '/api/saved_objects/_import?overwrite=true',
    body: `${part}${ndjson(objects)}\r\n--${BOUNDARY}--\r\n`,
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    headers: XSRF,
  };
}

/** A 200 may still say that objects were left out. */
async function importAll(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  const { body } = await wanted(client, request, signal);
  const { success, errors = [] } = JSON.parse(body) as { success: boolean; errors?: readonly { type: string; id: string; error: object }[] };
  const [first] = errors;
  if (success && first === undefined) return;
  const why = first === undefined ? body.slice(0, 200) : `${first.type} ${first.id}: ${JSON.stringify(first.error)}`;
  throw new PortlogError('setup-refused', `Kibana did not import all objects (${why})`, {
    hint: 'portlog setup kibana --export DIR writes the file, for its own import',
  });
}

async function planRule(client: HttpClient, rule: KibanaRule, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const { id, name, tags, params } = rule;
  const path = `/api/alerting/rule/${id}`;
  const answer = await found(client, { method: 'GET', path }, signal);
  const present = answer === undefined ? undefined : (JSON.parse(answer.body) as PresentRule);
  const common = { name, tags, params, schedule: KIBANA_RULE_FRAME.schedule };
  const request: HttpRequest =
    present === undefined
      ? { method: 'POST', path, body: JSON.stringify({ ...common, ...KIBANA_RULE_FRAME, actions: [] }), headers: XSRF }
      : { method: 'PUT', path, body: JSON.stringify({ ...common, actions: present.actions.map(withoutType) }), headers: XSRF };
  return installation(client, `alert rule "${name}"`, rulePresence(present, rule), request, plan);
}

interface PresentRule {
  readonly name: string;
  readonly tags: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
  /** The user's: never touched. */
  readonly actions: readonly object[];
}

function rulePresence(present: PresentRule | undefined, rule: KibanaRule): Presence {
  if (present === undefined) return 'absent';
  // Only what we set: Kibana adds defaults of its own.
  const params = Object.fromEntries(Object.keys(rule.params).flatMap((key) => (key in present.params ? [[key, present.params[key]]] : [])));
  const mark = `portlog:${kibanaFingerprint({ name: present.name, params: params as unknown as KibanaRule['params'] })}`;
  if (!present.tags.includes(mark)) return 'changed';
  return rule.tags.every((tag) => present.tags.includes(tag)) ? 'as-installed' : 'outdated';
}

/** An update takes no `connector_type_id`, which reading gives. */
function withoutType(action: object): object {
  return Object.fromEntries(Object.entries(action).filter(([name]) => name !== 'connector_type_id'));
}
