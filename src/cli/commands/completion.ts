import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { type Command, NOTHING_SENT } from '../command.ts';
import { allCommands, COMMAND_NAMES } from '../commands.ts';
import { HELP } from '../help.ts';
import { topics } from '../page.ts';
import { completion as script, SHELLS } from '../completion/completion.ts';
import type { CommandContext } from '../session/context.ts';
import { print } from '../session/terminal.ts';
import { neededWord, refuseExtraWords } from '../session/words.ts';

/** `portlog completion bash|zsh|fish`: a completion script for a shell. */
export const completion: Command = {
  name: 'completion',
  summary: 'a script with which bash, zsh or fish completes portlog',
  usage: ['completion bash|zsh|fish'],
  tasks: [
    { name: 'bash', summary: 'put it where bash-completion looks, or source it in ~/.bashrc' },
    { name: 'zsh', summary: 'put it into a folder of $fpath, as _portlog' },
    { name: 'fish', summary: 'put it into ~/.config/fish/completions, as portlog.fish' },
  ],
  options: {},
  examples: [
    { line: 'source <(portlog completion bash)', about: 'in this shell' },
    { line: 'portlog completion fish > ~/.config/fish/completions/portlog.fish', about: 'for good' },
  ],
  exits: { 0: 'printed', ...NOTHING_SENT, 3: undefined, 4: undefined },
  run: printScript,
};

async function printScript({ terminal }: CommandContext, words: readonly string[]): Promise<ExitCode> {
  const name = neededWord(words, 'completion', `a shell: ${SHELLS.join(', ')}`);
  refuseExtraWords(words.slice(1), 'completion');
  const shell = SHELLS.find((one) => one === name);
  if (shell === undefined) throw new PortlogError('usage', `there is no completion for "${name}"`, { hint: `there is one for ${SHELLS.join(', ')}` });
  await print(terminal, script(shell, [...(await allCommands()), { ...HELP, options: {}, tasks: helpTasks() }]));
  return EXIT.delivered;
}

/** What `portlog help` prints something about. */
function helpTasks(): readonly { readonly name: string }[] {
  return [...new Set([...COMMAND_NAMES, ...topics()])].map((name) => ({ name }));
}
