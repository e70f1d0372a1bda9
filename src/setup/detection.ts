import { DETECTION_TAG, type DetectionRule, detectionRules, lookedAt } from '../content/detection-rules.ts';
import { fingerprint } from '../content/fingerprint.ts';
import type { ContentOptions } from '../content/options.ts';
import { listOf, record, type Shaped, text } from '../core/shape.ts';
import type { HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { foundAs } from './ask.ts';
import { allPages } from './kibana-pages.ts';
import { installation, type PlanOptions, type Presence, presenceByMark, removal, type Step, withoutUse } from './step.ts';

const RULES = '/api/detection_engine/rules';
/** The version of the API that Kibana 8.10 and later know: https://www.elastic.co/docs/api/doc/kibana/group/endpoint-security-detections-api */
const HEADERS = { 'kbn-xsrf': 'portlog', 'elastic-api-version': '2023-10-31' };

/**
 * Detection rules of Elastic Security. Whether a rule runs, its actions and its exceptions are the user's: an update (PATCH) leaves out
 * what it does not name.
 */
export async function planDetection(client: HttpClient, options: ContentOptions, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  const rules = detectionRules(options);
  const steps: Step[] = [];
  for (const rule of rules) steps.push(await planRule(client, rule, plan, signal));
  const made = (await presentRules(client, signal)).filter((rule) => markOf(rule) !== undefined);
  const gone = made.filter(({ rule_id: id }) => rules.every((rule) => rule.rule_id !== id));
  return [...steps, ...withoutUse(gone.flatMap((rule) => ruleRemoval(client, rule, plan)))];
}

/** Others may use the tag for rules of their own about these events, so the tag alone makes no rule ours. */
export async function planDetectionRemoval(client: HttpClient, plan: PlanOptions, signal: AbortSignal): Promise<readonly Step[]> {
  return (await presentRules(client, signal)).flatMap((rule) => ruleRemoval(client, rule, plan));
}

const PRESENT = record({ rule_id: text, name: text, tags: listOf(text) });
type PresentRule = Shaped<typeof PRESENT>;

async function planRule(client: HttpClient, rule: DetectionRule, plan: PlanOptions, signal: AbortSignal): Promise<Step> {
  const look: HttpRequest = { method: 'GET', path: pathOf(rule), headers: HEADERS };
  const present = await foundAs(client, look, PRESENT, signal);
  const request: HttpRequest = { method: present === undefined ? 'POST' : 'PATCH', path: RULES, body: JSON.stringify(rule), headers: HEADERS };
  return installation(client, wordsFor(rule), presenceOf(present, rule), request, plan);
}

/** Compares only the members that people change, because Kibana adds its own. */
function presenceOf(present: PresentRule | undefined, rule: DetectionRule): Presence {
  if (present === undefined) return 'absent';
  return presenceByMark(markOf(present), markOf(rule)?.split('.')[0] ?? '', fingerprint(lookedAt(present)));
}

function markOf({ tags }: Pick<PresentRule, 'tags'>): string | undefined {
  return tags.find((tag) => tag.startsWith('portlog:'))?.slice('portlog:'.length);
}

function ruleRemoval(client: HttpClient, rule: PresentRule, plan: PlanOptions): readonly Step[] {
  const found = presenceByMark(markOf(rule), '', fingerprint(lookedAt(rule)));
  return removal(client, wordsFor(rule), found, { method: 'DELETE', path: pathOf(rule), headers: HEADERS }, plan);
}

async function presentRules(client: HttpClient, signal: AbortSignal): Promise<readonly PresentRule[]> {
  const tagged = { path: `${RULES}/_find`, filter: `alert.attributes.tags: "${DETECTION_TAG}"`, headers: HEADERS };
  return allPages(client, tagged, PRESENT, signal);
}

function pathOf({ rule_id: id }: Pick<PresentRule, 'rule_id'>): string {
  return `${RULES}?rule_id=${encodeURIComponent(id)}`;
}

function wordsFor({ name }: Pick<PresentRule, 'name'>): string {
  return `detection rule "${name}"`;
}
