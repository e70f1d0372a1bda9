import { cvesIn, linesOf } from './cve.ts';

/** A result of nmap's library `vulns` for one vulnerability. */
export interface Statement {
  /** `VULNERABLE`, `LIKELY VULNERABLE`, `VULNERABLE (Exploitable)`, `NOT VULNERABLE`, … */
  readonly state: string;
  readonly title: string | undefined;
  readonly cves: readonly string[];
}

const HEADING = /^(?:(?:NOT|LIKELY) )?VULNERABLE(?: \([A-Za-z ]{1,20}\))?:$/;
const VERDICT = /^(?:(?:NOT|LIKELY) )?VULNERABLE\b/i;

/**
 * The same from its text, of which older versions of nmap, and older scripts, wrote no more:
 *
 *     VULNERABLE:                              Exim (CVE-2010-4344): LIKELY VULNERABLE
 *     Slowloris DOS attack                     MS08-067: NOT VULNERABLE
 *       State: LIKELY VULNERABLE
 *       IDs:  CVE:CVE-2007-6750
 *
 * Undefined when it is no such text. https://nmap.org/nsedoc/lib/vulns.html
 */
export function statementsIn(text: string | undefined): readonly Statement[] | undefined {
  const found: { state: string; title: string | undefined; cves: readonly string[] }[] = [];
  let title: string | undefined;
  let before: string | undefined;
  for (const line of linesOf(text)) {
    const at = line.lastIndexOf(':');
    const [name, value] = at === -1 ? ['', ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    if (before !== undefined && HEADING.test(before)) title = line;
    if (line.startsWith('IDs:')) {
      const last = found.at(-1);
      if (last !== undefined) last.cves = [...last.cves, ...cvesIn(line)];
    } else if (name === 'State') {
      found.push({ state: value, title, cves: [] });
      title = undefined;
    } else if (name !== '' && VERDICT.test(value)) found.push({ state: value, title: name, cves: cvesIn(name) });
    if (line !== '') before = line;
  }
  return found.length === 0 ? undefined : found;
}
