import { type CompletedCommand, taskNames, type Value, valueKind } from './command.ts';

/** For bash 4 or newer, with or without the package bash-completion. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion for portlog
_portlog() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} option='' command='' at i flags=''
  COMPREPLY=()
  # Bash takes --option=value for three words.
  if [[ $cur == = ]]; then
    option=$before cur=''
  elif [[ $before == = && COMP_CWORD -gt 2 ]]; then
    option=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $before == -* ]]; then
    option=$before
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --) _portlog_files; return ;;
      ${names.join('|')}) [[ -z $command ]] && command=\${COMP_WORDS[i]} at=$i ;;
    esac
  done
  case \${command:-${names[0] ?? ''}}/$option in
${valueCases(commands)}
  esac
  case \${command:-${names[0] ?? ''}} in
${commands.map((command) => `    ${command.name}) flags='${flagsOf(command).join(' ')}' ;;`).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    _portlog_words "$flags"
    return
  fi
  if [[ -n $command && COMP_CWORD -eq $((at + 1)) ]]; then
    case $command in
${commands
  .filter(({ tasks }) => tasks !== undefined)
  .map((command) => `      ${command.name}) _portlog_words '${taskNames(command).join(' ')}'; return ;;`)
  .join('\n')}
    esac
  fi
  case \${command:-${names[0] ?? ''}} in
    ${takers(commands, 'files', 'nmap arguments')}) _portlog_files ;;
    ${takers(commands, 'directories')}) _portlog_directories ;;
  esac
  [[ -z $command && COMP_CWORD -eq 1 ]] && COMPREPLY+=($(compgen -W '${names.join(' ')}' -- "$cur"))
}

_portlog_words() {
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

complete -F _portlog portlog
`;
}

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
