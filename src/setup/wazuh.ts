import { wazuhFiles } from '../content/files.ts';
import { allWazuhIds, BASE_ID } from '../content/wazuh-rules.ts';
import type { ContentOptions } from '../content/options.ts';
import { wazuhFingerprint } from '../content/wazuh-file.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { wazuhVersion, wazuhWords } from '../sink/wazuh/api.ts';
import { anything, listOf, number, optional, record, type Shaped, text } from '../core/shape.ts';
import { answeredAs, checkVersion, found, successOf, successAs } from './ask.ts';
import { hintFor } from './rights.ts';
import { installation, type PlanOptions, type Presence, removal, type Step } from './step.ts';

const OLDEST = [4, 6] as const;
/** First version that has no rules in XML. */
const TOO_NEW = 5;

const RULES_FILE = 'portlog_rules.xml';
/** The files that the manager gets. */
const FILES = [
  { what: 'decoder portlog_decoders.xml', file: 'wazuh/portlog_decoders.xml', path: '/decoders/files/portlog_decoders.xml' },
  { what: 'alert rules portlog_rules.xml', file: 'wazuh/portlog_rules.xml', path: '/rules/files/portlog_rules.xml' },
] as const;

/**
 * Installs decoder and rules over the API of a manager, which then loads them. Until they are loaded, a file contains a comment, by which a
 * later set-up notices that loading failed.
 * https://documentation.wazuh.com/current/user-manual/api/reference.html#tag/Rules
 */
export async function planWazuh(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkWazuh(client, signal);
  await refuseDuplicates(client, options, signal);
  const texts = wazuhFiles(options);
  const steps: Step[] = [];
  const marked: HttpRequest[] = [];
  for (const { what, file, path } of FILES) {
    const text = texts.get(file) ?? '';
    const step = installation(client, what, presenceOf(await fileAt(client, path, signal), text), upload(path, text), plan);
    if (step.request === undefined) steps.push(step);
    else {
      marked.push(upload(path, text));
      steps.push({ ...step, apply: (during) => carryOut(client, upload(path, text + PENDING), during) });
    }
  }
  return withLoading(client, steps, marked, signal);
}

/** Follows the text of a file that the manager has not loaded yet. */
const PENDING = '<!-- portlog: not loaded yet -->\n';

function upload(path: string, body: string): HttpRequest {
  return { method: 'PUT', path: `${path}?overwrite=true`, body, contentType: 'application/octet-stream' };
}

/** Refuses ids that other rules have. A manager only logs a warning about two rules with the same id, and one or both never match. */
async function refuseDuplicates(client: HttpClient, options: ContentOptions, signal: AbortSignal): Promise<void> {
  const taken = await takenBy(client, options, signal);
  if (taken === undefined) return;
  const free = await freeBase(client, options, signal);
  throw new PortlogError('setup-refused', `${taken.filename} has a rule ${taken.id}, which is an id of portlog's rules, too: neither may fire then`, {
    hint: free === undefined ? 'give that rule another id' : `choose other ids: --base-id ${free}`,
  });
}

const RULES_AT = record({ data: record({ affected_items: listOf(record({ id: number, filename: text })) }) });
type WazuhRuleAt = Shaped<typeof RULES_AT>['data']['affected_items'][number];

async function takenBy(client: HttpClient, options: ContentOptions, signal: AbortSignal): Promise<WazuhRuleAt | undefined> {
  const path = `/rules?rule_ids=${allWazuhIds(options).join(',')}&select=id,filename&limit=500`;
  const { data } = await successAs(client, { method: 'GET', path }, RULES_AT, signal);
  return data.affected_items.find(({ filename }) => filename !== RULES_FILE);
}

/** A base for ids that are free in the user's range, 100000 to 120000. */
async function freeBase(client: HttpClient, options: ContentOptions, signal: AbortSignal): Promise<number | undefined> {
  for (let base = BASE_ID + 1000; base < 119_000; base += 1000)
    if ((await takenBy(client, { ...options, wazuhBaseId: base }, signal)) === undefined) return base;
  return undefined;
}

export async function planWazuhRemoval(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  await checkWazuh(client, signal);
  const steps: Step[] = [];
  for (const { what, path } of FILES.toReversed()) {
    const presence = presenceOf(await fileAt(client, path, signal), NO_TEXT);
    steps.push(...removal(client, what, presence, { method: 'DELETE', path }, plan).map((step) => answered(client, step)));
  }
  return withLoading(client, steps, [], signal);
}

