import { hrtime } from 'node:process';
import { type Environment, notifierEnvironment } from '../core/environment.ts';
import { runQuietly } from '../core/child.ts';

/** systemd's own program; https://www.freedesktop.org/software/systemd/man/latest/systemd-notify.html */
const PROGRAM = 'systemd-notify';
/** It waits for the service manager to have read the message, five seconds at most. */
const LIMIT_MS = 10_000;
/** systemd shows no more of a status. */
const MAX_STATUS = 1000;

export interface ServiceManagerOptions {
  readonly env: Environment;
  /** Of this process. */
  readonly pid: number;
  /** It cannot be told: said once. */
  readonly onProblem: (reason: string) => void;
}

/**
 * Whoever supervises portlog and has given it a socket to speak to (`NOTIFY_SOCKET`); without one nothing is told. The words are those of
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html, in the order in which they are said. The socket takes datagrams
 * only, which Node cannot send, so that systemd's own program does it: the unit needs `NotifyAccess=all`.
 */
export class ServiceManager {
  /** It ends us when it hears nothing for so long; undefined when it does not mind. Milliseconds. */
  readonly watchdogMs: number | undefined;
  private readonly env: Environment;
  private readonly onProblem: (reason: string) => void;
  private isDeaf: boolean;
  private said: Promise<void> = Promise.resolve();
  private shown = '';
  private hasComplained = false;

  constructor({ env, pid, onProblem }: ServiceManagerOptions) {
    this.env = notifierEnvironment(env);
    this.isDeaf = (env['NOTIFY_SOCKET'] ?? '') === '';
    this.watchdogMs = this.isDeaf ? undefined : watchdogOf(env, pid);
    this.onProblem = onProblem;
  }

  /** Starting takes up to so many milliseconds more. */
  starting(limitMs: number): Promise<void> {
    return this.say(`EXTEND_TIMEOUT_USEC=${limitMs * 1000}`, 'STATUS=opening the state');
  }

  /** It has started, or has taken its configuration anew. */
  ready(): Promise<void> {
    return this.say('READY=1');
  }

  /** What it does, in a line. */
  status(text: string): Promise<void> {
    if (text === this.shown) return this.said;
    this.shown = text;
    return this.say(`STATUS=${text.replaceAll(/[\r\n]+/g, ' ').slice(0, MAX_STATUS)}`);
  }

  alive(): Promise<void> {
    return this.say('WATCHDOG=1');
  }

  /** The configuration is being read anew; {@link ready} says that it was. */
  reloading(): Promise<void> {
    return this.say('RELOADING=1', `MONOTONIC_USEC=${hrtime.bigint() / 1000n}`);
  }

  stopping(): Promise<void> {
    return this.say('STOPPING=1', 'STATUS=stopping: what was read is delivered first');
  }

  private say(...assignments: readonly string[]): Promise<void> {
    this.said = this.said.then(() => this.tell(assignments));
    return this.said;
  }

  private async tell(assignments: readonly string[]): Promise<void> {
    if (this.isDeaf) return;
    try {
      await runQuietly(PROGRAM, assignments, this.env, LIMIT_MS);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      this.isDeaf = isMissing;
      if (!this.hasComplained) this.onProblem(isMissing ? `there is no program ${PROGRAM}` : (error as Error).message);
      this.hasComplained = true;
    }
  }
}

function watchdogOf(env: Environment, pid: number): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC']);
  const isForUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
  return isForUs && microseconds > 0 ? microseconds / 1000 : undefined;
}
