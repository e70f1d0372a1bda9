import { EXIT, PortlogError } from '../../core/errors.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { HELP } from '../help.ts';
import { topics } from '../page.ts';
import { completion, type Shell, SHELLS } from '../completion/completion.ts';
import { print } from '../session/terminal.ts';
import { neededWord, refuseExtraWords } from '../session/words.ts';

/** `portlog completion bash|zsh|fish`: a completion script for a shell. `commands`: all commands, including this one. */
export function completionOf(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    usage: ['completion bash|zsh|fish'],
    tasks: [
      { name: 'bash', summary: 'save it in a directory of bash-completion, or source it in ~/.bashrc' },
      { name: 'zsh', summary: 'save it as _portlog in a directory of $fpath' },
      { name: 'fish', summary: 'save it as ~/.config/fish/completions/portlog.fish' },
    ],
    options: {},
    examples: [
      { line: 'source <(portlog completion bash)', about: 'for this shell' },
      { line: 'portlog completion fish > ~/.config/fish/completions/portlog.fish', about: 'for every shell' },
    ],
    exits: { 0: 'printed', ...NOTHING_SENT, 3: undefined, 4: undefined },
    async run({ terminal }, words) {
      const shell = shellOf(words);
      await print(terminal, completion(shell, withHelp(await commands())));
      return EXIT.delivered;
    },
  };
}

function shellOf(words: readonly string[]): Shell {
  const name = neededWord(words, 'completion', `a shell: ${SHELLS.join(', ')}`);
  refuseExtraWords(words.slice(1), 'completion');
  const shell = SHELLS.find((one) => one === name);
  if (shell === undefined) throw new PortlogError('usage', `there is no completion for "${name}"`, { hint: `there is one for ${SHELLS.join(', ')}` });
  return shell;
}

/** Adds `portlog help` with its topics. */
function withHelp(commands: readonly Command[]): Parameters<typeof completion>[1] {
  const tasks = [...new Set([...commands.map(({ name }) => name), ...topics()])].map((name) => ({ name }));
  return [...commands, { ...HELP, options: {}, tasks }];
}
