import { type CompletedCommand, taskNames, type Value, valueKind } from './command.ts';

/** For bash 4 or newer, with or without the package bash-completion. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `# bash completion for portlog
_portlog() {
${WORDS_BEFORE}
${commandNamed(commands)}
${valuesAndFlags(commands)}
${wordsBehind(commands)}
}

${OFFERS}
complete -F _portlog portlog
`;
}

/** What stands before the word that is completed. */
const WORDS_BEFORE = `  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} option='' command='' at i flags=''
  COMPREPLY=()
  # Bash takes --option=value for three words.
  if [[ $cur == = ]]; then
    option=$before cur=''
  elif [[ $before == = && COMP_CWORD -gt 2 ]]; then
    option=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $before == -* ]]; then
    option=$before
  fi`;

/** The command on the line; behind `--` there are only files. */
function commandNamed(commands: readonly CompletedCommand[]): string {
  return `  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --) _portlog_files; return ;;
      ${commands.map(({ name }) => name).join('|')}) [[ -z $command ]] && command=\${COMP_WORDS[i]} at=$i ;;
    esac
  done`;
}

/** Values of the option before the word, and the options of the command. */
function valuesAndFlags(commands: readonly CompletedCommand[]): string {
  return `  case ${orFirst(commands)}/$option in
${valueCases(commands)}
  esac
  case ${orFirst(commands)} in
${commands.map((command) => `    ${command.name}) flags='${flagsOf(command).join(' ')}' ;;`).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    _portlog_words "$flags"
    return
  fi`;
}

/** Subcommands, files and directories, and at the beginning the commands. */
function wordsBehind(commands: readonly CompletedCommand[]): string {
  const withTasks = commands.filter(({ tasks }) => tasks !== undefined);
  return `  if [[ -n $command && COMP_CWORD -eq $((at + 1)) ]]; then
    case $command in
${withTasks.map((command) => `      ${command.name}) _portlog_words '${taskNames(command).join(' ')}'; return ;;`).join('\n')}
    esac
  fi
  case ${orFirst(commands)} in
    ${takers(commands, 'files', 'nmap arguments')}) _portlog_files ;;
    ${takers(commands, 'directories')}) _portlog_directories ;;
  esac
  [[ -z $command && COMP_CWORD -eq 1 ]] && COMPREPLY+=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$cur"))`;
}

/** The command on the line, or the default one. */
function orFirst([first]: readonly CompletedCommand[]): string {
  return `\${command:-${first?.name ?? ''}}`;
}

const OFFERS = `_portlog_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
  # A sink goes on with its address.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

_portlog_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_portlog_directories() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}
`;

/** One case per value; for any command when all options of that name take the same. */
function valueCases(commands: readonly CompletedCommand[]): string {
  const uses = commands.flatMap(({ name, options }) =>
    Object.entries(options).flatMap(([option, { alias, ...definition }]) => {
      const action = actionOf(valueKind(definition));
      const flags = alias === undefined ? [`--${option}`] : [`--${option}`, `-${alias}`];
      return action === undefined ? [] : flags.map((flag) => ({ command: name, flag, action }));
    }),
  );
  const patterns = [...Map.groupBy(uses, ({ flag }) => flag)].flatMap(([flag, alike]) => {
    const isOne = new Set(alike.map(({ action }) => action)).size === 1;
    return isOne
      ? [{ pattern: `*/${flag}`, action: alike[0]?.action }]
      : alike.map(({ command, action }) => ({ pattern: `${command}/${flag}`, action }));
  });
  return [...Map.groupBy(patterns, ({ action }) => action)]
    .map(([action, alike]) => `    ${alike.map(({ pattern }) => pattern).join('|')}) ${action}return ;;`)
    .join('\n');
}

/** The action for a value; undefined when the option has none. */
function actionOf(value: Value): string | undefined {
  switch (value.kind) {
    case 'none':
      return undefined;
    case 'words':
      return `_portlog_words '${value.words.join(' ')}'; `;
    case 'file':
      return '_portlog_files; ';
    case 'directory':
      return '_portlog_directories; ';
    case 'text':
      return '';
  }
}

function flagsOf({ options }: CompletedCommand): readonly string[] {
  return [...Object.keys(options).map((name) => `--${name}`), '--help', '--version'];
}

function takers(commands: readonly CompletedCommand[], ...what: readonly CompletedCommand['words'][]): string {
  return commands
    .filter(({ words }) => words !== undefined && what.includes(words))
    .map(({ name }) => name)
    .join('|');
}
