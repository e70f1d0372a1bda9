import { stringify } from 'yaml';
import type { Filter } from '../alert/filter.ts';
import { type AlertRule, scopedFilter, runbookOf, serverId, summaryOf, type TemplateSyntax } from '../alert/rule.ts';
import { ALERT_RULES } from '../alert/rules.ts';
import { appsAt, HOST_FIELD, hostPath, isAboutHost } from './host-link.ts';
import { lucene } from './lucene.ts';
import type { ContentOptions } from './options.ts';
import { type Absence, absenceId, absencesOf, indicesOf } from './rule-parts.ts';

/** The user's file with receivers of alerts, beside the rules. Not `.yaml`, or it would be read as a rule. */
export const ELASTALERT_RECEIVERS = 'receivers.inc';
/** ElastAlert's priorities: 1 is the most severe. */
const PRIORITY: Readonly<Record<AlertRule['severity'], number>> = { critical: 1, high: 2, medium: 3, low: 4 };

const ABOUT = '# An alert rule of portlog for ElastAlert 2. Made from src/alert/ and src/content/ by npm run generate.\n';

/** Rule files by name: https://elastalert2.readthedocs.io/en/latest/ruletypes.html */
export function elastalertFiles(options: ContentOptions): ReadonlyMap<string, string> {
  return new Map(
    ALERT_RULES.flatMap((rule) => rulesOf(rule, options)).map(([name, rule]) => [`${name}.yaml`, ABOUT + stringify(rule, { lineWidth: 0 })]),
  );
}

function rulesOf(rule: AlertRule, options: ContentOptions): readonly (readonly [string, object])[] {
  const { absentForHours } = rule;
  if (absentForHours === undefined) return [[rule.id, presence(rule, options)]];
  return absencesOf(rule, absentForHours, options).map((one) => [absenceId(rule, one), absence(rule, one, options)]);
}

/** Each event is an alert; repetitions are suppressed. */
function presence(rule: AlertRule, options: ContentOptions): object {
  return {
    ...common(rule, rule.title, scopedFilter(rule, options), options),
    type: 'any',
    query_key: rule.key,
    realert: { hours: rule.throttleHours },
    ...texts(rule, summaryOf(rule, JINJA), options),
  };
}

/** A rule for a missing event; ElastAlert counts the hours from its own start. */
function absence(rule: AlertRule, { title, filter, hours }: Absence, options: ContentOptions): object {
  return {
    ...common(rule, title, filter, options),
    type: 'flatline',
    threshold: 1,
    timeframe: { hours },
    use_count_query: true,
    realert: { hours: rule.throttleHours },
    ...texts(rule, `${title} (nothing for ${hours} hours)`, options),
  };
}

function common(rule: AlertRule, title: string, filter: Filter, options: ContentOptions): object {
  return {
    name: `[portlog] ${title}`,
    import: ELASTALERT_RECEIVERS,
    description: rule.about,
    priority: PRIORITY[rule.severity],
    index: indicesOf(rule, options),
    // The time of arrival, because scans arrive late.
    timestamp_field: 'event.ingested',
    filter: [{ query_string: { query: lucene(filter) } }],
  };
}

function texts(rule: AlertRule, summary: string, options: ContentOptions): object {
  const lines = [
    summary,
    '',
    rule.about,
    `Rule: ${serverId(rule)}, ${rule.severity}`,
    `What to do: ${runbookOf(rule.id, options)}`,
    ...(isAboutHost(rule) ? [`All about the host: ${appsAt(options)}${hostPath(`{{ ${pathOf(HOST_FIELD)} | urlencode }}`)}`] : []),
  ];
  return {
    alert_subject: `portlog, ${rule.severity}: ${rule.title}`,
    alert_text_type: 'alert_text_jinja',
    alert_text: rule.absentForHours === undefined ? [PLAIN, ...lines, '', at('message')].join('\n') : lines.join('\n'),
  };
}

/**
 * Makes plain words of what strangers wrote, because ElastAlert escapes nothing, for no receiver: `<!channel>` would be a mention in Slack
 * (elastalert/alerters/slack.py, format_body), `<img>` an image in a mail of HTML.
 */
const PLAIN = `{%- macro plain(text) -%}{{ text | string${[
  ['<', '\u2039'],
  ['>', '\u203A'],
  ['@', '@ '],
  ['[', '('],
  [']', ')'],
  ['|', '\u00A6'],
]
  .map(([mark, instead]) => ` | replace("${mark}", "${instead}")`)
  .join('')} }}{%- endmacro -%}`;

/** Absent fields are left out; Jinja would fail on members of undefined. */
const JINJA: TemplateSyntax = {
  field: at,
  part: (name, text, unlike) =>
    `{% if ${pathOf(name)}${unlike === undefined ? '' : ` and ${pathOf(name)} != ${pathOf(unlike)}`} %}${text}{% endif %}`,
};

function at(field: string): string {
  return `{{ plain(${pathOf(field)}) }}`;
}

/** `((_data.server or {}).address)` */
function pathOf(field: string): string {
  const [first = '', ...rest] = field.split('.');
  return rest.reduce((path, name) => `(${path} or {}).${name}`, `_data.${first}`);
}
