import { SEVERITY } from '../event/event.ts';
import type { Script, ScriptItem } from '../nmap/model.ts';
import { cvesIn } from './cve.ts';
import type { Check, Finding, Rule } from './finding.ts';
import { scriptsOf } from './script.ts';
import { looksUpVersions } from './version-vulnerability.ts';
import { statesResult } from './vulnerability.ts';

const MENTIONED: Rule = {
  id: 'nmap-script-names-vulnerability',
  name: 'A script names a vulnerability',
  category: 'vulnerability',
  severity: SEVERITY.low,
  why: 'A script of nmap has the id of this vulnerability in its output, and does not say that it has tested for it.',
  remedy: 'Read what the script says, and test for it.',
  references: ['https://nmap.org/nsedoc/'],
};

/** Scripts that repeat untrusted text of the service. */
const QUOTES =
  /^(?:banner|fingerprint-strings|http-(?:title|headers|server-header|robots|comments-displayer|grep|generator|cookie|feed)|ssl-cert|ssh-hostkey)/;
const WORD = /cve/i;
const MAX_NAMED = 20;
const MAX_ITEMS = 20_000;

/** CVEs in the output of any other script: the lowest confidence, and no alert. */
export const namedVulnerabilities: Check = {
  rules: [MENTIONED],
  needsScripts: true,
  find(subject) {
    return scriptsOf(subject).flatMap((script) => (hasWord(script) && !isUnderstood(script) ? named(script) : []));
  },
};

/** A fast check: most text of a scan is script output, and hardly any names a CVE. */
function hasWord({ output = '', items }: Script): boolean {
  return WORD.test(output) || (items.length > 0 && textsIn(items).some((text) => WORD.test(text)));
}

/** Another check evaluates the script, or its output is the service's own text. */
function isUnderstood(script: Script): boolean {
  return QUOTES.test(script.id ?? '') || looksUpVersions(script) || statesResult(script);
}

function named(script: Script): readonly Finding[] {
  const source = script.id ?? '';
  return cvesOf(script).map((cve) => ({
    rule: MENTIONED,
    detail: cve,
    source,
    title: `${source} names ${cve}, and does not say that it has tested for it`,
    severity: MENTIONED.severity,
    confidence: 'mentioned',
    alerts: false,
    vulnerability: { id: cve, references: [`https://nvd.nist.gov/vuln/detail/${cve}`] },
  }));
}

function cvesOf({ output = '', items }: Script): readonly string[] {
  const denied = new Set<string>();
  const found = new Set<string>();
  for (const line of [output, ...textsIn(items)].join('\n').split('\n')) {
    const cves = cvesIn(line);
    if (cves.length === 0) continue;
    // Computed once per line: a line may be a megabyte with a CVE every 14 bytes.
    const kind = isDenied(line) ? denied : found;
    for (const cve of cves) kind.add(cve);
  }
  return [...found].filter((cve) => !denied.has(cve)).slice(0, MAX_NAMED);
}

function isDenied(line: string): boolean {
  return /\bnot (?:vulnerable|affected)\b|\bpatched\b/i.test(line);
}

/** Keys and values, however deep they lie. */
function textsIn(items: readonly ScriptItem[]): readonly string[] {
  const texts: string[] = [];
  const waiting: (readonly ScriptItem[])[] = [items];
  for (let list = waiting.pop(); list !== undefined && texts.length < MAX_ITEMS; list = waiting.pop())
    for (const item of list) {
      if (item.key !== undefined) texts.push(item.key);
      if ('value' in item) texts.push(item.value);
      else waiting.push(item.items);
    }
  return texts;
}
