import type { Command, Example } from '../../src/cli/command.ts';
import { exitsOf } from '../../src/cli/command.ts';
import { HELP } from '../../src/cli/help.ts';
import { groupsOf } from '../../src/cli/option.ts';
import { aboutOf, argumentOf, type Option, variableOf } from '../../src/cli/option.ts';
import { bold, italic, literal, plain, reference, section, tagged } from './roff.ts';

export interface Edition {
  readonly version: string;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/** Every page of the manual by the name of its file: `portlog.1`, and `portlog-scan.1` for each command. */
export function manualPages(commands: readonly Command[], edition: Edition): ReadonlyMap<string, string> {
  const pages = commands.map((command) => [`${pageOf(command)}.1`, commandPage(command, commands, edition)] as const);
  return new Map([['portlog.1', overview(commands, edition)], ...pages]);
}

function overview(commands: readonly Command[], edition: Edition): string {
  const [ship] = commands;
  return page('portlog', 'nmap scans as SIEM events, delivered and accounted for', edition, [
    section(
      'Synopsis',
      [`${bold('portlog')} [${italic('options')}] [${italic('FILE')}...]`, `${bold('portlog')} ${italic('command')} [${italic('options')}] ...`].join(
        '\n.br\n',
      ),
    ),
    section(
      'Description',
      plain(
        'portlog reads or runs nmap scans, says what is there and what changed as ECS or OpenTelemetry log events, and delivers every one of them\nto the destinations that are named, or accounts for it: the last line of a run is a sum that closes.\nIt sends nothing anywhere else.',
      ),
    ),
    section(
      'Commands',
      [
        ...commands.map((command) => tagged(reference(pageOf(command)), plain(sentence(command.summary)))),
        tagged(`${bold('portlog help')} [${italic('COMMAND')}|${italic('PAGE')}]`, plain(sentence(HELP.summary))),
      ].join('\n'),
    ),
    section('Environment', plain(ENVIRONMENT)),
    section('Files', FILES.map(([path, what]) => tagged(italic(path), plain(what))).join('\n')),
    section('Exit status', exits(undefined)),
    section('Examples', examplesOf(ship?.examples ?? [])),
    section('See also', [...commands.map((command) => reference(pageOf(command))), reference('nmap')].join(',\n')),
  ]);
}

const ENVIRONMENT = `Every option can also be given as PORTLOG_NAME: --state-dir as PORTLOG_STATE_DIR, lists separated by commas.
An option goes before the environment, that before the file of --config, and that before the default.
Secrets are PORTLOG_ELASTICSEARCH_API_KEY, _USER and _PASSWORD, PORTLOG_LOKI_USER and so on; with _FILE behind the name it is a file in which the secret stands,
with _COMMAND a command that prints it.`;

const FILES: readonly (readonly [path: string, what: string])[] = [
  [
    '/etc/portlog/portlog.yaml',
    'What the service does, where portlog was installed as a package. portlog status finds it where the user has no state of their own; other commands read it only with --config.',
  ],
  ['/var/lib/portlog', 'What the service knows, and what waits to be sent.'],
  ['~/.local/state/portlog', 'The same of whoever runs portlog by hand; $XDG_STATE_HOME/portlog where that is set.'],
];

function commandPage(command: Command, commands: readonly Command[], edition: Edition): string {
  const { usage, summary, about = [], tasks = [], options, examples, exits: own } = command;
  const groups = groupsOf(options);
  const others = commands.filter(({ name }) => name !== command.name);
  return page(pageOf(command), summary, edition, [
    section('Synopsis', usage.map(synopsis).join('\n.br\n')),
    section('Description', [plain(sentence(summary)), ...about.map((text) => `.PP\n${plain(text)}`)].join('\n')),
    section(
      'Tasks',
      tasks.map(({ name, words, summary: what }) => tagged(`${bold(name)}${words === undefined ? '' : ` ${italic(words)}`}`, plain(what))).join('\n'),
    ),
    section('Options', groups.map(([group, list]) => `.SS ${group}\n${list.map(optionText).join('\n')}`).join('\n')),
    section('Exit status', exits(own)),
    section('Examples', examplesOf(examples)),
    section('See also', [reference('portlog'), ...others.map((other) => reference(pageOf(other)))].join(',\n')),
  ]);
}

function page(name: string, about: string, { version, date }: Edition, sections: readonly string[]): string {
  const heading = `.\\" Made from src/cli/commands.\n.TH ${name.toUpperCase().replaceAll('-', String.raw`\-`)} 1 ${date} "portlog ${version}" "portlog manual"\n`;
  return `${heading}${section('Name', `${plain(name)} \\- ${plain(about)}`)}${sections.join('')}`;
}

function pageOf({ name }: Command): string {
  return `portlog-${name}`;
}

function synopsis(usage: string): string {
  const words = usage.split(' ').map((word) => (/^[a-z]+$/.test(word) ? bold(word) : plain(word)));
  return [bold('portlog'), ...words].join(' ');
}

function optionText([name, option]: readonly [string, Option]): string {
  const argument = argumentOf(option);
  const flags = [...(option.alias === undefined ? [] : [bold(`-${option.alias}`)]), bold(`--${name}`)].join(', ');
  const text = `${plain(sentence(aboutOf(option)))}\nIn the environment: ${plain(variableOf(name))}.`;
  return tagged(argument === undefined ? flags : `${flags} ${italic(argument)}`, text);
}

function examplesOf(examples: readonly Example[]): string {
  return examples.map(({ line, about }) => `${plain(sentence(about))}\n.PP\n.RS 4\n${literal(line)}\n.RE`).join('\n.PP\n');
}

function exits(own: Command['exits']): string {
  return exitsOf(own)
    .map(([code, meaning]) => tagged(bold(code), plain(sentence(meaning))))
    .join('\n');
}

function sentence(text: string): string {
  const whole = `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
