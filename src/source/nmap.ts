import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Environment } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';
import { reasonOf } from '../core/reason.ts';
import { groupOf, signalChild, startChild, startGuard } from '../core/child.ts';
import { timeLimit } from '../core/deadline.ts';
import { nmapArguments } from './nmap-arguments.ts';
import type { Source } from './source.ts';

/** How nmap ended: with an exit code, or by a signal. */
interface NmapExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** How long nmap has to stop after SIGINT. */
const GRACE_MS = 1500;

export interface NmapOptions {
  /** Name of this scan for people. */
  readonly name?: string;
  readonly program: string;
  readonly args: readonly string[];
  /** From this, nmap gets `nmapEnvironment`. */
  readonly env: Environment;
  /** After so long nmap is stopped. */
  readonly limitMs?: number | undefined;
  /** A line that nmap writes to stderr. */
  readonly onMessage: (line: string) => void;
}

export interface NmapSource extends Source {
  /** All that nmap gets. */
  readonly args: readonly string[];
  /** Undefined until it has ended. */
  exit(): NmapExit | undefined;
  /** It was stopped because portlog stops; how it ended then says nothing about the scan. */
  wasInterrupted(): boolean;
  /** It was stopped because its time was up. */
  wasTooLong(): boolean;
}

/**
 * A running nmap. On abort or timeout it gets SIGINT and stops; its output is read to the end, so that finished hosts still
 * ship. When portlog itself is killed, nmap is ended as well (`startGuard`).
 */
export function nmapSource({ name = 'nmap', program, args: userArgs, env, limitMs, onMessage }: NmapOptions): NmapSource {
  const args = nmapArguments(userArgs);
  let exit: NmapExit | undefined;
  let isInterrupted = false;
  let isTooLong = false;
  return {
    name,
    live: true,
    args,
    exit: () => exit,
    wasInterrupted: () => isInterrupted,
    wasTooLong: () => isTooLong && !isInterrupted,
    async *bytes(signal) {
      const guard = startGuard(env);
      const nmap = startChild(program, args, 'pipe', env);
      guard.over(groupOf(nmap));
      if (nmap.stderr !== null) createInterface({ input: nmap.stderr }).on('line', onMessage);
      const ended = whenEnded(nmap);
      const stopListening = whenever(limitMs === undefined ? [signal] : [signal, timeLimit(limitMs)], () => {
        isInterrupted ||= signal.aborted;
        isTooLong ||= exit === undefined;
        interrupt(nmap);
      });
      try {
        let isSilent = true;
        for await (const chunk of (nmap.stdout ?? []) as AsyncIterable<Uint8Array>) {
          isSilent = false;
          yield chunk;
        }
        exit = await ended;
        if (isSilent) throw silent(name);
      } catch (error) {
        throw error instanceof PortlogError ? error : notStarted(program, error as NodeJS.ErrnoException);
      } finally {
        stopListening();
        signalChild(nmap, 'SIGTERM');
        guard.dismiss();
      }
    },
  };
}

/** Acts on each of these signals, at once on one that is already aborted. Returns what ends that. */
function whenever(signals: readonly AbortSignal[], act: () => void): () => void {
  // Separate listeners: a combined signal could be garbage-collected too early.
  for (const signal of signals) {
    if (signal.aborted) act();
    else signal.addEventListener('abort', act, { once: true });
  }
  return () => {
    for (const signal of signals) signal.removeEventListener('abort', act);
  };
}

function interrupt(nmap: ChildProcess): void {
  signalChild(nmap, 'SIGINT');
  timeLimit(GRACE_MS).addEventListener('abort', () => signalChild(nmap, 'SIGKILL'));
}

function whenEnded(child: ChildProcess): Promise<NmapExit> {
  const ended = new Promise<NmapExit>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
  });
  // Awaited after the output; until then an early error must not count as unhandled.
  ended.catch(() => undefined);
  return ended;
}

/** nmap writes the header of a scan at once unless it fails: wrong option, no permission. */
function silent(name: string): PortlogError {
  return new PortlogError('input-not-a-scan', `${name} did not start a scan`, { hint: 'nmap says why, above' });
}

function notStarted(program: string, error: NodeJS.ErrnoException): PortlogError {
  const missing = error.code === 'ENOENT';
  return new PortlogError('nmap-missing', missing ? `there is no program "${program}"` : `${program} could not be run: ${reasonOf(error)}`, {
    hint: missing ? 'install nmap, or name it with --nmap PATH' : 'run it by hand to see why',
    cause: error,
  });
}
