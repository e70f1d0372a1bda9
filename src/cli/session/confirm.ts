import { createInterface } from 'node:readline/promises';
import { PortlogError } from '../../core/errors.ts';
import { printable } from '../../event/text.ts';
import type { CommandContext } from './context.ts';

/** Asks for confirmation before deleting something: `delete 12 waiting events`. */
export async function isSure({ terminal }: CommandContext, what: string, option: string): Promise<boolean> {
  if (terminal.stdin.isTTY !== true)
    throw new PortlogError('usage', `${option} would permanently ${what}, and there is no terminal to confirm it`, {
      hint: 'add --yes if that is what you want',
    });
  const questions = createInterface({ input: terminal.stdin, output: terminal.stderr });
  try {
    const reply = await questions.question(`portlog: permanently ${printable(what)}? (yes/no) `);
    return reply.trim().toLowerCase() === 'yes';
  } catch (error) {
    // Ctrl-C and Ctrl-D, which say no.
    if ((error as Error).name !== 'AbortError') throw error;
    terminal.stderr.write('\n');
    return false;
  } finally {
    questions.close();
  }
}
