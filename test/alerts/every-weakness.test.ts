import { describe, expect, test } from 'vitest';
import { firings } from '../../src/alert/fires.ts';
import { levelOf, SEVERITY } from '../../src/event/event.ts';
import { RULES } from '../../src/finding/registry.ts';
import { EXPIRED, UNEXPECTED } from '../../src/finding/exposure.ts';
import type { Rule } from '../../src/finding/finding.ts';

const LEVELS: readonly string[] = ['info', 'low', 'medium', 'high', 'critical'];

/** The alerts about a new weakness of that kind, `rule severity`; outside: where everyone can reach it. */
function alertsOf(rule: Rule, isOutside: boolean): readonly string[] {
  const action = rule.id === UNEXPECTED.id ? 'exposure-unexpected' : rule.id === EXPIRED.id ? 'exposure-expired' : 'finding-opened';
  const event = {
    event: { dataset: 'nmap.change', action, severity: severityOf(rule, isOutside) },
    rule: { id: rule.id, category: rule.category },
    nmap: { external: isOutside, site: 'default', entity: { id: rule.id } },
  };
  return firings(event, 0).map((firing) => `${firing.rule.id} ${firing.rule.severity}`);
}

function severityOf(rule: Rule & { readonly external?: number }, isOutside: boolean): number {
  return isOutside ? (rule.external ?? rule.severity) : rule.severity;
}

describe('every kind of weakness', () => {
  const kinds = RULES.flatMap((rule) => [false, true].map((isOutside) => [rule.id, isOutside ? 'outside' : 'inside', rule, isOutside] as const));

  test.for(kinds)('%s, %s', ([, , rule, isOutside]) => {
    const severity = severityOf(rule, isOutside);
    const alerts = alertsOf(rule, isOutside);
    // One alert, not two about the same; and a grave weakness is never without one.
    expect(alerts.length).toBeLessThanOrEqual(1);
    if (severity >= SEVERITY.high) expect(alerts).toHaveLength(1);
    // An alert is as urgent as what it tells of, or nearly.
    const [level, told] = [LEVELS.indexOf(levelOf(severity)), LEVELS.indexOf(alerts[0]?.split(' ')[1] ?? '')];
    if (alerts.length > 0) expect(told).toBeGreaterThanOrEqual(level - 1);
  });

  test('file sharing is critical outside', () => {
    const smb = RULES.find((rule) => rule.id === 'nmap-service-smb')!;
    expect([alertsOf(smb, false), alertsOf(smb, true)]).toEqual([['file-sharing-exposed medium'], ['file-sharing-external critical']]);
  });

  test('what runs programs for whoever reaches it is critical, inside as well', () => {
    const ids = ['nmap-service-docker', 'nmap-service-adb', 'nmap-service-distcc', 'nmap-service-ipmi', 'nmap-service-smart-install'];
    for (const id of ids)
      expect(
        alertsOf(
          RULES.find((rule) => rule.id === id)!,
          false,
        ),
      ).toEqual(['management-api-exposed critical']);
  });
});
