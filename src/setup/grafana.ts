import { fingerprint } from '../content/fingerprint.ts';
import { GRAFANA_FOLDER, GRAFANA_INTERVAL_S, grafanaRules } from '../content/grafana-rules.ts';
import type { ContentOptions } from '../content/options.ts';
import { packageNames, packageText } from '../core/package-files.ts';
import { PortlogError } from '../core/errors.ts';
import { PORTLOG_VERSION } from '../event/context.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { anything, either, listOf, nullable, object, optional, record, type Shaped, tableOf, text } from '../core/shape.ts';
import { checkVersion, foundAs, successAs } from './ask.ts';
import { planFolderRemoval } from './grafana-folder.ts';
import { type Presence, installation, type PlanOptions, removal, type Step } from './step.ts';

const OLDEST = [10, 0] as const;
const DASHBOARDS = 'dashboards/grafana/dashboards/';
const GROUP = `/api/v1/provisioning/folder/${GRAFANA_FOLDER}/rule-groups/portlog`;

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly current?: object }[] };
}

/**
 * Folder, dashboards and alert rules.
 * https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
 * https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
 */
export async function planGrafana(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkGrafana(client, signal);
  const source = await dataSource(client, options.lokiUid, signal);
  const steps: Step[] = [await planFolder(client, plan, signal)];
  for (const dashboard of dashboardFiles()) steps.push(await planDashboard(client, pointedAt(dashboard, options.lokiUid, source), plan, signal));
  steps.push(await planRules(client, options, plan, signal));
  return steps;
}

export async function planGrafanaRemoval(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkGrafana(client, signal);
  const present = await foundAs(client, { method: 'GET', path: GROUP }, RULE_GROUP, signal);
  const rules = removal(client, 'alert rules', rulesPresence(present, []), { method: 'DELETE', path: GROUP }, plan);
  const steps = [...rules];
  const gone = new Set(isRemoved(rules) ? present?.rules.map(({ uid }) => uid) : []);
  for (const { uid, title } of dashboardFiles()) {
    const found = await dashboardPresence(client, uid, '', signal);
    const step = removal(client, `dashboard "${title}"`, found, { method: 'DELETE', path: `/api/dashboards/uid/${uid}` }, plan);
    if (isRemoved(step)) gone.add(uid);
    steps.push(...step);
  }
  return [...steps, ...(await planFolderRemoval(client, gone, signal))];
}

function isRemoved(steps: readonly Step[]): boolean {
  return steps.some(({ action }) => action === 'remove');
}

/** The committed dashboards. */
function dashboardFiles(): readonly Dashboard[] {
  const names = packageNames(DASHBOARDS).filter((name) => name.endsWith('.json'));
  return names.map((name) => JSON.parse(packageText(DASHBOARDS + name)) as Dashboard);
}

const HEALTH = record({ database: text, version: optional(text) });

async function checkGrafana(client: HttpClient, signal: AbortSignal): Promise<void> {
  const health = await successAs(client, { method: 'GET', path: '/api/health' }, either(HEALTH, anything), signal);
  if (!HEALTH(health)) throw new PortlogError('setup-refused', `${client.url.origin} does not identify itself as Grafana`, { hint: 'check the URL' });
  // An administrator may hide the version.
  if (health.version !== undefined && health.version !== '') checkVersion('Grafana', health.version, OLDEST);
}

const SOURCE = record({ type: text, uid: text, name: text });

/** The name of the data source; alert rules name it by its uid, which must be right. */
async function dataSource(client: HttpClient, uid: string, signal: AbortSignal): Promise<string> {
  const source = await foundAs(client, { method: 'GET', path: `/api/datasources/uid/${encodeURIComponent(uid)}` }, SOURCE, signal);
  if (source?.type === 'loki') return source.name;
  const all = await successAs(client, { method: 'GET', path: '/api/datasources' }, listOf(SOURCE), signal);
  const loki = all.filter(({ type }) => type === 'loki');
  throw new PortlogError('setup-refused', `Grafana has no Loki data source with the uid "${uid}"`, {
    hint:
      loki.length === 0
        ? 'add Loki to its data sources first'
        : `name one with --loki-uid: ${loki.map((one) => `${one.uid} (${one.name})`).join(', ')}`,
  });
}

