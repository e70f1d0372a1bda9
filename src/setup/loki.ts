import { jsonIn, refusesPath, wordsAt } from '../sink/transport/answer.ts';
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import { fingerprint } from '../content/fingerprint.ts';
import { LOKI_GROUP, type LokiRuleGroup, lokiRuleGroup } from '../content/loki-rules.ts';
import type { ContentOptions } from '../content/options.ts';
import { PortlogError } from '../core/errors.ts';
import { tenantHeaders } from '../sink/transport/credentials.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { listOf, object, optional, record, type Shaped, tableOf, text } from '../core/shape.ts';
import { accepted, checkVersion, readAs, refusalOf, errorTextIn } from './ask.ts';
import { type Presence, installation, type PlanOptions, removal, type Step } from './step.ts';

/** First version with structured metadata, which all our queries need, on by default. */
const OLDEST = [3, 0] as const;
const NAMESPACE = `/loki/api/v1/rules/${LOKI_GROUP}`;

/** The server takes Loki's pushes and has nothing else of Loki, like VictoriaLogs: there are no alert rules, and never will be. */
export class NoRuler extends PortlogError {
  constructor({ url }: Pick<HttpClient, 'url'>) {
    super('setup-refused', `${url.origin} takes what is pushed to Loki, and has no ruler for alert rules`, {
      hint: 'portlog setup loki --export DIR writes the rules, for a ruler elsewhere',
    });
  }
}

/** Alert rules over the API of the ruler: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ruler */
export async function planLoki(
  client: HttpClient,
  tenant: string | undefined,
  options: ContentOptions,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const headers = tenantHeaders(tenant);
  const about: HttpRequest = { method: 'GET', path: '/loki/api/v1/status/buildinfo', headers };
  const answer = await client.request(about, signal);
  if (refusesPath(answer.status, answer.body)) throw new NoRuler(client);
  const build = answer.status === 404 ? undefined : accepted(client, about, answer);
  const version = build === undefined ? '' : wordsAt(jsonIn(build.body), 'version');
  // A Loki that was built from source may not know its version.
  if (version !== undefined && /^\d/.test(version)) checkVersion('Loki', version, OLDEST);
  const group = lokiRuleGroup(options);
  const install: HttpRequest = {
    method: 'POST',
    path: NAMESPACE,
    body: stringify(group, { lineWidth: 0 }),
    contentType: 'application/yaml',
    headers,
  };
  const present = await presentGroup(client, headers, signal);
  return [installation(client, what(group), presenceOf(present, group), install, plan)];
}

export async function planLokiRemoval(
  client: HttpClient,
  tenant: string | undefined,
  plan: PlanOptions,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const headers = tenantHeaders(tenant);
  const present = await presentGroup(client, headers, signal);
  if (present === undefined) return [];
  const found = present.rules.every(isUnmodified) ? 'as-installed' : 'changed';
  return removal(client, what(present), found, { method: 'DELETE', path: `${NAMESPACE}/${LOKI_GROUP}`, headers }, plan);
}

function what({ rules }: { readonly rules: readonly unknown[] }): string {
  return `rule group ${LOKI_GROUP} with ${rules.length} alert rules in the ruler`;
}

async function presentGroup(client: HttpClient, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<PresentGroup | undefined> {
  const request: HttpRequest = { method: 'GET', path: `${NAMESPACE}/${LOKI_GROUP}`, headers };
  const answer = await client.request(request, signal);
  if (answer.status === 200) return readAs(client, request, answer, yamlIn(answer.body), GROUP);
  if (answer.status === 404 && /group does not exist|no rule groups/.test(answer.body)) return undefined;
  if (answer.status === 401 && headers['x-scope-orgid'] === undefined)
    throw new PortlogError('setup-refused', `${client.url.origin} requires a tenant for rules (401: ${errorTextIn(answer)})`, {
      hint: 'this Loki has tenants: set PORTLOG_LOKI_TENANT (or tenant at the sink loki in the configuration); if it wants a password instead, PORTLOG_LOKI_USER and _PASSWORD',
    });
  if (answer.status === 401 || answer.status === 403) throw refusalOf(client, { method: 'GET', path: NAMESPACE }, answer);
  throw noApi(client, answer);
}

/** Anybody may have added rules of another kind. */
const GROUP = record({ interval: optional(text), rules: listOf(object) });
type PresentGroup = Shaped<typeof GROUP>;

/** Size limit of the ruler's answer, far above our own rules. */
const MOST_YAML = 4 << 20;

function yamlIn(body: string): unknown {
  if (body.length > MOST_YAML) return undefined;
  try {
    return parse(body);
  } catch {
    return undefined;
  }
}

/** The error when there is no ruler, or it reads its rules from files only. */
function noApi({ url }: HttpClient, answer: HttpAnswer): PortlogError {
  return new PortlogError('setup-refused', `${url.origin} accepts no rules over the API of its ruler (${answer.status}: ${errorTextIn(answer)})`, {
    hint: 'where it reads them from files: portlog setup loki --export DIR, and rules.yaml into its rules directory',
  });
}

function presenceOf(present: PresentGroup | undefined, group: LokiRuleGroup): Presence {
  if (present === undefined) return 'absent';
  if (!present.rules.every(isUnmodified)) return 'changed';
  return isDeepStrictEqual(present.rules, group.rules) && present.interval === group.interval ? 'as-installed' : 'outdated';
}

/** Compares with the fingerprint that each rule carries. */
function isUnmodified(rule: unknown): boolean {
  if (!RULE(rule)) return false;
  const { annotations, alert, expr, labels } = rule;
  const { portlog, ...others } = annotations;
  return portlog === fingerprint({ alert, expr, labels, annotations: others });
}

const RULE = record({ alert: text, expr: text, labels: tableOf(text), annotations: tableOf(text) });
