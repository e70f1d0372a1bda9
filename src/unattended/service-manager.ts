import { hrtime } from 'node:process';
import { type Environment, notifierEnvironment } from '../core/environment.ts';
import { runQuietly } from '../core/child.ts';

/** systemd's own program; https://www.freedesktop.org/software/systemd/man/latest/systemd-notify.html */
const PROGRAM = 'systemd-notify';
/** systemd-notify waits up to five seconds for systemd to read the message. */
const LIMIT_MS = 10_000;
/** systemd truncates longer status texts. */
const MAX_STATUS = 1000;

export interface ServiceManagerOptions {
  readonly env: Environment;
  /** Of this process. */
  readonly pid: number;
  /** Called once when notifying fails. */
  readonly onProblem: (reason: string) => void;
}

/**
 * Notifies systemd over `NOTIFY_SOCKET`, if set, with the messages of
 * https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html, in order. Node cannot send Unix datagrams, so
 * systemd-notify does it: the unit needs `NotifyAccess=all`.
 */
export class ServiceManager {
  /** systemd's watchdog interval in milliseconds; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
  private readonly env: Environment;
  private readonly onProblem: (reason: string) => void;
  private isAbsent: boolean;
  private pending: Promise<void> = Promise.resolve();
  private lastStatus = '';
  private hasReported = false;

  constructor({ env, pid, onProblem }: ServiceManagerOptions) {
    this.env = notifierEnvironment(env);
    this.isAbsent = (env['NOTIFY_SOCKET'] ?? '') === '';
    this.watchdogMs = this.isAbsent ? undefined : watchdogOf(env, pid);
    this.onProblem = onProblem;
  }

  /** Extends the start-up timeout by so many milliseconds. */
  starting(limitMs: number): Promise<void> {
    return this.notify(`EXTEND_TIMEOUT_USEC=${limitMs * 1000}`, 'STATUS=opening the state');
  }

  /** Start-up, or a reload, is complete. */
  ready(): Promise<void> {
    return this.notify('READY=1');
  }

  /** Sets the status line. */
  status(text: string): Promise<void> {
    if (text === this.lastStatus) return this.pending;
    this.lastStatus = text;
    return this.notify(`STATUS=${text.replaceAll(/[\r\n]+/g, ' ').slice(0, MAX_STATUS)}`);
  }

  alive(): Promise<void> {
    return this.notify('WATCHDOG=1');
  }

  /** A reload has begun; {@link ready} ends it. */
  reloading(): Promise<void> {
    return this.notify('RELOADING=1', `MONOTONIC_USEC=${hrtime.bigint() / 1000n}`);
  }

  stopping(): Promise<void> {
    return this.notify('STOPPING=1', 'STATUS=stopping: what was read is delivered first');
  }

  private notify(...assignments: readonly string[]): Promise<void> {
    this.pending = this.pending.then(() => this.send(assignments));
    return this.pending;
  }

  private async send(assignments: readonly string[]): Promise<void> {
    if (this.isAbsent) return;
    try {
      await runQuietly(PROGRAM, assignments, this.env, LIMIT_MS);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      this.isAbsent = isMissing;
      if (!this.hasReported) this.onProblem(isMissing ? `there is no program ${PROGRAM}` : (error as Error).message);
      this.hasReported = true;
    }
  }
}

function watchdogOf(env: Environment, pid: number): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC']);
  const isForUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
  return isForUs && microseconds > 0 ? microseconds / 1000 : undefined;
}
