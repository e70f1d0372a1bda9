import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortlogError } from '../../src/core/errors.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { SinkPipeline } from '../../src/delivery/sink-pipeline.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import type { SpoolLimits } from '../../src/state/spool-limits.ts';
import type { Store } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { clockAt, NOTHING, openStore, runPipeline, scriptedSink } from '../support/delivery.ts';
import { deathAtCommit, fullDisk } from '../support/dying-database.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';

/*
 * A destination that recognises nothing, and runs that end anywhere, also between two events of a host. When what waits is sent and the scan is
 * shipped again, it has each event once.
 */

const IDENTITY = { type: 'scripted', target: 'here', scope: '' };
const PORTS = [22, 80, 443].map((one) => port(one)).join('');
const EVENTS = eventsOf(scan(Array.from({ length: 6 }, (_, i) => host(`192.0.2.${i}`, PORTS)).join('')));
const IDS = EVENTS.map(({ id }) => id).toSorted();
const LIMITS = { maxEvents: 3, maxBytes: 10_000, inFlight: 1, inFlightPerPartition: 1 };

type Mood = 'takes' | 'down' | 'busy' | 'half' | 'refuses one';
interface Step {
  /** What happens to what waits, before anything is read. */
  readonly before: 'nothing' | 'purge' | 'purge dead';
  /** Events that are read until the run is interrupted; 0 for a replay. */
  readonly events: number;
  readonly full: SpoolLimits['whenFull'] | 'never';
  readonly moods: readonly Mood[];
  /** Requests until waiting ends, as after a second Ctrl-C. */
  readonly patience: number;
  /** Dead letters are tried again. */
  readonly dead: boolean;
  /** Events of a stream share batches; with several streams, those of a host are in several batches. */
  readonly streams: number;
  /** The process is killed at a commit: before it, or when it is done. */
  readonly dies: { readonly at: number; readonly done: boolean } | undefined;
  /** Commits between which the disk is full. */
  readonly fullDisk: readonly [from: number, to: number] | undefined;
}

const STEP: fc.Arbitrary<Step> = fc.record({
  before: fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'purge', 'purge dead'),
  events: fc.oneof(fc.constantFrom(0, EVENTS.length), fc.integer({ min: 1, max: EVENTS.length })),
  full: fc.constantFrom('never', 'never', 'block', 'drop-oldest'),
  moods: fc.array(fc.constantFrom('takes', 'takes', 'down', 'down', 'busy', 'half', 'refuses one'), { minLength: 1, maxLength: 6 }),
  patience: fc.integer({ min: 0, max: 20 }),
  dead: fc.boolean(),
  streams: fc.constantFrom(1, 1, 3),
  dies: fc.option(fc.record({ at: fc.integer({ min: 3, max: 30 }), done: fc.boolean() }), { nil: undefined, freq: 3 }),
  fullDisk: fc.option(fc.tuple(fc.integer({ min: 3, max: 20 }), fc.integer({ min: 4, max: 30 })), { nil: undefined, freq: 5 }),
});

const LAST: Step = {
  before: 'nothing',
  events: 0,
  full: 'never',
  moods: ['takes'],
  patience: 1000,
  dead: true,
  streams: 1,
  dies: undefined,
  fullDisk: undefined,
};

class Receiver {
  readonly times = new Map<string, number>();
  /** What the latest request of a run has brought. */
  latest: readonly string[] = [];

  answer({ entries }: Batch, mood: Mood): Outcome | SinkError {
    if (mood === 'down') return new SinkError('temporary', 'down');
    const retry = mood === 'busy' ? entries : mood === 'half' ? entries.slice(1) : [];
    const rejected = mood === 'refuses one' ? entries.slice(0, 1).map((entry) => ({ entry, reason: 'no' })) : [];
    const taken = entries.filter((entry) => !retry.includes(entry) && rejected[0]?.entry !== entry);
    for (const { id } of taken) this.times.set(id, (this.times.get(id) ?? 0) + 1);
    this.latest = taken.map(({ id }) => id);
    return { ...NOTHING, delivered: taken.length, retry, rejected };
  }
}

/** A state directory, and a destination. */
class World {
  readonly receiver = new Receiver();
  /** What may come twice: the request of which a killed process did not note the answer; anything while the disk is full. */
  readonly excused = new Set<string>();
  private readonly stateDir = fastDir();
  private readonly clock = clockAt();

