import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { SinkPipeline } from '../../src/delivery/sink-pipeline.ts';
import type { Store } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { clockAt, NOTHING, openStore, passDays, scriptedSink } from '../support/delivery.ts';
import { runs } from '../support/seed.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const IDENTITY = { type: 'scripted', target: 'here', scope: '' };
const SCANS = [
  eventsOf(scan(Array.from({ length: 4 }, (_, i) => host(`192.0.2.${i}`, port(80))).join(''))),
  eventsOf(scan(host('198.51.100.1', port(22)), 'scanner="nmap" version="7.93" args="nmap 198.51.100.1" start="1760000500"')),
];
const ALL = SCANS.flat();

/** What the server does with a batch; `poison` is one event that it refuses for good. */
type Mood = 'takes' | 'down' | 'busy' | 'half' | 'poison';
const MOOD = fc.constantFrom<Mood>('takes', 'down', 'busy', 'half', 'poison');

type Command =
  | { readonly kind: 'ship'; readonly scans: readonly number[]; readonly again: boolean; readonly full: boolean; readonly hurry: boolean }
  | { readonly kind: 'replay'; readonly dead: boolean }
  | { readonly kind: 'purge'; readonly dead: boolean }
  | { readonly kind: 'expire' };
interface Step {
  readonly command: Command;
  /** One for each batch; then the last one goes on. */
  readonly moods: readonly Mood[];
  /** After so many commits the process is killed. */
  readonly killAfter: number | undefined;
}

const COMMAND = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ship' as const),
      scans: fc.constantFrom<readonly number[]>([0], [1], [0, 1]),
      again: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      full: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      hurry: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replay' as const), dead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), dead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
);
const STEP: fc.Arbitrary<Step> = fc.record({
  command: COMMAND,
  moods: fc.array(MOOD, { minLength: 1, maxLength: 8 }),
  killAfter: fc.option(fc.integer({ min: 1, max: 25 }), { nil: undefined, freq: 4 }),
});

class Killed extends Error {}

/** Of one process. */
interface Life {
  isOver: boolean;
}

/** The server, what it has acknowledged how often, and the process that speaks to it. */
class World {
  readonly stateDir = fastDir();
  readonly clock = clockAt();
  readonly acknowledged = new Map<string, number>();
  /** AckGroups of which an event died: shipped again, they are sent again. */
  readonly died = new Set<string>();

  async do({ command, moods, killAfter }: Step): Promise<SinkPipeline | undefined> {
    const life: Life = { isOver: false };
    if (command.kind === 'expire') passDays(this.stateDir, this.clock, 31);
    const limits = command.kind === 'ship' && command.full ? ({ maxBytes: 700, whenFull: 'drop-oldest' } as const) : {};
    const store = openStore(this.stateDir, limits, this.clock.now);
    if (killAfter !== undefined) kill(store, killAfter, life);
    try {
      const pipeline = await this.run(command, store, this.sink(moods, life));
      store.close();
      return pipeline;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return undefined;
    } finally {
      store.database.close();
    }
  }

  private async run(command: Command, store: Store, sink: Sink): Promise<SinkPipeline | undefined> {
    const { spool, deadLetters } = store.tables(IDENTITY);
    if (command.kind === 'purge') {
      store.transaction(() => (command.dead ? deadLetters : spool).purge());
      return undefined;
    }
    const retryForMs = command.kind === 'ship' && command.hurry ? 0 : 60_000;
    const again = command.kind === 'ship' && command.again;
    const delivery = Delivery.to([sink], { clock: this.clock, store, retryForMs, again, signal: new AbortController().signal });
    delivery.start(command.kind === 'replay' && command.dead);
    for (const event of command.kind === 'ship' ? command.scans.flatMap((scanned) => SCANS[scanned] ?? []) : []) await delivery.push(event);
    await delivery.finish();
    return delivery.pipelines[0];
  }

  private sink(moods: readonly Mood[], life: Life): Sink {
    let at = 0;
    return scriptedSink((batch) => {
      if (life.isOver) throw new Killed();
      return this.answer(batch, moods[Math.min(at++, moods.length - 1)] ?? 'takes');
    });
  }

