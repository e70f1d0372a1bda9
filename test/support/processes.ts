import { afterEach, expect } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { LogEvent } from '../../src/event/event.ts';
import type { Batch, Outcome, SinkError } from '../../src/sink/sink.ts';
import { DEFAULT_SPOOL_LIMITS } from '../../src/state/spool-limits.ts';
import { Store } from '../../src/state/store.ts';
import { type Tally, unaccounted } from '../../src/state/tally.ts';
import { NOTHING, scriptedSink } from './delivery.ts';
import { eventsOf, host, port, scan } from './scans.ts';

/** Two of each host. */
export const EVENTS = eventsOf(scan(Array.from({ length: 12 }, (_, i) => host(`192.0.2.${i}`, port(80))).join(''))).filter(
  ({ dataset }) => dataset !== 'nmap.scan',
);
export const MINUTES = 60_000;
export const takes = ({ entries }: Batch): Outcome => ({ ...NOTHING, delivered: entries.length });

/** Of several processes with one state. Its clock goes on when it is told to, and its waits end at once. */
export class Process {
  readonly delivery: Delivery;
  readonly sent: string[] = [];
  answer: (batch: Batch) => Outcome | SinkError | Promise<Outcome | SinkError> = takes;
  readonly store: Store;
  private time = 1_700_000_000_000;
  private ahead = 0;
  private readonly interruption = new AbortController();

  constructor(stateDir: string, again = false, partitionOf: (event: LogEvent) => string = () => '') {
    const now = (): number => this.time + this.ahead;
    const clock: Clock = { now, elapsed: () => this.time, random: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) };
    const pid = nextPid++;
    this.store = new Store({ stateDir, limits: DEFAULT_SPOOL_LIMITS, now, pid, isAlive: (one) => !killed.has(one), what: 'a test' });
    const sink = scriptedSink(
      async (batch) => {
        this.sent.push(...batch.entries.map(({ id }) => id));
        return this.answer(batch);
      },
      {
        encode: (event) => ({ parts: [event.id], bytes: event.id.length, partition: partitionOf(event) }),
        limits: { maxEvents: 6, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 2 },
      },
    );
    this.delivery = Delivery.to([sink], { clock, store: this.store, again, retryForMs: 1000 * MINUTES, signal: this.interruption.signal });
    ends.push(() => this.store.database.close());
    this.kill = () => void killed.add(pid);
  }

  /** Others see that it is gone. */
  readonly kill: () => void;

  /** It is to end: nothing more is waited for. */
  interrupt(): void {
    this.interruption.abort();
  }

  pass(milliseconds: number): void {
    this.time += milliseconds;
  }

  /** Somebody sets the wall clock. */
  setClock(aheadBy: number): void {
    this.ahead = aheadBy;
  }

  get tally(): Tally {
    return this.delivery.pipelines[0]!.account.tally;
  }

  get waiting(): number {
    return this.delivery.report()[0]!.waiting;
  }

  async ship(events: readonly LogEvent[] = EVENTS): Promise<Tally> {
    this.delivery.start(false);
    for (const event of events) await this.delivery.push(event);
    await this.delivery.finish();
    expect([unaccounted(this.tally), Math.min(...Object.values(this.tally))]).toEqual([0, 0]);
    return this.tally;
  }
}

let nextPid = 1;
const killed = new Set<number>();
let ends: (() => void)[] = [];

/** Each test of the file leaves no file open. */
export function endProcesses(): void {
  afterEach(() => {
    for (const end of ends) end();
    ends = [];
  });
}