  async do(step: Step): Promise<SinkPipeline | undefined> {
    const death = step.dies === undefined ? undefined : deathAtCommit(step.dies.at, step.dies.done);
    const open = step.fullDisk === undefined ? death?.open : fullDisk(...step.fullDisk);
    const limits = step.full === 'never' ? {} : { maxBytes: 900, whenFull: step.full };
    let store: Store | undefined;
    this.receiver.latest = [];
    try {
      store = openStore(this.stateDir, limits, this.clock.now, open);
      const pipeline = await this.run(store, step, () => death?.hasCome === true);
      if (death?.hasCome !== true) store.close();
      return death?.hasCome === true ? undefined : pipeline;
    } catch (error) {
      if (death?.hasCome !== true && !(error instanceof PortlogError && step.fullDisk !== undefined)) throw error;
      return undefined;
    } finally {
      const excused = step.fullDisk !== undefined ? IDS : death?.hasCome === true ? this.receiver.latest : [];
      for (const id of excused) this.excused.add(id);
      store?.database.close();
    }
  }

  private async run(store: Store, step: Step, isDead: () => boolean): Promise<SinkPipeline | undefined> {
    const { spool, deadLetters } = store.tables(IDENTITY);
    if (step.before === 'purge') store.transaction(() => spool.purge());
    if (step.before === 'purge dead') store.transaction(() => deadLetters.purge());
    const giveUp = new AbortController();
    const sink = this.sink(step, giveUp, isDead);
    const delivery = Delivery.to([sink], { clock: this.clock, store, retryForMs: 1000, signal: giveUp.signal });
    delivery.start(step.dead);
    for (const [i, event] of EVENTS.slice(0, step.events).entries()) {
      if (delivery.isPointless && EVENTS[i - 1]?.ackGroup !== event.ackGroup) break;
      await delivery.push(event);
      if (i === step.events - 1 && EVENTS[i + 1]?.ackGroup === event.ackGroup) delivery.abandonAckGroup();
    }
    await delivery.finish();
    return delivery.pipelines[0];
  }

  private sink({ moods, patience, streams, dies }: Step, giveUp: AbortController, isDead: () => boolean): Sink {
    let requests = 0;
    return scriptedSink(
      (batch) => {
        if (isDead()) throw new Error('killed');
        if (requests >= patience) giveUp.abort();
        const mood = moods[Math.min(requests++, moods.length - 1)] ?? 'takes';
        // Several answers about a batch from disk are noted together.
        return this.receiver.answer(batch, dies !== undefined && (mood === 'half' || mood === 'busy') ? 'takes' : mood);
      },
      { limits: LIMITS, encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: String(Number.parseInt(id.slice(0, 2), 16) % streams) }) },
    );
  }
}

test('wherever runs end, also between two events of a host: at the end each event was sent once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 5 }), async (steps) => {
      const world = new World();
      for (const step of steps) {
        const pipeline = await world.do(step);
        if (pipeline === undefined || step.fullDisk !== undefined) continue;
        expect(unaccounted(pipeline.account.tally)).toBe(0);
        expect(Math.min(...Object.values(pipeline.account.tally))).toBeGreaterThanOrEqual(0);
      }
      await world.do(LAST);
      const all = await world.do({ ...LAST, events: EVENTS.length });
      expect(all?.account.tally).toMatchObject({ read: EVENTS.length, dead: 0, spooled: 0, discarded: 0 });
      expect([...world.receiver.times.keys()].toSorted()).toEqual(IDS);
      for (const [id, times] of world.receiver.times) if (!world.excused.has(id)) expect([id, times]).toEqual([id, 1]);
    }),
    { numRuns: runs(100) },
  );
});

test('a full spool that holds half a host: the other half is sent when the scan is shipped again', async () => {
  const stateDir = fastDir();
  const receiver = new Receiver();
  const sink = (mood: Mood): Sink =>
    scriptedSink((batch) => receiver.answer(batch, mood), { limits: LIMITS, encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) });
  const store = openStore(stateDir, { maxBytes: 900 });
  const delivery = Delivery.to([sink('down')], { clock: clockAt(), store, retryForMs: 0, signal: new AbortController().signal });
  for (const event of EVENTS) await delivery.push(event);
  await delivery.finish();
  const { read, spooled } = delivery.report()[0]!.tally;
  store.close();
  expect([spooled, EVENTS[read]?.ackGroup]).toEqual([read, EVENTS[read - 1]?.ackGroup]);
  expect((await runPipeline(sink('takes'), [], { stateDir })).account.replayed.delivered).toBe(read);
  const again = await runPipeline(sink('takes'), EVENTS, { stateDir });
  expect(again.account.tally).toMatchObject({ read: EVENTS.length, already: read, delivered: EVENTS.length - read });
  expect([...receiver.times.values()]).toEqual(EVENTS.map(() => 1));
});

test('whenever the disk is full for a moment while events are rejected: those that could not be kept are sent when the scan is shipped again', async () => {
  for (let from = 3; from < 25; from++) {
    const world = new World();
    await world.do({ ...LAST, events: EVENTS.length, moods: ['refuses one'], dead: false, fullDisk: [from, from + 1] });
    await world.do(LAST);
    await world.do({ ...LAST, events: EVENTS.length });
    expect([...world.receiver.times.keys()].toSorted()).toEqual(IDS);
  }
});
