import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { timeLimit } from './deadline.ts';
import type { Environment } from './environment.ts';

/** Starts another program: the only place where portlog does. Arguments are passed as an array, never through a shell. */
export function startChild(command: string, args: readonly string[], stdio: 'pipe' | 'capture', env: Environment): ChildProcess {
  return spawn(command, args, {
    stdio: stdio === 'pipe' ? ['inherit', 'pipe', 'pipe'] : ['ignore', 'pipe', 'inherit'],
    shell: false,
    env,
    // A process group of its own: Ctrl-C reaches portlog only, which decides when and how nmap stops.
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

/** Reads the number of a process, or that of a group behind a minus; waits until its standard input is closed, and ends it: SIGINT, then SIGKILL. */
const GUARD = 'read -r whom || exit 0; read -r home && exit 0; kill -s INT -- "$whom" || exit 0; sleep 5; kill -s KILL -- "$whom"';

/**
 * Ends a child and what it started when portlog itself is killed (`kill -9`, out of memory). A shell waits on a pipe that only
 * portlog writes to; when the kernel closes it, the shell sends SIGINT to the child's process group, and SIGKILL five seconds
 * later. The shell has its own session, so signals to portlog's group do not reach it. Start it before the child, and give it
 * the child's process id at once, or minus that for its group. Without /bin/sh there is no guard.
 */
export function startGuard(env: Environment): { readonly over: (whom: number | undefined) => void; readonly dismiss: () => void } {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'portlog-guard'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env });
  shell.once('error', () => undefined).unref();
  const say = (word: string): void => void shell.stdin?.write(`${word}\n`);
  shell.stdin?.on('error', () => undefined);
  return {
    over: (whom) => {
      if (whom !== undefined) say(String(whom));
    },
    dismiss: () => {
      say('home');
      shell.stdin?.end();
    },
  };
}

/** The number of a child's group, for {@link startGuard}. */
export function groupOf({ pid }: ChildProcess): number | undefined {
  return pid === undefined ? undefined : -pid;
}

/** Runs a program without input or output. Resolves when it has ended or was killed after `limitMs`; rejects when it cannot be started or fails. */
export async function runQuietly(program: string, args: readonly string[], env: Environment, limitMs: number): Promise<void> {
  // Not the option `timeout`: when the program does not exist, its timer keeps the process alive.
  const child = spawn(program, args, { stdio: 'ignore', shell: false, env, signal: timeLimit(limitMs), killSignal: 'SIGKILL' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} exited with ${code ?? 'a signal'}`);
}

/** For a secret, which somebody may have to unlock by hand. */
const MAX_OUTPUT_BYTES = 1 << 20;
const CAPTURE_MS = 120_000;

/** The standard output of a command that prints a secret (a password store). Rejects when it fails, prints too much, or has not ended within `limitMs`. */
export async function captureOutput(command: readonly string[], env: Environment, limitMs = CAPTURE_MS): Promise<string> {
  const [program = '', ...args] = command;
  const guard = startGuard(env);
  let child: ChildProcess | undefined;
  // The kernel would end portlog between the start and the word to the guard.
  const forget = beforeTheEnd(() => child?.kill('SIGKILL'));
  child = startChild(program, args, 'capture', env);
  // Not its group, which is ours, so that it may ask on the terminal.
  guard.over(child.pid);
  const pieces: Buffer[] = [];
  let length = 0;
  let problem: string | undefined;
  const end = (why: string): void => {
    problem ??= why;
    child.kill('SIGKILL');
    // A child of the command may keep the pipe open.
    child.stdout?.destroy();
  };
  const timer = setTimeout(() => end(`it had not ended after ${limitMs / 1000} s`), limitMs);
  child.stdout?.on('data', (piece: Buffer) => {
    length += piece.length;
    if (length > MAX_OUTPUT_BYTES) end('it prints more than any secret has');
    else pieces.push(piece);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (problem !== undefined) throw new Error(problem);
    if (code !== 0) throw new Error(`it exited with ${code ?? 'a signal'}`);
    return Buffer.concat(pieces).toString('utf8');
  } finally {
    clearTimeout(timer);
    forget();
    guard.dismiss();
  }
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What is done when portlog exits: one listener for all, of which Node wants few. */
const atExit = new Set<() => void>();
const endAll = (): void => {
  for (const act of atExit) act();
};

/** Does something when portlog ends, also by a signal that nobody else handles. Returns what takes that back. */
function beforeTheEnd(act: () => void): () => void {
  const ours = ENDING.filter((signal) => process.listenerCount(signal) === 0);
  const end = (signal: NodeJS.Signals): void => {
    forget();
    // Somebody handles it by now.
    if (process.listenerCount(signal) > 0) return;
    act();
    process.kill(process.pid, signal);
  };
  const forget = (): void => {
    for (const signal of ours) process.off(signal, end);
    atExit.delete(act);
    if (atExit.size === 0) process.off('exit', endAll);
  };
  for (const signal of ours) process.on(signal, end);
  if (atExit.size === 0) process.on('exit', endAll);
  atExit.add(act);
  return forget;
}

/** The working directory for the program of an `exec` sink: only root creates files there, so relative names are harmless. */
export const PROGRAM_FOLDER = '/';

/** How a program ended that got input. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  /** Its first {@link MAX_STDERR_BYTES} on standard error. */
  readonly stderr: string;
  /** Why portlog ended it, if it did: its time was over, or portlog stops. */
  readonly endedBy?: 'time' | 'stop';
}

const MAX_STDERR_BYTES = 8192;
/** Between SIGTERM and SIGKILL. */
const TERM_TO_KILL_MS = 2000;
/** The same when portlog itself was told to stop: it has waited for the program before. */
const STOP_TO_KILL_MS = 500;
const OUTPUT_GRACE_MS = 300;

/**
 * Runs a program in a process group of its own and writes `input` to it. When it has ended, or its time is over, or `signal` aborts, or portlog
 * is killed, the whole group is ended. Rejects when it cannot be started.
 */
export async function runWithInput(
  [program = '', ...args]: readonly string[],
  { input, env, limitMs, signal }: { readonly input: string; readonly env: Environment; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<Ended> {
  const guard = startGuard(env);
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], shell: false, cwd: PROGRAM_FOLDER, env, detached: true });
  guard.over(groupOf(child));
  let endedBy: Ended['endedBy'];
  const timers: NodeJS.Timeout[] = [];
  const end = (why: NonNullable<Ended['endedBy']>): void => {
    endedBy ??= why;
    endGroup(child.pid, 'SIGTERM');
    timers.push(setTimeout(() => endGroup(child.pid, 'SIGKILL'), why === 'stop' ? STOP_TO_KILL_MS : TERM_TO_KILL_MS));
  };
  timers.push(setTimeout(() => end('time'), limitMs));
  const stop = (): void => end('stop');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  // A program may end without reading its input.
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
    // The group is empty.
  }
}

/** Collects the beginning of a stream. Ask for it when the program that writes has ended. */
function collect(stream: Readable): () => Promise<string> {
  let bytes = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    if (bytes.length < MAX_STDERR_BYTES) bytes = Buffer.concat([bytes, chunk]).subarray(0, MAX_STDERR_BYTES);
  });
  const closed = new Promise<void>((resolve) => {
    stream.once('close', resolve).once('error', () => resolve());
  });
  return async () => {
    // A process that the program left behind may keep the stream open for ever.
    const timer = setTimeout(() => stream.destroy(), OUTPUT_GRACE_MS);
    await closed;
    clearTimeout(timer);
    return bytes.toString('utf8');
  };
}
