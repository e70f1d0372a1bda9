import { withoutMentions } from '../event/markup.ts';
import { openWords } from '../event/counts.ts';
import { LEVELS, type ReportFacts } from './facts.ts';
import { priorities } from './priorities.ts';
import { type Section, sections } from './sections.ts';
import { counted, withCommas } from '../event/text.ts';
import { about, minute, shown } from './text.ts';

/** For a ticket or a wiki: the same tables, in GitHub's Markdown (https://github.github.com/gfm/#tables-extension-). */
export function* markdown(facts: ReportFacts): Generator<string> {
  const { totals, scans, gaps, findings } = facts;
  yield `# Network exposure, ${minute(facts.made)} UTC\n\n${plain(about(facts))}.\n\n`;
  yield `${counted(totals.hostsUp, 'host')} up, ${openWords(totals.openPorts, totals.openProtocols, counted)}; weaknesses: ${LEVELS.map((level) => `${withCommas(totals.findings[level])} ${level}`).join(', ')}\n`;
  for (const { time, message } of scans) yield `\n- ${minute(time)} ${plain(message)}`;
  if (gaps.length > 0) yield `\n\n## What this report does not know\n\n${gaps.map((gap) => `- ${plain(gap)}\n`).join('')}`;
  const todo = priorities(findings.rows);
  if (todo.length > 0) yield '\n\n## What to do first\n\n';
  for (const [i, { level, title, remedy, hosts }] of todo.entries())
    yield `${i + 1}. **${level}** ${plain(title)} at ${counted(hosts, 'host')}: ${plain(remedy)}\n`;
  for (const section of sections(facts)) yield* table(section);
}

function* table({ title, columns, rows, empty, notes }: Section): Generator<string> {
  yield `\n## ${title}\n\n`;
  yield notes.map((note) => `${plain(note)}.\n\n`).join('');
  if (rows.length === 0) yield `${empty}\n`;
  else {
    yield `| ${columns.join(' | ')} |\n|${columns.map(() => '---|').join('')}\n`;
    for (const row of rows) yield `| ${row.map(({ text }) => plain(text)).join(' | ')} |\n`;
  }
}

/** Without brackets, parentheses make no link; between letters, `_` makes no emphasis. */
const SPECIAL = /[\\`*[\]|~]|(?<![A-Za-z\d])_|_(?![A-Za-z\d])/g;

/** Escapes untrusted text for Markdown and HTML; no address becomes a link by itself (https://github.github.com/gfm/#autolinks-extension-). */
export function plain(stranger: string): string {
  return withoutMentions(shown(stranger))
    .replaceAll(SPECIAL, '\\$&')
    .replace(/^(\s*)(?=[#+-])|^(\s*\d{1,9})(?=[.)]\s)/, '$1$2\\')
    .replaceAll(/(?<=www)\.|:(?=\/\/)|[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