  private answer({ entries }: Batch, mood: Mood): Outcome | SinkError {
    if (mood === 'down') return new SinkError('temporary', 'down');
    if (mood === 'busy') return { ...NOTHING, retry: entries };
    const rejected = mood === 'poison' ? entries.slice(0, 1).map((entry) => ({ entry, reason: 'no' })) : [];
    for (const { entry } of rejected) this.died.add(unitOf(entry.id));
    const retry = mood === 'half' ? entries.slice(1) : [];
    const taken = entries.filter((entry) => !retry.includes(entry) && rejected.every((one) => one.entry !== entry));
    for (const { id } of taken) this.acknowledged.set(id, (this.acknowledged.get(id) ?? 0) + 1);
    return { ...NOTHING, delivered: taken.length, retry, rejected };
  }

  /** "Delivered" is said only of what the server has acknowledged; "spooled" only of that and of what waits. */
  checkLedger(): void {
    const store = openStore(this.stateDir, {}, this.clock.now);
    const { ledger, spool } = store.tables(IDENTITY);
    const waiting = new Set<string>();
    for (let next = spool.next(); next !== undefined; next = spool.next()) {
      if ('batch' in next) for (const { id } of next.batch.entries) waiting.add(id);
      // Looked at, and not sent: taken away in this process only.
      store.database.run('UPDATE spool SET damaged = 2 WHERE seq = ?', next.seq);
    }
    store.database.run('UPDATE spool SET damaged = 0 WHERE damaged = 2');
    for (const { id, ackGroup } of ALL) {
      const fate = ledger.fateOf(ackGroup);
      if (fate === 'delivered') expect(this.acknowledged.has(id), `${id} is said to be delivered`).toBe(true);
      if (fate === 'spooled') expect(this.acknowledged.has(id) || waiting.has(id), `${id} is said to wait`).toBe(true);
    }
    store.close();
  }
}

/** Each change of the state outside of a transaction is a commit, and so is each transaction. */
function kill({ database }: Store, after: number, life: Life): void {
  let commits = 0;
  let depth = 0;
  const run = database.run.bind(database);
  const transaction = database.transaction.bind(database);
  const commit = (): void => {
    if (depth === 0 && ++commits > after) life.isOver = true;
    if (life.isOver) throw new Killed();
  };
  database.run = (sql, ...values) => {
    commit();
    return run(sql, ...values);
  };
  database.transaction = (work) => {
    commit();
    depth++;
    try {
      return transaction(work);
    } finally {
      depth--;
    }
  };
}

function unitOf(id: string): string {
  return ALL.find((event) => event.id === id)?.ackGroup ?? '';
}

function mayRepeat({ command, killAfter }: Step): boolean {
  return (
    killAfter !== undefined || command.kind === 'purge' || command.kind === 'expire' || (command.kind === 'ship' && (command.full || command.again))
  );
}

test('whatever is done: the sum closes, "already" is what the server has acknowledged, and at the end it has everything, once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 8 }), async (steps) => {
      const world = new World();
      for (const step of steps) {
        const pipeline = await world.do(step);
        if (pipeline !== undefined) {
          expect(unaccounted(pipeline.account.tally)).toBe(0);
          expect(unaccounted(pipeline.account.replayed)).toBe(0);
          expect(Math.min(...Object.values(pipeline.account.tally), ...Object.values(pipeline.account.replayed))).toBeGreaterThanOrEqual(0);
          const shipped = step.command.kind === 'ship' ? step.command.scans.flatMap((scanned): readonly LogEvent[] => SCANS[scanned] ?? []) : [];
          expect(pipeline.account.tally.already).toBeLessThanOrEqual(shipped.filter(({ id }) => world.acknowledged.has(id)).length);
        }
        world.checkLedger();
      }
      const replay: Step = { command: { kind: 'replay', dead: true }, moods: ['takes'], killAfter: undefined };
      await world.do(replay);
      const all = await world.do({ ...replay, command: { kind: 'ship', scans: [0, 1], again: false, full: false, hurry: false } });
      world.checkLedger();
      expect(all?.account.tally).toMatchObject({ read: ALL.length, dead: 0, spooled: 0, discarded: 0 });
      expect([...world.acknowledged.keys()].toSorted()).toEqual(ALL.map(({ id }) => id).toSorted());
      if (steps.some(mayRepeat)) return;
      for (const [id, times] of world.acknowledged) if (!world.died.has(unitOf(id))) expect([id, times]).toEqual([id, 1]);
    }),
    { numRuns: runs(100) },
  );
});
