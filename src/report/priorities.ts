import type { Level } from '../event/event.ts';
import { EXPIRED, UNEXPECTED } from '../finding/exposure.ts';
import type { FindingFact } from './facts.ts';

/** A remedy, and what it resolves. */
export interface Priority {
  readonly level: Level;
  readonly title: string;
  readonly remedy: string;
  readonly hosts: number;
  readonly places: number;
}

const MOST = 8;

/** Remedies, ordered by severity and number of hosts. */
export function priorities(findings: readonly FindingFact[]): readonly Priority[] {
  const byRule = Map.groupBy(findings, ({ rule, level }) => `${level} ${rule}`);
  const all = [...byRule.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || first.severity === 0) return [];
    const { severity, level, remedy } = first;
    const title = titleOf(first, group);
    return [
      { severity, level, title, remedy, hosts: new Set(group.map(({ site, host }) => JSON.stringify([site, host]))).size, places: group.length },
    ];
  });
  return all.toSorted((a, b) => b.severity - a.severity || b.hosts - a.hosts).slice(0, MOST);
}

/** Rules whose titles continue a sentence that begins with a port: `is not expected to be open`. */
const ABOUT_A_PORT: ReadonlySet<string> = new Set([UNEXPECTED.id, EXPIRED.id]);

/** A title that applies to all findings of a group: that of one host's certificate does not apply to another's. */
function titleOf({ rule, ruleName, title }: FindingFact, group: readonly FindingFact[]): string {
  return ABOUT_A_PORT.has(rule) || group.some((one) => one.title !== title) ? ruleName : title;
}
