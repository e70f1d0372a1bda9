import { type IsmPolicy, ismPolicy } from '../content/ism-policy.ts';
import { PortlogError } from '../core/errors.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { installation, isWithoutPlugin, type PlanOptions, type Presence, removal, said, type Step, jsonOf, wantedJson } from './step.ts';

const ISM = '/_plugins/_ism';
const NAME = 'portlog';
const POLICY = `${ISM}/policies/${NAME}`;
const INDICES = '.ds-logs-nmap.*';

/**
 * A policy of OpenSearch's index state management: how long events are kept. An index that it manages goes on with the copy
 * that it began with, and one that was there before it has none: both are told.
 * https://docs.opensearch.org/latest/im-plugin/ism/api/
 */
export async function planPolicy(client: HttpClient, days: number, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const ours = ismPolicy(days);
  const present = await presentPolicy(client, signal);
  if (present === NO_PLUGIN) return [said('skipped', 'policy portlog: this server has no index state management')];
  const what = `policy portlog: events are deleted after ${days} days`;
  const query = present === undefined ? '' : `?if_seq_no=${present._seq_no}&if_primary_term=${present._primary_term}`;
  const request: HttpRequest = { method: 'PUT', path: POLICY + query, body: JSON.stringify(ours) };
  const step = installation(client, what, policyPresence(present, ours), request, plan);
  if (step.action === 'kept') return [step];
  const indices = await managedIndices(client, signal);
  const without = indices.filter(({ policy }) => policy === undefined);
  // What has no number yet has not begun, and will take the policy as it is then.
  const outdated = indices.filter(
    ({ policy, seqNo }) => policy === NAME && (step.action === 'update' || (seqNo !== undefined && seqNo !== present?._seq_no)),
  );
  return [step, ...handing(client, 'change_policy', outdated, indices), ...handing(client, 'add', without, indices)];
}

/** Its indices first, which would go on with their copy of it for ever. */
export async function planPolicyRemoval(client: HttpClient, signal: AbortSignal): Promise<readonly Step[]> {
  const present = await presentPolicy(client, signal);
  if (present === undefined || present === NO_PLUGIN) return [];
  const indices = await managedIndices(client, signal);
  const ours = indices.filter(({ policy }) => policy === NAME);
  return [...handing(client, 'remove', ours, indices), removal(client, 'policy portlog', { method: 'DELETE', path: POLICY })];
}

const WORDS = {
  change_policy: (count: string) => `${count}: follow the policy portlog as it is now`,
  add: (count: string) => `${count}: follow the policy portlog from now on`,
  remove: (count: string) => `the policy portlog from ${count}, whose events are kept from now on`,
} as const;

function handing(client: HttpClient, how: keyof typeof WORDS, some: readonly Managed[], all: readonly Managed[]): readonly Step[] {
  if (some.length === 0) return [];
  const names = some.length === all.length ? INDICES : some.map(({ index }) => index).join(',');
  const body = how === 'remove' ? {} : { body: JSON.stringify({ policy_id: NAME }) };
  const request: HttpRequest = { method: 'POST', path: `${ISM}/${how}/${names}`, ...body };
  return [
    {
      what: WORDS[how](`${some.length} ${some.length === 1 ? 'backing index' : 'backing indices'}`),
      action: how === 'remove' ? 'remove' : 'update',
      request,
      apply: (signal) => handed(client, request, signal),
    },
  ];
}

/** A 200 may still say that some were not. */
async function handed(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<void> {
  const handed = (await wantedJson(client, request, signal)) as { readonly failures?: boolean; readonly failed_indices?: readonly Failed[] };
  const { failures, failed_indices: failed = [] } = handed;
  if (failures !== true) return;
  const [first] = failed;
  throw new PortlogError('setup-refused', `${request.path} failed for ${failed.length} indices: ${first?.index_name}: ${first?.reason}`, {
    hint: 'what was done before this stays; run it again when that is mended',
  });
}

interface Failed {
  readonly index_name: string;
  readonly reason: string;
}

interface PresentPolicy extends IsmPolicy {
  readonly _seq_no: number;
  readonly _primary_term: number;
}

const NO_PLUGIN = 'no plugin';

async function presentPolicy(client: HttpClient, signal: AbortSignal): Promise<PresentPolicy | typeof NO_PLUGIN | undefined> {
  const request: HttpRequest = { method: 'GET', path: POLICY };
  const answer = await client.request(request, signal);
  if (isWithoutPlugin(answer)) return NO_PLUGIN;
  if (answer.status === 404) return undefined;
  return jsonOf(client, request, answer) as PresentPolicy;
}

/** The description is portlog's as long as nobody has written another; what it says decides. */
function policyPresence(present: PresentPolicy | undefined, { policy }: IsmPolicy): Presence {
  if (present === undefined) return 'absent';
  if (!present.policy.description.startsWith('portlog: ')) return 'changed';
  return present.policy.description === policy.description ? 'as-installed' : 'outdated';
}

/** A backing index, and which policy it follows, in which form. */
interface Managed {
  readonly index: string;
  readonly policy: string | undefined;
  readonly seqNo: number | undefined;
}

async function managedIndices(client: HttpClient, signal: AbortSignal): Promise<readonly Managed[]> {
  const request: HttpRequest = { method: 'GET', path: `${ISM}/explain/${INDICES}` };
  const answer = await client.request(request, signal);
  if (answer.status === 404) return [];
  const byIndex = jsonOf(client, request, answer) as Readonly<Record<string, Explained | number>>;
  return Object.entries(byIndex).flatMap(([index, one]) => {
    if (typeof one === 'number') return [];
    const policy = one['index.plugins.index_state_management.policy_id'] ?? undefined;
    return [{ index, policy, seqNo: one.policy_seq_no ?? undefined }];
  });
}

interface Explained {
  readonly 'index.plugins.index_state_management.policy_id'?: string | null;
  readonly 'policy_seq_no'?: number | null;
}
