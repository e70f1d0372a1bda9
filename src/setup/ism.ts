import { type IsmPolicy, ismPolicy } from '../content/ism-policy.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { anything, boolean, either, listOf, nullable, number, optional, record, type Shaped, tableOf, text } from '../core/shape.ts';
import { answeredAs, isWithoutPlugin, successAs } from './ask.ts';
import { installation, type PlanOptions, type Presence, removal, notice, type Step } from './step.ts';

const ISM = '/_plugins/_ism';
const NAME = 'portlog';
const POLICY = `${ISM}/policies/${NAME}`;
const INDICES = '.ds-logs-nmap.*';

/**
 * A policy of OpenSearch's index state management: how long events are kept. A managed index keeps the copy of the policy that
 * it started with, and an older index has none: both must be updated. https://docs.opensearch.org/latest/im-plugin/ism/api/
 */
export async function planPolicy(client: HttpClient, days: number, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const ours = ismPolicy(days);
  const present = await presentPolicy(client, signal);
  if (present === NO_PLUGIN) return [notice('skipped', 'policy portlog: this server has no index state management')];
  const what = `policy portlog: events are deleted after ${days} days`;
  const query = present === undefined ? '' : `?if_seq_no=${present._seq_no}&if_primary_term=${present._primary_term}`;
  const request: HttpRequest = { method: 'PUT', path: POLICY + query, body: JSON.stringify(ours) };
  const step = installation(client, what, policyPresence(present, ours), request, plan);
  if (step.action === 'kept') return [step];
  const indices = await managedIndices(client, signal);
  const without = indices.filter(({ policy }) => policy === undefined);
  // An index without a number has not started the policy yet, and will take the current one.
  const outdated = indices.filter(
    ({ policy, seqNo }) => policy === NAME && (step.action === 'update' || (seqNo !== undefined && seqNo !== present?._seq_no)),
  );
  return [step, ...policyStep(client, 'change_policy', outdated, indices), ...policyStep(client, 'add', without, indices)];
}

/** Removes the policy from its indices first, because they would follow their copy of it for ever. */
export async function planPolicyRemoval(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const present = await presentPolicy(client, signal);
  if (present === undefined || present === NO_PLUGIN) return [];
  const found = isMarked(present) ? 'as-installed' : 'changed';
  const steps = removal(client, 'policy portlog', found, { method: 'DELETE', path: POLICY }, plan);
  if (steps.every(({ request }) => request === undefined)) return steps;
  const indices = await managedIndices(client, signal);
  const ours = indices.filter(({ policy }) => policy === NAME);
  return [...policyStep(client, 'remove', ours, indices), ...steps];
}

const WORDS = {
  change_policy: (count: string) => `${count}: follow the policy portlog as it is now`,
  add: (count: string) => `${count}: follow the policy portlog from now on`,
  remove: (count: string) => `the policy portlog from ${count}, whose events are kept from now on`,
} as const;

function policyStep(client: HttpClient, how: keyof typeof WORDS, some: readonly Managed[], all: readonly Managed[]): readonly Step[] {
  if (some.length === 0) return [];
  const names = some.length === all.length ? INDICES : some.map(({ index }) => index).join(',');
  const body = how === 'remove' ? {} : { body: JSON.stringify({ policy_id: NAME }) };
  const request: HttpRequest = { method: 'POST', path: `${ISM}/${how}/${names}`, ...body };
  return [
    {
      what: WORDS[how](`${some.length} ${some.length === 1 ? 'backing index' : 'backing indices'}`),
      action: how === 'remove' ? 'remove' : 'update',
      request,
      apply: (signal) => sendPolicyRequest(client, request, signal),
    },
  ];
}

/** Sends a request whose answer may report failures with a 200. */
async function sendPolicyRequest(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  const { failures, failed_indices: failed = [] } = await successAs(client, request, POLICY_ANSWER, signal);
  if (failures !== true) return;
  const [first] = failed;
  const why = first === undefined ? '' : `: ${first.index_name}: ${first.reason}`;
  throw new PortlogError('setup-refused', `${request.path} failed for ${failed.length} indices${why}`, {
    hint: 'what was done before this stays; run it again once that is fixed',
  });
}

const POLICY_ANSWER = record({ failures: optional(boolean), failed_indices: optional(listOf(record({ index_name: text, reason: text }))) });

const PRESENT_POLICY = record({ _seq_no: number, _primary_term: number, policy: record({ description: nullable(text) }) });
type PresentPolicy = Shaped<typeof PRESENT_POLICY>;

const NO_PLUGIN = 'no plugin';

async function presentPolicy(client: HttpClient, signal: AbortSignal): Promise<PresentPolicy | typeof NO_PLUGIN | undefined> {
  const request: HttpRequest = { method: 'GET', path: POLICY };
  const answer = await client.request(request, signal);
  if (isWithoutPlugin(answer)) return NO_PLUGIN;
  if (answer.status === 404) return undefined;
  return answeredAs(client, request, answer, PRESENT_POLICY);
}

/** The fingerprint is in the description of the policy. */
function policyPresence(present: PresentPolicy | undefined, { policy }: IsmPolicy): Presence {
  if (present === undefined) return 'absent';
  if (!isMarked(present)) return 'changed';
  return present.policy.description === policy.description ? 'as-installed' : 'outdated';
}

function isMarked({ policy }: PresentPolicy): boolean {
  return policy.description?.startsWith('portlog: ') === true;
}

/** A backing index with the policy that it follows, and the version of that. */
interface Managed {
  readonly index: string;
  readonly policy: string | undefined;
  readonly seqNo: number | undefined;
}

async function managedIndices(client: HttpClient, signal: AbortSignal): Promise<readonly Managed[]> {
  const request: HttpRequest = { method: 'GET', path: `${ISM}/explain/${INDICES}` };
  const answer = await client.request(request, signal);
  if (answer.status === 404) return [];
  const byIndex = answeredAs(client, request, answer, tableOf(either(EXPLAINED, anything)));
  return Object.entries(byIndex).flatMap(([index, one]) => {
    // One member is the number of indices.
    if (!EXPLAINED(one)) return [];
    const policy = one[POLICY_ID] ?? undefined;
    return [{ index, policy, seqNo: one.policy_seq_no ?? undefined }];
  });
}

const POLICY_ID = 'index.plugins.index_state_management.policy_id';
const EXPLAINED = record({ [POLICY_ID]: nullable(text), policy_seq_no: nullable(number) });
