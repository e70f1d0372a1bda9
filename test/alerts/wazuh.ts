import { XMLParser } from 'fast-xml-parser';

/** A rule as analysisd of Wazuh 4 reads it, as far as ours use the language. */
export interface ReadRule {
  readonly id: number;
  readonly level: number;
  readonly parents: readonly number[];
  readonly decoder: string | undefined;
  readonly program: string | undefined;
  readonly fields: readonly { readonly name: string; readonly pattern: RegExp; readonly type: string }[];
  readonly description: string;
  readonly groups: readonly string[];
  readonly mitre: readonly string[];
}

/** Fields at the top of an event that the JSON decoder takes for its own: a rule that names one does not load. */
const STATIC = 'srcip dstip srcport dstport protocol action srcuser dstuser user id status url data extra_data systemname'.split(' ');
/** Objects there make the indexer reject the alert: its template has them as words. */
const KEYWORDS = 'url file type title id status protocol action command uid data integration scan_id timestamp'.split(' ');
const KNOWN_TAGS = new Set(['if_sid', 'decoded_as', 'program_name', 'field', 'description', 'info', 'mitre', 'group']);

export function readRules(xml: string): readonly ReadRule[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    isArray: (name) => ['rule', 'field'].includes(name),
    parseTagValue: false,
  });
  const [group] = [parser.parse(xml).group];
  return group.rule.map((rule: any) => ({
    id: Number(rule.id),
    level: Number(rule.level),
    parents: (rule.if_sid ?? '')
      .split(',')
      .filter((id: string) => id !== '')
      .map(Number),
    decoder: rule.decoded_as,
    program: rule.program_name,
    fields: (rule.field ?? []).map((field: any) => ({ name: field.name, pattern: new RegExp(field['#text']), type: field.type })),
    description: rule.description ?? '',
    groups: (rule.group ?? '').split(',').filter((word: string) => word !== ''),
    mitre: [rule.mitre?.id ?? []].flat(),
  }));
}

/**
 * What a manager refuses at load, and what it drops without a word; measured on 4.14.7. `rules`: the file as
 * text, and as it was read.
 */
export function lint(xml: string, rules: readonly ReadRule[]): readonly string[] {
  const problems: string[] = [];
  const complain = (is: boolean, text: string): void => void (is && problems.push(text));
  complain(xml.includes('<?xml') || xml.includes('<![CDATA['), 'a declaration or CDATA is fatal');
  for (const [, tag = ''] of xml.matchAll(/^ {4}<([a-z_]+)/gm)) complain(!KNOWN_TAGS.has(tag), `<${tag}> is no tag that we know to load`);
  const seen = new Set<number>();
  for (const { id, level, parents, decoder, program, fields, description, groups, mitre } of rules) {
    complain(id < 100_000 || id > 120_000, `${id}: not in the range of users`);
    complain(seen.has(id), `${id}: twice, the second is dropped`);
    const isBase = parents.length === 0;
    for (const parent of parents) complain(!seen.has(parent), `${id}: its parent ${parent} is not defined before it, so it is dropped`);
    // Ours may not be installed, and then the manager does not start.
    complain(decoder !== undefined && decoder !== 'json', `${id}: a decoder that is not there is fatal`);
    complain(isBase && decoder === undefined && program === undefined, `${id}: a base of everything`);
    complain(isBase && level !== 0, `${id}: a base rule above level 0 loses to rules of others`);
    complain(
      !isBase && (level < 1 || level > 16) && !(level === 0 && fields.some(({ name }) => ['nmap.change.mass', 'nmap.expected'].includes(name))),
      `${id}: level ${level} alerts nobody`,
    );
    complain(description.trim() === '', `${id}: no description is fatal`);
    complain(groups.length === 0 && !isBase && level > 0, `${id}: an empty group is fatal`);
    for (const word of groups) complain(/\s/.test(word), `${id}: group "${word}"`);
    for (const technique of mitre) complain(!/^T1\d{3}(?:\.\d{3})?$/.test(technique), `${id}: ${technique} is unknown to it`);
    for (const { name, type, pattern } of fields) {
      complain(STATIC.includes(name), `${id}: the static field ${name} is fatal`);
      complain(type !== 'pcre2' && /[|()]/.test(pattern.source), `${id}: groups need type="pcre2"`);
    }
    seen.add(id);
  }
  return problems;
}

/** What makes an event unfit for the decoder or the indexer. */
export function lintLine(line: string): readonly string[] {
  const problems: string[] = [];
  const event = JSON.parse(line) as Record<string, unknown>;
  if (Buffer.byteLength(line) > 60_000) problems.push('more than 60,000 bytes');
  if (!line.startsWith('{')) problems.push('does not begin with {');
  for (const name of Object.keys(event)) if (STATIC.includes(name) || KEYWORDS.includes(name)) problems.push(`top-level ${name}`);
  const fields = decoded(event);
  if (fields.size > 100) problems.push(`${fields.size} fields`);
  for (const [name, value] of fields) {
    if (typeof value !== 'string') problems.push(`${name} is no text`);
    else if (Buffer.byteLength(value) > 32_766) problems.push(`${name} is too long for a keyword`);
  }
  return problems;
}

/** The fields of an event under dotted names. */
export function decoded(event: object, prefix = ''): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of Object.entries(event)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [inner, one] of decoded(value, `${prefix}${name}.`)) fields.set(inner, one);
    else fields.set(prefix + name, value);
  }
  return fields;
}

/** The rule that an event fires: the first child of its base that matches, those of level 0 before all; level 0 alerts nobody. */
export function firedBy(rules: readonly ReadRule[], line: string): ReadRule | undefined {
  const { program, json } = predecoded(line);
  const fields = decoded(JSON.parse(json));
  const matches = (rule: ReadRule): boolean => rule.fields.every(({ name, pattern }) => pattern.test(textOf(fields.get(name))));
  const isOf = (rule: ReadRule): boolean => (program === undefined ? rule.decoder === 'json' : rule.program === `^${program}$`);
  const base = rules.find((rule) => rule.parents.length === 0 && isOf(rule));
  if (base === undefined || !matches(base)) return undefined;
  const children = rules.filter(({ parents }) => parents.includes(base.id));
  const fired = [...children.filter(({ level }) => level === 0), ...children.filter(({ level }) => level > 0)].find(matches);
  return fired === undefined || fired.level === 0 ? undefined : fired;
}

/** Bare JSON, or JSON behind a header that the pre-decoder knows, with the name of the program. */
function predecoded(line: string): { readonly program: string | undefined; readonly json: string } {
  const [, program, json = line] = /^<\d{1,3}>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (\S+): (\{.*)$/s.exec(line) ?? [];
  return { program, json };
}

/** What is not there matches nothing. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '\u0000';
}