/** A dashboard with the data source selected that the alert rules use. */
function pointedAt(dashboard: Dashboard, uid: string, name: string): Dashboard {
  const list = dashboard.templating.list.map((variable) =>
    variable.name === 'datasource' ? { ...variable, current: { text: name, value: uid } } : variable,
  );
  return { ...dashboard, templating: { ...dashboard.templating, list } };
}

async function planFolder(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const present = await foundAs(client, { method: 'GET', path: `/api/folders/${GRAFANA_FOLDER}` }, object, signal);
  const body = JSON.stringify({ uid: GRAFANA_FOLDER, title: 'portlog' });
  return installation(
    client,
    `folder ${GRAFANA_FOLDER}`,
    present === undefined ? 'absent' : 'as-installed',
    { method: 'POST', path: '/api/folders', body },
    plan,
  );
}

/** Each version of a dashboard has a message. Ours says what was installed, so a newer version is a change by somebody else. */
async function planDashboard(client: HttpClient, dashboard: Dashboard, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const { uid, title } = dashboard;
  const mark = fingerprint(dashboard);
  const message = `portlog ${PORTLOG_VERSION} ${mark}`;
  const body = JSON.stringify({ dashboard: { ...dashboard, id: null }, folderUid: GRAFANA_FOLDER, overwrite: true, message });
  const finding = await dashboardPresence(client, uid, mark, signal);
  return installation(client, `dashboard "${title}"`, finding, { method: 'POST', path: '/api/dashboards/db', body }, plan);
}

async function dashboardPresence(client: HttpClient, uid: string, mark: string, signal: AbortSignal): Promise<Presence> {
  const answer = await foundAs(client, { method: 'GET', path: `/api/dashboards/uid/${uid}/versions?limit=1` }, VERSIONS, signal);
  if (answer === undefined) return 'absent';
  const [latest] = 'versions' in answer ? answer.versions : answer;
  const [, installed] = /^portlog \S+ (\w+)$/.exec(latest?.message ?? '') ?? [];
  if (installed === undefined) return 'changed';
  return installed === mark ? 'as-installed' : 'outdated';
}

const VERSION = record({ message: nullable(text) });
/** A list until Grafana 11, then an object with one. */
const VERSIONS = either(listOf(VERSION), record({ versions: listOf(VERSION) }));

/** Provisioned rules can only be changed over the API, so rules with our mark are as we left them. */
async function planRules(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const rules = grafanaRules(options);
  const present = await foundAs(client, { method: 'GET', path: GROUP }, RULE_GROUP, signal);
  const body = JSON.stringify({
    title: 'portlog',
    folderUid: GRAFANA_FOLDER,
    interval: GRAFANA_INTERVAL_S,
    rules: rules.map((rule) => ({ ...rule, orgID: 1, folderUID: GRAFANA_FOLDER, ruleGroup: 'portlog' })),
  });
  const request: HttpRequest = { method: 'PUT', path: GROUP, body };
  return installation(client, `${rules.length} alert rules`, rulesPresence(present, rules), request, plan);
}

const RULE_GROUP = record({ rules: listOf(record({ uid: text, annotations: nullable(tableOf(text)) })) });

function rulesPresence(present: Shaped<typeof RULE_GROUP> | undefined, rules: ReturnType<typeof grafanaRules>): Presence {
  if (present === undefined) return 'absent';
  const marks = new Map(present.rules.map(({ uid, annotations }) => [uid, annotations?.['portlog']]));
  if ([...marks.values()].some((mark) => mark === undefined)) return 'changed';
  const isSame = marks.size === rules.length && rules.every(({ uid, annotations }) => marks.get(uid) === annotations['portlog']);
  return isSame ? 'as-installed' : 'outdated';
}
