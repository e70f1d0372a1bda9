import { shortDescription, type CompletedCommand, type CompletedOption, taskNames, valueKind } from './command.ts';

/** A function for `fpath`, by the name `_portlog`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const [first] = commands;
  return `#compdef portlog
_portlog() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  local command=${first?.name ?? ''} named='' i
  for ((i = 2; i < CURRENT; i++)); do
    if (( \${commands[(I)\${words[i]}:*]} )); then
      command=\${words[i]} named=yes
      words[i]=()
      (( CURRENT-- ))
      break
    fi
  done
  if [[ -z $named && CURRENT -eq 2 && \${words[2]} != -* ]]; then
    _describe -t commands command commands
  fi
  case $command in
${commands.map(caseOf).join('\n')}
  esac
}

_portlog "$@"
`;
}

function caseOf(command: CompletedCommand): string {
  const { name, options, tasks, words } = command;
  const first = tasks === undefined ? [] : [quoted(`1:task:(${taskNames(command).join(' ')})`)];
  const rest = words === undefined ? [] : [quoted(words === 'directories' ? '*:directory:_files -/' : '*:file:_files')];
  const specs = [...Object.entries(options).map(([option, definition]) => specOf(option, definition)), "'(- *)--help[show help]'", ...first, ...rest];
  return `    ${name})\n      _arguments -S ${specs.join(' \\\n        ')} ;;`;
}

/** A spec of `_arguments`. */
function specOf(name: string, option: CompletedOption): string {
  const about = shortDescription(option.about).replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const many = option.type === 'list' ? '*' : '';
  const action = actionOf(option);
  const spec = `--${name}${action === '' ? '' : '='}[${about}]${action}`;
  if (option.alias === undefined) return quoted(`${many}${spec}`);
  return [quoted(`(--${name})-${option.alias}[${about}]${action}`), quoted(`(-${option.alias})${spec}`)].join(' \\\n        ');
}

function actionOf(option: CompletedOption): string {
  const value = valueKind(option);
  const what = (option.value ?? option.choices?.join('|') ?? '').replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  switch (value.kind) {
    case 'none':
      return '';
    case 'words':
      return value.open ? `:${what}:{compadd -S "" -- ${value.words.join(' ')}}` : `:${what}:(${value.words.join(' ')})`;
    case 'file':
      return `:${what}:_files`;
    case 'directory':
      return `:${what}:_files -/`;
    case 'text':
      return `:${what}: `;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
