import { PassThrough } from 'node:stream';
import { execute } from '../../src/cli/main.ts';
import type { Terminal } from '../../src/cli/session/terminal.ts';
import { type Finished, freshDir } from './run-portlog.ts';

/** The command without a process of its own: for mistakes, of which there are many. Standard input is a terminal where nobody types. */
export async function portlogHere(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const stdout = collected();
  const stderr = collected();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const terminal = { stdout: stdout.stream, stderr: stderr.stream, stdin } as unknown as Terminal;
  const code = await execute(args, { PATH: process.env['PATH'], HOME: freshDir(), XDG_STATE_HOME: freshDir(), ...env }, terminal);
  return { stdout: stdout.text(), stderr: stderr.text(), code };
}

function collected(): { readonly stream: PassThrough; readonly text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { stream, text: () => text };
}
