import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { SinkPipeline } from '../../src/delivery/sink-pipeline.ts';
import type { Store } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { type Batch, type Outcome, type Sink, SinkError, type SinkIdentity } from '../../src/sink/sink.ts';
import { clockAt, NOTHING, openStore, passDays, scriptedSink } from '../support/delivery.ts';
import { runs } from '../support/seed.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

/** Two destinations of one kind. */
const IDENTITIES = ['here', 'there'].map((target) => ({ type: 'scripted', target, scope: '' }));
const SCANS = [
  eventsOf(scan(Array.from({ length: 4 }, (_, i) => host(`192.0.2.${i}`, port(80))).join(''))),
  eventsOf(scan(host('198.51.100.1', port(22)), 'scanner="nmap" version="7.93" args="nmap 198.51.100.1" start="1760000500"')),
];
const ALL = SCANS.flat();

/** What the server does with a batch; `poison` is one event that it refuses for good. */
type Mood = 'takes' | 'down' | 'busy' | 'half' | 'poison';
const MOOD = fc.constantFrom<Mood>('takes', 'down', 'busy', 'half', 'poison');

/** Each is about one of the destinations, `to`; `move` takes what waits for the other one. */
type Command = { readonly to: number } & (
  | { readonly kind: 'ship'; readonly scans: readonly number[]; readonly again: boolean; readonly full: boolean; readonly hurry: boolean }
  | { readonly kind: 'replay' | 'move' | 'purge'; readonly dead: boolean }
  | { readonly kind: 'expire' }
);
interface Step {
  readonly command: Command;
  /** One for each batch; then the last one goes on. */
  readonly moods: readonly Mood[];
  /** After so many commits the process is killed. */
  readonly killAfter: number | undefined;
}

/** More often the first one. */
const TO = fc.constantFrom(0, 0, 1);
const COMMAND: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ship' as const),
      to: TO,
      scans: fc.constantFrom<readonly number[]>([0], [1], [0, 1]),
      again: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      full: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      hurry: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replay' as const), to: TO, dead: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), to: TO, dead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), to: TO, dead: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), to: TO }) },
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

/** What a server has acknowledged, and how often. */
class Server {
  readonly acknowledged = new Map<string, number>();

  answer({ entries }: Batch, mood: Mood): Outcome | SinkError {
    if (mood === 'down') return new SinkError('temporary', 'down');
    if (mood === 'busy') return { ...NOTHING, retry: entries };
    const rejected = mood === 'poison' ? entries.slice(0, 1).map((entry) => ({ entry, reason: 'no' })) : [];
    const retry = mood === 'half' ? entries.slice(1) : [];
    const taken = entries.filter((entry) => !retry.includes(entry) && rejected.every((one) => one.entry !== entry));
    for (const { id } of taken) this.acknowledged.set(id, (this.acknowledged.get(id) ?? 0) + 1);
    return { ...NOTHING, delivered: taken.length, retry, rejected };
  }
}

/** The servers, and the process that speaks to one of them. */
class World {
  readonly stateDir = fastDir();
  readonly clock = clockAt();
  readonly servers = IDENTITIES.map(() => new Server());

  async do({ command, moods, killAfter }: Step): Promise<SinkPipeline | undefined> {
    const life: Life = { isOver: false };
    if (command.kind === 'expire') passDays(this.stateDir, this.clock, 31);
    const limits = command.kind === 'ship' && command.full ? ({ maxBytes: 700, whenFull: 'drop-oldest' } as const) : {};
    const store = openStore(this.stateDir, limits, this.clock.now);
    if (killAfter !== undefined) kill(store, killAfter, life);
    try {
      const pipeline = await this.run(command, store, this.sink(command.to, moods, life));
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
    const { spool, deadLetters } = store.tables(IDENTITIES[command.to]!);
    if (command.kind === 'purge') {
      store.transaction(() => (command.dead ? deadLetters : spool).purge());
      return undefined;
    }
    const retryForMs = command.kind === 'ship' && command.hurry ? 0 : 60_000;
    const again = command.kind === 'ship' && command.again;
    const delivery = Delivery.to([sink], { clock: this.clock, store, retryForMs, again, signal: new AbortController().signal });
    const others = store.waiting().filter(({ identity }) => identity.target !== IDENTITIES[command.to]?.target);
    const withDead = (command.kind === 'replay' || command.kind === 'move') && command.dead;
    delivery.start(withDead, command.kind === 'move' ? others : []);
    for (const event of command.kind === 'ship' ? command.scans.flatMap((scanned) => SCANS[scanned] ?? []) : []) await delivery.push(event);
    await delivery.finish();
    return delivery.pipelines[0];
  }

  private sink(to: number, moods: readonly Mood[], life: Life): Sink {
    let at = 0;
    return scriptedSink(
      (batch) => {
        if (life.isOver) throw new Killed();
        return this.servers[to]!.answer(batch, moods[Math.min(at++, moods.length - 1)] ?? 'takes');
      },
      { identity: IDENTITIES[to]! },
    );
  }

  checkLedgers(): void {
    for (const [to, { acknowledged }] of this.servers.entries()) this.checkLedger(IDENTITIES[to]!, acknowledged);
  }

  /** "Delivered" is said only of what the server has acknowledged; "spooled" only of that and of what waits. */
  private checkLedger(identity: SinkIdentity, acknowledged: ReadonlyMap<string, number>): void {
    const store = openStore(this.stateDir, {}, this.clock.now);
    const { ledger, spool } = store.tables(identity);
    const waiting = new Set<string>();
    for (let next = spool.next(); next !== undefined; next = spool.next()) {
      if ('batch' in next) for (const { id } of next.batch.entries) waiting.add(id);
      // Looked at, and not sent: taken away in this process only.
      store.database.run('UPDATE spool SET damaged = 2 WHERE seq = ?', next.seq);
    }
    store.database.run('UPDATE spool SET damaged = 0 WHERE damaged = 2');
    for (const { id, ackGroup } of ALL) {
      const fate = ledger.fateOf(ackGroup);
      if (fate === 'delivered') expect(acknowledged.has(id), `${id} is said to be delivered`).toBe(true);
      if (fate === 'spooled') expect(acknowledged.has(id) || waiting.has(id), `${id} is said to wait`).toBe(true);
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

function mayRepeat({ command, killAfter }: Step): boolean {
  return killAfter !== undefined || (command.kind === 'ship' && command.again);
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
          const { acknowledged } = world.servers[step.command.to]!;
          expect(pipeline.account.tally.already).toBeLessThanOrEqual(shipped.filter(({ id }) => acknowledged.has(id)).length);
        }
        world.checkLedgers();
      }
      for (const [to, { acknowledged }] of world.servers.entries()) {
        const replay: Step = { command: { kind: 'replay', to, dead: true }, moods: ['takes'], killAfter: undefined };
        await world.do(replay);
        const all = await world.do({ ...replay, command: { kind: 'ship', to, scans: [0, 1], again: false, full: false, hurry: false } });
        world.checkLedgers();
        expect(all?.account.tally).toMatchObject({ read: ALL.length, dead: 0, spooled: 0, discarded: 0 });
        expect([...acknowledged.keys()].toSorted()).toEqual(ALL.map(({ id }) => id).toSorted());
        if (steps.some(mayRepeat)) continue;
        for (const [id, times] of acknowledged) expect([id, times]).toEqual([id, 1]);
      }
    }),
    { numRuns: runs(100) },
  );
});