/** For a removal, to which files of all versions are alike. */
const NO_TEXT = '';

/** A step whose answer may report a failure with a 200. */
function answered(client: HttpClient, step: Step): Step {
  const { request } = step;
  return request === undefined ? step : { ...step, apply: (signal) => carryOut(client, request, signal) };
}

async function checkWazuh(client: HttpClient, signal: AbortSignal): Promise<void> {
  const version = wazuhVersion(await successOf(client, { method: 'GET', path: '/' }, signal));
  if (version === undefined)
    throw new PortlogError('setup-refused', `${client.url.origin} does not identify itself as the API of Wazuh`, {
      hint: 'check the URL; the port is usually 55000',
    });
  checkVersion('Wazuh', version, OLDEST);
  if (Number.parseInt(version, 10) >= TOO_NEW)
    throw new PortlogError('setup-refused', `this is Wazuh ${version}, and portlog's rules are for Wazuh 4`, {
      hint: 'its agents still read the file of --to wazuh=PATH; the rules are in docs/reference/alerts.md',
    });
}

/** The text of a file, undefined when it does not exist. Then the answer is a 200 with an error in JSON instead of XML. */
async function fileAt(client: HttpClient, path: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await found(client, { method: 'GET', path: `${path}?raw=true` }, signal);
  return answer === undefined || answer.body.trimStart().startsWith('{') ? undefined : answer.body;
}

function presenceOf(present: string | undefined, ours: string): Presence {
  if (present === undefined) return 'absent';
  if (present.includes(PENDING.trim())) return 'outdated';
  const there = wazuhFingerprint(present);
  if (there === undefined) return 'changed';
  return there === wazuhFingerprint(ours) ? 'as-installed' : 'outdated';
}

/** A request that changes something: a 200 may still report a failure. */
async function carryOut(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  refuseFailure(client, request, await client.request(request, signal));
}

function refuseFailure(client: HttpClient, request: HttpRequest, answer: HttpAnswer): void {
  const { error = 0, data } = answeredAs(client, request, answer, OUTCOME);
  if (error === 0) return;
  const why = FAILED(data) ? data.failed_items[0]?.error.message : undefined;
  const isDenied = why !== undefined && /permission denied/i.test(why);
  throw new PortlogError(
    'setup-refused',
    `${client.url.origin} did not do ${request.method} ${request.path}: ${wazuhWords(answer)}${why === undefined ? '' : ` (${why})`}`,
    {
      hint: (isDenied ? hintFor(403, request.path) : undefined) ?? MANAGER_UNCHANGED,
    },
  );
}

const MANAGER_UNCHANGED =
  'the manager keeps running with its previous rules; once that is fixed, run this again (or restart it: systemctl restart wazuh-manager)';

const OUTCOME = record({ error: optional(number), data: anything });
const FAILED = record({ failed_items: listOf(record({ error: record({ message: text }) })) });

/**
 * Adds the step that loads the rules. It is left out when nothing was changed, and stops when the manager's validation fails, because the
 * manager would not start again.
 */
async function withLoading(
  client: HttpClient,
  steps: readonly Step[],
  marked: readonly HttpRequest[],
  signal: AbortSignal,
): Promise<readonly Step[]> {
  if (!steps.some(({ request }) => request !== undefined)) return steps;
  const of = (await isCluster(client, signal)) ? 'cluster' : 'manager';
  const request: HttpRequest = { method: 'PUT', path: `/${of}/analysisd/reload` };
  return [
    ...steps,
    {
      what: `decoders and rules into the ${of}`,
      action: 'load',
      request,
      async apply(during) {
        await carryOut(client, { method: 'GET', path: `/${of}/configuration/validation` }, during);
        await load(client, of, request, during);
        for (const file of marked) await carryOut(client, file, during);
      },
    },
  ];
}

/** Loads the rules. Managers before 4.14 only do that when they start, so they are restarted. */
async function load(client: HttpClient, of: string, reload: HttpRequest, signal: AbortSignal): Promise<void> {
  const answer = await client.request(reload, signal);
  if ([403, 404, 405].includes(answer.status)) await carryOut(client, { method: 'PUT', path: `/${of}/restart` }, signal);
  else refuseFailure(client, reload, answer);
}

async function isCluster(client: HttpClient, signal: AbortSignal): Promise<boolean> {
  const { data } = await successAs(client, { method: 'GET', path: '/cluster/status' }, CLUSTER, signal);
  return data.enabled === 'yes' && data.running === 'yes';
}

const CLUSTER = record({ data: record({ enabled: text, running: text }) });
