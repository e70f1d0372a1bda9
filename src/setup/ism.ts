import { type IsmPolicy, ismPolicy } from '../content/ism-policy.ts';
import type { HttpClient, HttpRequest } from '../sink/http.ts';
import { accepted, installation, isWithoutPlugin, type PlanOptions, type Presence, removal, type Step } from './step.ts';

const POLICY = '/_plugins/_ism/policies/portlog';

/**
 * A policy of OpenSearch's index state management: how long events are kept.
 * https://docs.opensearch.org/latest/im-plugin/ism/api/
 */
export async function planPolicy(client: HttpClient, days: number, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const ours = ismPolicy(days);
  const present = await presentPolicy(client, signal);
  const what = `policy portlog: events are deleted after ${days} days`;
  const query = present === undefined ? '' : `?if_seq_no=${present._seq_no}&if_primary_term=${present._primary_term}`;
  const request: HttpRequest = { method: 'PUT', path: POLICY + query, body: JSON.stringify(ours) };
  return installation(client, what, policyPresence(present, ours), request, plan);
}

export async function planPolicyRemoval(client: HttpClient, signal: AbortSignal): Promise<readonly Step[]> {
  const present = await presentPolicy(client, signal);
  return present === undefined ? [] : [removal(client, 'policy portlog', { method: 'DELETE', path: POLICY })];
}

interface PresentPolicy extends IsmPolicy {
  readonly _seq_no: number;
  readonly _primary_term: number;
}

async function presentPolicy(client: HttpClient, signal: AbortSignal): Promise<PresentPolicy | undefined> {
  const request: HttpRequest = { method: 'GET', path: POLICY };
  const answer = await client.request(request, signal);
  if (answer.status === 404 || isWithoutPlugin(answer)) return undefined;
  return JSON.parse(accepted(client, request, answer).body) as PresentPolicy;
}

/** The description is portlog's as long as nobody has written another; what it says decides. */
function policyPresence(present: PresentPolicy | undefined, { policy }: IsmPolicy): Presence {
  if (present === undefined) return 'absent';
  if (!present.policy.description.startsWith('portlog: ')) return 'changed';
  return present.policy.description === policy.description ? 'as-installed' : 'outdated';
}
