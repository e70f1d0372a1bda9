import { inWords } from '../../change/phrases.ts';
import type { Clock } from '../../core/clock.ts';
import type { PortlogError } from '../../core/errors.ts';
import { isPausing, nextPauseMs, type Pauses } from '../../unattended/pause.ts';
import type { Log } from './log.ts';
import { counted } from '../../event/text.ts';

/** Times are epoch milliseconds. */
interface Outage {
  readonly since: number;
  /** When it is reported again. */
  next: number;
  pauseMs: number;
}

const PAUSES: Pauses = { firstMs: 900_000, lastMs: 21_600_000 };

/**
 * Reports of `watch` and `run` about sinks that are down: once when an outage begins, again after a quarter of an hour, half an hour, an hour
 * and so on, and once when it is over. Otherwise several schedules would report the same server every minute.
 */
export class Outages {
  private readonly log: Log;
  private readonly clock: Pick<Clock, 'now'>;
  /** Outages by the sink's name. */
  private readonly known = new Map<string, Outage>();
  /** Since when sinks are down that were so when this process began. */
  private readonly earlier = new Map<string, number>();
  /** Other problems by their message. */
  private readonly problems = new Map<string, Outage>();
  /** Warnings of the latest check, by the sink's name. */
  private readonly warned = new Map<string, readonly string[]>();

  constructor(log: Log, clock: Pick<Clock, 'now'>) {
    this.log = log;
    this.clock = clock;
  }

  /** Notes since when a sink has been down for an earlier process, epoch milliseconds. */
  recall(sink: string, since: number | undefined): void {
    if (since !== undefined) this.earlier.set(sink, since);
  }

  has(sink: string): boolean {
    return this.known.has(sink);
  }

  /** Whether a problem is to be reported. One that persists is reported at growing intervals. */
  isToReport({ message }: PortlogError): boolean {
    const now = this.clock.now();
    const before = this.problems.get(message);
    if (before !== undefined && isPausing(before.next, now, PAUSES)) return false;
    const pauseMs = before === undefined ? PAUSES.firstMs : nextPauseMs(before.pauseMs, PAUSES);
    this.problems.set(message, { since: before?.since ?? now, next: now + pauseMs, pauseMs });
    return true;
  }

  /** Work was done, so a problem of the state is over. */
  stateWorks(): void {
    this.problems.clear();
  }

  /** Notes that a check or run has failed. `waiting`: known number of events on disk. */
  isDown(sink: string, { message, hint }: { readonly message: string; readonly hint?: string | undefined }, waiting = 0): void {
    const now = this.clock.now();
    const outage = this.known.get(sink);
    if (outage === undefined) {
      this.known.set(sink, { since: Math.min(now, this.earlier.get(sink) ?? now), next: now + PAUSES.firstMs, pauseMs: PAUSES.firstMs });
      this.log.error({ message: `${sink} is not available: ${message}`, hint });
      return;
    }
    if (isPausing(outage.next, now, PAUSES)) return;
    outage.pauseMs = nextPauseMs(outage.pauseMs, PAUSES);
    outage.next = now + outage.pauseMs;
    const kept = waiting === 0 ? '' : `; ${counted(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} on disk`;
    this.log.warn(`${sink} is still not available, for ${inWords(now - outage.since)} now: ${message}${kept}`);
  }

  /** Notes that the sink has accepted something. */
  isUp(sink: string): void {
    this.earlier.delete(sink);
    const outage = this.known.get(sink);
    if (outage === undefined) return;
    this.known.delete(sink);
    this.log.info(`${sink} is available again, after ${inWords(this.clock.now() - outage.since)}`);
  }

  /** Forgets sinks that the configuration no longer names, so that one that is added again counts as new. */
  keepOnly(sinks: ReadonlySet<string>): void {
    for (const sink of this.known.keys()) if (!sinks.has(sink)) this.known.delete(sink);
    for (const sink of this.warned.keys()) if (!sinks.has(sink)) this.warned.delete(sink);
  }

  /** Reports the warnings of a check that the check before did not have. */
  warn(sink: string, messages: readonly string[]): void {
    const before = this.warned.get(sink) ?? [];
    this.warned.set(sink, messages);
    for (const message of messages) if (!before.includes(message)) this.log.warn(message);
  }
}
