import type { Command } from '../../../src/cli/command.ts';
import { allCommands } from '../../../src/cli/commands.ts';
import { HELP } from '../../../src/cli/help.ts';
import { aboutOf, argumentOf, type Option, variableOf } from '../../../src/cli/option.ts';

const COMMANDS = await allCommands();
const [SHIP] = COMMANDS;
const COLUMN = 41;

/** The reference of the command line, from the commands as the parser has them. */
export function cliPage(): string {
  return `# Command line

<!-- Made from src/cli/commands by npm run generate. -->

\`\`\`
${[...COMMANDS.flatMap(listed), `${'portlog help [COMMAND|PAGE]'.padEnd(COLUMN)} ${HELP.summary}`].join('\n')}
\`\`\`

Without \`--to\`, events go to standard output: as a table on a terminal, else as one JSON object per line. Options may stand before or after the name of the command.
The command line takes precedence over the environment, the environment over the configuration file. [Exit codes](exit-codes.md) are the same for all but where a command says so.

${COMMANDS.map(section).join('\n')}`;
}

/** The usage lines; the summary is beside the first. */
function listed({ usage, summary, tasks = [] }: Command): readonly string[] {
  return usage.map((line, index) => {
    const what = usage.length > 1 && usage.length === tasks.length ? tasks[index]?.summary : index === 0 ? summary : '';
    return `${`portlog ${line}`.padEnd(COLUMN)} ${what}`.trimEnd();
  });
}

function section(command: Command): string {
  const { name, summary, about = [], tasks = [], examples, exits = {} } = command;
  const parts = [
    `## ${name}`,
    `${summary[0]?.toUpperCase()}${summary.slice(1)}. ${about.join(' ')}`.trimEnd(),
    tasks.map((task) => `- \`${[task.name, task.words].filter(Boolean).join(' ')}\`: ${task.summary}`).join('\n'),
    optionsOf(command),
    `| example | |\n|---|---|\n${examples.map(({ line, about: what }) => `| \`${cell(line)}\` | ${what} |`).join('\n')}`,
    Object.entries(exits)
      .filter(([, meaning]) => meaning !== undefined)
      .map(([code, meaning]) => `Exit ${code}: ${meaning}.`)
      .join(' '),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** A table of the command's own options; options of `ship` are only named. */
function optionsOf({ name, options }: Command): string {
  const entries = Object.entries(options);
  const shared = name === SHIP?.name ? [] : entries.filter(([one, option]) => SHIP?.options[one] === option);
  const own = entries.filter((entry) => !shared.some(([one]) => one === entry[0]));
  const all = SHIP !== undefined && shared.length === Object.keys(SHIP.options).length;
  const also = all ? 'all options of `ship`' : `as for \`ship\`: ${shared.map(([one]) => `\`--${one}\``).join(', ')}`;
  return [own.length === 0 ? '' : table(own), shared.length === 0 ? '' : `${own.length === 0 ? 'It takes' : 'And'} ${also}.`]
    .filter((part) => part !== '')
    .join('\n\n');
}

function table(options: readonly (readonly [string, Option])[]): string {
  const rows = options.map(([name, option]) => {
    const argument = cell(argumentOf(option) ?? '');
    const flags = `${option.alias === undefined ? '' : `-${option.alias}, `}--${name}`;
    return `| \`${`${flags} ${argument}`.trim()}\` | ${aboutOf(option)} | \`${variableOf(name)}\` |`;
  });
  return `| option | | environment |\n|---|---|---|\n${rows.join('\n')}`;
}

/** Escapes `|`, which would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
