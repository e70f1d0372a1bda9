import { literalPattern } from '../core/literal-pattern.ts';
import type { Level } from '../event/event.ts';
import { APP_NAME } from '../event/syslog.ts';
import type { Filter } from '../alert/filter.ts';
import type { ContentOptions } from './options.ts';
import { type AlertRule, EXPECTED, MASS, runbookOf, serverId, sparesExpected, withinOptions } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';
import { wazuhFile } from './wazuh-file.ts';

/** First id of our rules, unless another one is chosen because of other rules. */
export const BASE_ID = 100_700;

/**
 * Ids from 100000 to 120000 are for users, and so for ours. Each rule of the catalogue may use four. The base rules match events from a file
 * or the API, and events with a syslog header. The second one matches by program name rather than by our decoder (wazuh-decoders.ts), because
 * a manager refuses rules that name a missing decoder.
 */
const BASES = [
  { id: 100_700, of: '<decoded_as>json</decoded_as>' },
  { id: 100_701, of: `<program_name>^${APP_NAME}$</program_name>` },
] as const;
/**
 * Matches events that are one of very many changes, so that no other rule does: a manager tries level 0 first. (A rule cannot test that a
 * field is missing.)
 */
const SORTED_OUT = 100_702;
/** The same for ports that opened and are expected to be open. */
const EXPECTED_OUT = 100_704;
/** A rule for finished scans, which shows that the scanner works. */
const FINISHED = 100_703;
const FIRST_ID = 100_710;
const IDS_A_RULE = 4;
const LEVELS: Readonly<Record<AlertRule['severity'], number>> = { low: 5, medium: 8, high: 12, critical: 15 };
const ORDER: readonly Level[] = ['critical', 'high', 'medium', 'low'];

/** A rule of Wazuh: all its fields must match. */
interface WazuhRule {
  readonly id: number;
  readonly rule: AlertRule;
  readonly fields: readonly (readonly [name: string, pattern: string])[];
}

/**
 * The rules for `etc/rules/`, of Wazuh 4. The base rules have level 0, so that they are tried first; otherwise words in an event could match
 * other rules. An event matches one rule, so the most severe ones come first. Rules for missing events are left out, because Wazuh cannot
 * express them.
 * https://documentation.wazuh.com/current/user-manual/ruleset/ruleset-xml-syntax/rules.html
 */
export function wazuhRulesFile(options: ContentOptions): string {
  const rules = wazuhRules(options).map((one) => ruleXml(one, options));
  const bases = BASES.map(
    ({ id, of }) => `  <rule id="${id + shift(options)}" level="0">
    ${of}
    <field name="event.module" type="pcre2">^nmap$</field>
    <description>portlog: an event of an nmap scan</description>
  </rule>`,
  );
  return wazuhFile(`<!-- Alert rules of portlog for Wazuh 4. Made from src/content/ by npm run generate. -->
<group name="portlog,nmap,">
${[...bases, ...plainRules(options), ...rules].join('\n\n')}
</group>
`);
}

/** Distance of all ids from the default ones. */
function shift({ wazuhBaseId = BASE_ID }: ContentOptions): number {
  return wazuhBaseId - BASE_ID;
}

function plainRules(options: ContentOptions): readonly string[] {
  const plain = (id: number, level: number, fields: WazuhRule['fields'], ...more: readonly string[]): string =>
    [
      `  <rule id="${id + shift(options)}" level="${level}">`,
      `    <if_sid>${parents(options)}</if_sid>`,
      ...fields.map(([name, pattern]) => `    <field name="${name}" type="pcre2">${pattern}</field>`),
      ...more.map((line) => `    ${line}`),
      '  </rule>',
    ].join('\n');
  return [
    plain(SORTED_OUT, 0, [[MASS, '^true$']], '<description>portlog: one of very many changes of a scan, of which mass-change tells</description>'),
    plain(EXPECTED_OUT, 0, expectedFields(), '<description>portlog: a port has opened that is expected to be open</description>'),
    plain(
      FINISHED,
      3,
      [['event.action', '^scan-finished$']],
      '<description>portlog: Scan finished: $(message)</description>',
      '<group>portlog-scan-finished,</group>',
    ),
  ];
}

