import { shortDescription, type CompletedCommand, type CompletedOption, taskNames, valueKind } from './command.ts';

/** One `complete` per command and option. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const [first] = commands;
  const names = commands.map(({ name }) => name).join(' ');
  const whenNone = `not __fish_seen_subcommand_from ${names}`;
  const lines = commands.flatMap((command) => {
    const { name, summary, options, tasks, words } = command;
    const when = name === first?.name ? `${whenNone}; or __fish_seen_subcommand_from ${name}` : `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c portlog -n '__fish_is_first_arg' -a ${name} -d ${quoted(shortDescription(summary))}`,
      ...(words === undefined ? [`complete -c portlog -n '${when}' -f`] : []),
      ...(words === 'directories' ? [`complete -c portlog -n '${when}' -f -a '(__fish_complete_directories)'`] : []),
      ...(tasks === undefined ? [] : [tasksOf(command, when)]),
      ...Object.entries(options).map(([option, definition]) => `complete -c portlog -n '${when}' ${optionOf(option, definition)}`),
    ];
  });
  return `# fish completion for portlog\n${lines.join('\n')}\ncomplete -c portlog -l help -s h -d 'show help'\ncomplete -c portlog -l version -s V -d 'show the version'\n`;
}

function tasksOf(command: CompletedCommand, when: string): string {
  const names = taskNames(command).join(' ');
  return `complete -c portlog -n '${when}; and not __fish_seen_subcommand_from ${names}' -f -a '${names}'`;
}

function optionOf(name: string, option: CompletedOption): string {
  const flags = `-l ${name}${option.alias === undefined ? '' : ` -s ${option.alias}`} -d ${quoted(shortDescription(option.about))}`;
  const value = valueKind(option);
  switch (value.kind) {
    case 'none':
      return flags;
    case 'words':
      return `${flags} -x -a '${value.words.join(' ')}'`;
    case 'file':
      return `${flags} -r -F`;
    case 'directory':
      return `${flags} -x -a '(__fish_complete_directories)'`;
    case 'text':
      return `${flags} -x`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
