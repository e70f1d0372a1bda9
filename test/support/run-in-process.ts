import { PassThrough } from 'node:stream';
import { execute } from '../../src/cli/main.ts';
import type { Terminal } from '../../src/cli/session/terminal.ts';
import { type Finished, freshDir, type RunOptions } from './run-portlog.ts';

/** The command without a process of its own: for mistakes, of which there are many. Standard input is a terminal where nobody types. */
export async function portlogHere(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  return runWith(stdin, args, { PATH: process.env['PATH'] ?? '', HOME: freshDir(), XDG_STATE_HOME: freshDir(), ...env });
}

/** As `portlog` of run-portlog.ts, in a tenth of the time: for what is computed from text. Others look at how a process starts and ends. */
export async function portlog(args: readonly string[], { input = '', env = {} }: Omit<RunOptions, 'cwd'> = {}): Promise<Finished> {
  return runWith(new PassThrough().end(input), args, { PATH: process.env['PATH'] ?? '', HOME: freshDir(), ...env });
}

async function runWith(stdin: PassThrough, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const stdout = collected();
  const stderr = collected();
  const terminal = { stdout: stdout.stream, stderr: stderr.stream, stdin } as unknown as Terminal;
  const code = await execute(args, env, terminal);
  return { stdout: stdout.text(), stderr: stderr.text(), code };
}

function collected(): { readonly stream: PassThrough; readonly text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { stream, text: () => text };
}
