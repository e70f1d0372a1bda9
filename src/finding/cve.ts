/**
 * `CVE-2021-44790` as scripts write it, also `CVE:2017-0147`, `cve-2014-0160`, and inside of other ids (`EDB:CVE-2016-0777`); never a part of
 * a longer number.
 */
const CVE = /(?<![a-z0-9])CVE[-:_ ]((?:19|20)\d\d)[-_](\d{4,10})(?!\d)/gi;
/** Characters of a text that are searched. */
const MAX_TEXT = 1 << 20;
const MAX_LINE = 2000;

/** The CVEs in a text, each once, in order. */
export function cvesIn(text: string): readonly string[] {
  if (!/cve/i.test(text)) return [];
  const found = new Set<string>();
  for (const [, year, number] of text.slice(0, MAX_TEXT).matchAll(CVE)) found.add(`CVE-${year}-${number}`);
  return [...found];
}

/** The lines of a text, within the limit. */
export function linesOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .slice(0, MAX_TEXT)
    .split('\n')
    .map((line) => line.slice(0, MAX_LINE).trim());
}

/** A CVSS base score; undefined when invalid. */
export function scoreOf(text: string | undefined): number | undefined {
  const [, number] = /^(\d{1,2}(?:\.\d+)?)(?:\s|$)/.exec(text?.trim() ?? '') ?? [];
  const score = Number(number);
  return number !== undefined && score <= 10 ? score : undefined;
}