/** What rules match that say nothing about expected ports, for one that takes the expected ones from them. */
function expectedFields(): WazuhRule['fields'] {
  const ways = ALERT_RULES.filter(sparesExpected).flatMap(({ where }) => alternatives(where));
  const patterns = ways.flatMap((way) => way.filter(([name]) => name === 'event.action').map(([, pattern]) => pattern));
  return [
    ['event.action', patterns.join('|')],
    [EXPECTED, '^true$'],
  ];
}

function parents(options: ContentOptions): string {
  return BASES.map(({ id }) => id + shift(options)).join(',');
}

/** Every id of our rules, including the base rules; none may be used by other rules. */
export function allWazuhIds(options: ContentOptions): readonly number[] {
  const own = [...BASES.map(({ id }) => id), SORTED_OUT, EXPECTED_OUT, FINISHED].map((id) => id + shift(options));
  return [...own, ...wazuhRules(options).map(({ id }) => id)];
}

/** The ids of each rule of the catalogue; none for rules about missing events. */
export function wazuhIds(options: ContentOptions): ReadonlyMap<string, readonly number[]> {
  const byRule = Map.groupBy(wazuhRules(options), ({ rule }) => rule.id);
  return new Map([...byRule].map(([id, rules]) => [id, rules.map((one) => one.id)]));
}

function wazuhRules(options: ContentOptions): readonly WazuhRule[] {
  const rules = ALERT_RULES.flatMap((rule, i) => {
    if (rule.absentForHours !== undefined) return [];
    return alternatives(withinOptions(rule, options)).map((fields, j) => ({ id: FIRST_ID + shift(options) + i * IDS_A_RULE + j, rule, fields }));
  });
  return rules.toSorted((a, b) => ORDER.indexOf(a.rule.severity) - ORDER.indexOf(b.rule.severity));
}

/** The field conditions of a filter. A rule has "or" only within a field, so each alternative becomes a rule. */
function alternatives(filter: Filter): readonly WazuhRule['fields'][] {
  if ('any' in filter) return filter.any.flatMap(alternatives);
  if ('all' in filter)
    return filter.all.reduce<readonly WazuhRule['fields'][]>(
      (ways, member) => ways.flatMap((way) => alternatives(member).map((more) => [...way, ...more])),
      [[]],
    );
  // A rule cannot test that a field is absent: expected ports are sorted out before. Of two rules that differ in this the more severe one, which is tried first, has the value.
  if ('isNot' in filter) return [[]];
  if (!('is' in filter)) throw new Error('a rule of Wazuh compares fields with words only');
  return [[[nameOf(filter.field), `^(?:${filter.is.map((value) => literalPattern(String(value))).join('|')})$`]]];
}

/** The name of a field in events for Wazuh (src/event/flat.ts). */
function nameOf(field: string): string {
  return field === 'level' ? 'nmap.level' : /^(?:rule|vulnerability)\./.test(field) ? `nmap.${field}` : field;
}

function ruleXml({ id, rule, fields }: WazuhRule, options: ContentOptions): string {
  const { severity, mitre, compliance } = rule;
  // Wazuh knows only the enterprise matrix.
  const techniques = mitre.map(({ technique }) => technique).filter((technique) => technique.startsWith('T1'));
  const groups = [
    serverId(rule),
    ...Object.entries(compliance).flatMap(([standard, items]) => items.map((item) => `${standard}_${item.replace('-', '.')}`)),
  ];
  // The event's own message, because a missing field would leave a gap in another text.
  const text = `portlog: ${rule.title}: $(message)`;
  return [
    `  <rule id="${id}" level="${LEVELS[severity]}">`,
    `    <if_sid>${parents(options)}</if_sid>`,
    ...fields.map(([name, pattern]) => `    <field name="${name}" type="pcre2">${escapedXml(pattern)}</field>`),
    `    <description>${escapedXml(text)}</description>`,
    `    <info type="${options.runbooks === undefined ? 'text' : 'link'}">${escapedXml(runbookOf(rule.id, options))}</info>`,
    ...(techniques.length === 0 ? [] : [`    <mitre>${techniques.map((technique) => `<id>${technique}</id>`).join('')}</mitre>`]),
    `    <group>${groups.join(',')},</group>`,
    '  </rule>',
  ].join('\n');
}

function escapedXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
