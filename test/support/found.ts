import { findingsAt, subjectsOf } from '../../src/finding/registry.ts';
import { host, hosts, itemsOf, scan } from './scans.ts';

export const NOW = Date.parse('2025-10-09T08:53:22Z');

/** `rule [level]: title` of what is found at a host, its own first. */
export function found(inside: string, hostscript = ''): string[] {
  const [one] = hosts(
    itemsOf(scan(host('192.0.2.7', `<ports>${inside}</ports>${hostscript === '' ? '' : `<hostscript>${hostscript}</hostscript>`}`))),
  );
  return [...subjectsOf({ args: 'nmap' }, one!, NOW)]
    .flatMap((subject) => findingsAt(subject))
    .map(
      ({ rule, title, severity, confidence, alerts }) =>
        `${rule.id} ${severity}${confidence === 'checked' ? '' : ` ${confidence}`}${alerts ? '' : ' silent'}: ${title}`,
    );
}
