import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freshDir } from './fresh-dir.ts';

export { fastDir, freshDir } from './fresh-dir.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What is run: the built command; or `PORTLOG_PROGRAM`, the single executable. */
const PROGRAM = process.env['PORTLOG_PROGRAM'] === undefined ? [process.execPath, join(ROOT, 'bin', 'portlog.js')] : [process.env['PORTLOG_PROGRAM']];

/** Longer than anything takes beside four busy loops; whatever waits in vain says for what, before its test is ended. */
export const PATIENCE_MS = 60_000;

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts the built command with an environment of its own. */
export function startPortlog(args: readonly string[], { env = {}, cwd = ROOT }: RunOptions = {}): ChildProcess {
  const clean = { PATH: process.env['PATH'], HOME: freshDir(), ...env };
  const [program = '', ...before] = PROGRAM;
  return spawn(program, [...before, ...args], { cwd, env: clean, stdio: ['pipe', 'pipe', 'pipe'] });
}

export async function portlog(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startPortlog(args, options);
  child.stdin?.on('error', () => undefined).end(options.input ?? '');
  return finished(child);
}

export async function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return { stdout, stderr, code };
}

/** Waits for something that another process does, however busy the machine is. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not so after ${PATIENCE_MS / 1000} s: ${String(isSo)}`);
    await wait(20);
  }
}

/** Resolves when what the child printed to stderr or stdout contains the text. */
export async function untilPrinted(child: ChildProcess, stream: 'stdout' | 'stderr', text: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve) => {
    child[stream]?.on('data', (chunk: Buffer | string) => {
      seen += String(chunk);
      if (seen.includes(text)) resolve();
    });
  });
}
