import { type Command, type Example, exitsOf } from './command.ts';
import { aboutOf, argumentOf, groupsOf, type Option } from './option.ts';

/** Fixed, however wide the terminal. */
const WIDTH = 80;
/** A longer left column gets its own line. */
const MAX_LEFT = 26;

/** Not in the list of commands: `route` handles it before any command is loaded. */
export const HELP = { name: 'help', summary: 'show the options of a command, or a page of the documentation' } as const;

/** `portlog --help`. `pages`: topics of the documentation by folder. */
export function overview(commands: readonly Command[], pages: readonly (readonly [folder: string, topics: readonly string[]])[]): string {
  const [ship, scan] = commands;
  return sections([
    'Turns nmap scans into SIEM events, and delivers them.',
    'Usage: portlog [options] [FILE…]\n       portlog COMMAND [options] …',
    titled('Commands', rows([...commands, HELP].map(({ name, summary }) => [name, summary]))),
    titled('Examples', [...(ship?.examples ?? []), ...(scan?.examples.slice(-1) ?? [])].map(exampleText).join('')),
    titled('Destinations (--to, repeatable)', paragraph(ship?.options['to']?.about.replace(/^destination: /, '') ?? '', 2)),
    paragraph(
      'portlog help COMMAND shows the options of a command, portlog help ship those of the default command. portlog help PAGE prints a page of the documentation, by name or, as messages name it, by path: portlog help exit-codes, portlog help docs/how-to/scan.md.',
    ),
    paragraph(
      'Every option can also be set as PORTLOG_NAME in the environment, and most of them in the file of --config. Secrets: PORTLOG_ELASTICSEARCH_API_KEY, _USER and _PASSWORD, PORTLOG_LOKI_…, each also with _FILE or _COMMAND.',
    ),
    titled('Pages', rows(pages.map(([folder, topics]) => [folder, topics.join(', ')]))),
    exits(undefined),
  ]);
}

/** `portlog COMMAND --help`. */
export function commandHelp({ usage, summary, about = [], tasks = [], options, examples, exits: own }: Command): string {
  return sections([
    usage.map((line, index) => `${index === 0 ? 'Usage:' : '      '} portlog ${line}`).join('\n'),
    paragraph(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    ...about.map((text) => paragraph(text)),
    rows(tasks.map(({ name, words, summary: what }) => [[name, words].filter(Boolean).join(' '), what])),
    ...groupsOf(options).map(([group, list]) => titled(group, rows(list.map(optionRow)))),
    titled('Examples', examples.map(exampleText).join('')),
    exits(own),
  ]);
}

function sections(parts: readonly string[]): string {
  return parts
    .filter((part) => part !== '')
    .map((part) => part.trimEnd())
    .join('\n\n');
}

function titled(title: string, body: string): string {
  return body === '' ? '' : `${title}:\n${body}`;
}

type Row = readonly [left: string, right: string];

function optionRow([name, option]: readonly [string, Option]): Row {
  const { alias } = option;
  const argument = argumentOf(option);
  const flags = `${alias === undefined ? '    ' : `-${alias}, `}--${name}${argument === undefined ? '' : ` ${argument}`}`;
  return [flags, aboutOf(option)];
}

function exampleText({ line, about }: Example): string {
  return `${wrapped(line, 2, ' \\')}${paragraph(about, 6)}`;
}

function exits(own: Command['exits']): string {
  const all = exitsOf(own).map((pair) => pair.join(' '));
  return paragraph(`Exit: ${all.join('; ')}.`);
}

/** Words on the left, and what they mean on the right. */
function rows(all: readonly Row[]): string {
  const longest = Math.max(0, ...all.map(([left]) => left.length + 2));
  return all.map((one) => row(one, Math.min(longest, MAX_LEFT))).join('');
}

function row([left, right]: Row, width: number): string {
  const lines = wordsWrapped(right, WIDTH - width - 2);
  const head = `  ${left}`;
  const isLong = head.length > width;
  const first = isLong ? [head] : [];
  const body = lines.map((line, index) => `${(!isLong && index === 0 ? head : '').padEnd(width)}  ${line}`);
  return `${[...first, ...body].join('\n')}\n`;
}

function paragraph(text: string, indent = 0): string {
  return `${wordsWrapped(text, WIDTH - indent)
    .map((line) => `${' '.repeat(indent)}${line}`)
    .join('\n')}\n`;
}

/** Wraps a long command line with backslashes. */
function wrapped(line: string, indent: number, end: string): string {
  const lines = wordsWrapped(line, WIDTH - indent - end.length - 2);
  return `${lines.map((part, index) => `${' '.repeat(index === 0 ? indent : indent + 2)}${part}${index < lines.length - 1 ? end : ''}`).join('\n')}\n`;
}

function wordsWrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
