import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Environment } from './environment.ts';

/** The only door to other programs. Arguments go as an array: no shell ever reads them. */
export function startChild(command: string, args: readonly string[], stdio: 'pipe' | 'capture', env: Environment): ChildProcess {
  return spawn(command, args, {
    stdio: stdio === 'pipe' ? ['inherit', 'pipe', 'pipe'] : ['ignore', 'pipe', 'inherit'],
    shell: false,
    env,
    // A group of its own: Ctrl-C reaches us, and we tell nmap when and how to stop.
    detached: stdio === 'pipe',
  });
}

/** Sends a signal to a child and to what it started, as long as any of them holds its output. */
export function signalChild({ pid, exitCode, signalCode, stdout }: ChildProcess, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
  const hasEnded = exitCode !== null || signalCode !== null;
  if (pid === undefined || (hasEnded && stdout?.closed !== false)) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/** Waits for the end of the pipe it reads from; then ends the group whose number it was told, first kindly. */
const GUARD = 'read -r group || exit 0; read -r home && exit 0; kill -s INT -- "-$group" || exit 0; sleep 5; kill -s KILL -- "-$group"';

/**
 * A shell that waits beside a child of ours. However portlog ends (`kill -9`, out of memory), the kernel closes the pipe that
 * only we write to, and the shell ends the child and what it started: SIGINT, and five seconds later SIGKILL. It has a session of its
 * own, so that what is sent to our group or terminal does not reach it. To be started before the child; tell it the child's number at
 * once. Where there is no /bin/sh there is no guard.
 */
export function startGuard(env: Environment): { readonly over: (pid: number | undefined) => void; readonly dismiss: () => void } {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'portlog-guard'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env });
  shell.once('error', () => undefined).unref();
  const say = (word: string): void => void shell.stdin?.write(`${word}\n`);
  shell.stdin?.on('error', () => undefined);
  return {
    over: (pid) => {
      if (pid !== undefined) say(String(pid));
    },
    dismiss: () => {
      say('home');
      shell.stdin?.end();
    },
  };
}

/** Runs a program for what it does alone; resolves when it has ended, or was ended after `limitMs`. Rejects when it cannot be started, or fails. */
export async function runQuietly(program: string, args: readonly string[], env: Environment, limitMs: number): Promise<void> {
  // Not `timeout`: its timer goes on, and holds the process up, when there is no such program.
  const child = spawn(program, args, { stdio: 'ignore', shell: false, env, signal: AbortSignal.timeout(limitMs), killSignal: 'SIGKILL' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} exited with ${code ?? 'a signal'}`);
}

/** What a command prints, for secrets that a password store hands out. Rejects when it fails. */
export async function captureOutput(command: readonly string[], env: Environment): Promise<string> {
  const [program = '', ...args] = command;
  const child = startChild(program, args, 'capture', env);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`it exited with ${code ?? 'a signal'}`);
  return output;
}

/** How a program ended that was given something to read. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it has written there, as far as {@link MAX_STDERR_BYTES}. */
  readonly stderr: string;
  /** Why it was ended from outside. */
  readonly endedBy?: 'time' | 'stop';
}

const MAX_STDERR_BYTES = 8192;
/** From asking kindly to not asking. */
const KINDNESS_MS = 2000;
const LAST_WORDS_MS = 300;

/**
 * Runs a program in a process group of its own and writes `input` to it. When it has ended, or its time is over, or `signal` aborts, or portlog
 * is killed, the whole group is ended. Rejects when it cannot be started.
 */
export async function runWithInput(
  [program = '', ...args]: readonly string[],
  { input, env, limitMs, signal }: { readonly input: string; readonly env: Environment; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<Ended> {
  const guard = startGuard(env);
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], shell: false, env, detached: true });
  guard.over(child.pid);
  let endedBy: Ended['endedBy'];
  const timers: NodeJS.Timeout[] = [];
  const end = (why: NonNullable<Ended['endedBy']>): void => {
    endedBy ??= why;
    endGroup(child.pid, 'SIGTERM');
    timers.push(setTimeout(() => endGroup(child.pid, 'SIGKILL'), KINDNESS_MS));
  };
  timers.push(setTimeout(() => end('time'), limitMs));
  const stop = (): void => end('stop');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  // It need not read what it gets.
  child.stdin.on('error', () => undefined).end(input);
  const written = collect(child.stderr);
  try {
    const [code, by] = await new Promise<readonly [number | null, string | null]>((resolve, reject) => {
      child.once('error', reject).once('exit', (code, name) => resolve([code, name]));
    });
    endGroup(child.pid, 'SIGKILL');
    return { code, signal: by, stderr: await written(), ...(endedBy === undefined ? {} : { endedBy }) };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    guard.dismiss();
  }
}

function endGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** Collects the beginning of what is written; the result is to be asked for at the end of who has written it. */
function collect(stream: Readable): () => Promise<string> {
  let bytes = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    if (bytes.length < MAX_STDERR_BYTES) bytes = Buffer.concat([bytes, chunk]).subarray(0, MAX_STDERR_BYTES);
  });
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve).once('error', () => resolve());
  });
  return async () => {
    // What it has started in a group of its own may hold it open for ever.
    const timer = setTimeout(() => stream.destroy(), LAST_WORDS_MS);
    await closed;
    clearTimeout(timer);
    return bytes.toString('utf8');
  };
}
