import type { Clock } from '../../src/core/clock.ts';
import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.ts';
import type { SinkPipeline } from '../../src/delivery/sink-pipeline.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from '../../src/state/spool-limits.ts';
import { Store, type StoreOptions } from '../../src/state/store.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { fastDir } from './run-portlog.ts';

export const NOTHING = { delivered: 0, already: 0, retry: [], rejected: [] } as const;

/** A sink that follows a script: what to do with each batch. Partitions by the first letter of the id. */
export function scriptedSink(send: (batch: Batch) => Outcome | SinkError | Promise<Outcome | SinkError>, more: Partial<Sink> = {}): Sink {
  return {
    name: 'scripted',
    identity: { type: 'scripted', target: 'here', scope: '' },
    limits: { maxEvents: 5, maxBytes: 10_000, inFlight: 3, inFlightPerPartition: 1 },
    undeliverable: 'keep',
    accepts: () => true,
    encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: id[0] as string }),
    check: async () => [],
    async send(batch) {
      const outcome = await send(batch);
      if (outcome instanceof SinkError) throw outcome;
      return outcome;
    },
    close: async () => undefined,
    ...more,
  };
}

/** Takes everything, and remembers it in the order in which it came. */
export function storingSink(stored: string[], more: Partial<Sink> = {}): Sink {
  return scriptedSink(({ entries }) => {
    const fresh = entries.filter(({ id }) => !stored.includes(id));
    stored.push(...fresh.map(({ id }) => id));
    return { ...NOTHING, delivered: fresh.length, already: entries.length - fresh.length };
  }, more);
}

/** Time that passes only when somebody sleeps. */
export function clockAt(start = 1_700_000_000_000): Clock & { advance(milliseconds: number): void } {
  let now = start;
  return {
    now: () => now,
    elapsed: () => now,
    random: () => 0.5,
    async sleep(milliseconds) {
      now += milliseconds;
    },
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

export function openStore(
  stateDir: string,
  limits: Partial<SpoolLimits> = {},
  now: () => number = clockAt().now,
  open?: StoreOptions['open'],
): Store {
  return new Store({ stateDir, open, limits: { ...DEFAULT_SPOOL_LIMITS, ...limits }, now, pid: 1, isAlive: () => false, what: 'a test' });
}

/** Portlog is used once on each of so many days: time that nobody sees passing ages nothing. */
export function passDays(stateDir: string, clock: ReturnType<typeof clockAt>, days: number): void {
  for (let day = 0; day < days; day++) {
    clock.advance(86_400_000);
    openStore(stateDir, {}, clock.now).close();
  }
}

export interface PipelineRun extends Partial<DeliveryOptions> {
  readonly stateDir?: string;
  readonly limits?: Partial<SpoolLimits>;
  /** Leave the store as a process does that is killed. */
  readonly crash?: boolean;
}

/** One run with one sink: reads the events, finishes, and closes the state. */
export async function runPipeline(
  sink: Sink,
  events: readonly LogEvent[],
  { stateDir = fastDir(), limits = {}, crash = false, ...more }: PipelineRun = {},
): Promise<SinkPipeline> {
  const clock = more.clock ?? clockAt();
  const store = openStore(stateDir, limits, clock.now);
  const delivery = Delivery.to([sink], { clock, store, retryForMs: 60_000, signal: new AbortController().signal, ...more });
  delivery.start(false);
  for (const event of events) {
    if (delivery.stuckSink !== undefined) break;
    await delivery.push(event);
  }
  await delivery.finish();
  if (!crash) store.close();
  return delivery.pipelines[0] as SinkPipeline;
}
