import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { NOTHING, runPipeline, scriptedSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
const IDS = EVENTS.map(({ id }) => id);

type Step = 'delivered' | 'already' | 'retry' | 'rejected' | 'temporary' | 'permanent' | 'split' | 'mixed';
const STEP = fc.constantFrom<Step>('delivered', 'already', 'retry', 'rejected', 'temporary', 'permanent', 'split', 'mixed');

/** A server that does as the script says, and then works; what it has stored. */
function misbehaving(script: readonly Step[]): { readonly sink: Sink; readonly stored: Set<string>; readonly batches: Batch[]; mend: () => void } {
  const stored = new Set<string>();
  const batches: Batch[] = [];
  let step = 0;
  const sink = scriptedSink((batch): Outcome | SinkError => {
    batches.push(batch);
    const { entries } = batch;
    const next = script[step++] ?? 'delivered';
    const rejected = entries.map((entry) => ({ entry, reason: 'no' }));
    if (next === 'temporary' || next === 'permanent') return new SinkError(next, next);
    if (next === 'split') return { ...NOTHING, retry: entries, split: true };
    if (next === 'retry') return { ...NOTHING, retry: entries };
    if (next === 'rejected') return { ...NOTHING, rejected };
    const taken = next === 'mixed' ? entries.slice(0, 1) : entries;
    const fresh = taken.filter(({ id }) => !stored.has(id));
    for (const { id } of taken) stored.add(id);
    const outcome = { ...NOTHING, delivered: fresh.length, already: taken.length - fresh.length };
    return next === 'mixed' ? { ...outcome, retry: entries.slice(1, 2), rejected: rejected.slice(2) } : outcome;
  });
  return { sink, stored, batches, mend: () => void (step = script.length) };
}

describe('the guarantees, whatever the server does', () => {
  test('conservation: every event has exactly one fate, and no batch has one twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 30 }), async (script) => {
        const { sink, stored, batches } = misbehaving(script);
        const pipeline = await runPipeline(sink, EVENTS);
        expect(pipeline.account.tally.read).toBe(EVENTS.length);
        expect(unaccounted(pipeline.account.tally)).toBe(0);
        expect(pipeline.account.tally.delivered + pipeline.account.tally.already).toBe(stored.size);
        for (const { entries } of batches) expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
      }),
      { numRuns: 150 },
    );
  });

  test('what waits is delivered by the next run, and shipping again adds nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 20 }), fc.boolean(), async (script, crash) => {
        const { sink, stored, mend } = misbehaving(script);
        const stateDir = fastDir();
        const first = await runPipeline(sink, EVENTS, { stateDir, crash });
        mend();
        const second = await runPipeline(sink, [], { stateDir });
        expect(second.account.replayed.delivered + second.account.replayed.already).toBe(first.account.tally.spooled);
        expect(stored.size).toBe(EVENTS.length - first.account.tally.dead);
        // A host of which an event died is sent again, so that a server that was mended can take it.
        const third = await runPipeline(sink, EVENTS, { stateDir });
        expect(third.account.tally).toMatchObject({ read: EVENTS.length, delivered: first.account.tally.dead, spooled: 0, dead: 0 });
        expect(stored.size).toBe(EVENTS.length);
      }),
      { numRuns: 60 },
    );
  });

  test('order is kept within a partition that takes one batch at a time', async () => {
    const trouble = fc.constantFrom<Step>('delivered', 'retry', 'temporary', 'split');
    await fc.assert(
      fc.asyncProperty(fc.array(trouble, { maxLength: 30 }), async (script) => {
        const { sink, stored } = misbehaving(script);
        await runPipeline(sink, EVENTS);
        for (const partition of new Set(IDS.map((id) => id[0])))
          expect([...stored].filter((id) => id[0] === partition)).toEqual(IDS.filter((id) => id[0] === partition && stored.has(id)));
      }),
      { numRuns: 100 },
    );
  });
});

describe('batches', () => {
  test('never mix partitions and keep to the limits', async () => {
    const { sink, batches } = misbehaving([]);
    await runPipeline(sink, EVENTS);
    for (const { entries, partition } of batches) {
      expect(entries.length).toBeLessThanOrEqual(5);
      expect(new Set(entries.map((entry) => entry.partition))).toEqual(new Set([partition]));
    }
    expect(batches.flatMap(({ entries }) => entries).length).toBe(EVENTS.length);
  });

  test('of one partition go one at a time, of others beside it', async () => {
    const busy = new Map<string, number>();
    let most = 0;
    const sink = scriptedSink(async ({ entries, partition }) => {
      busy.set(partition, (busy.get(partition) ?? 0) + 1);
      expect(busy.get(partition)).toBe(1);
      most = Math.max(
        most,
        [...busy.values()].reduce((sum, count) => sum + count, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy.set(partition, 0);
      return { ...NOTHING, delivered: entries.length };
    });
    await runPipeline({ ...sink, limits: { ...sink.limits, maxEvents: 2 } }, EVENTS);
    expect(most).toBeGreaterThan(1);
  });

  test('of one partition go beside each other only when their times are close', async () => {
    const far = (minutes: number): string => host(`192.0.2.${minutes}`, port(80), `endtime="${1_760_000_000 + minutes * 60}"`);
    const most = async (step: number): Promise<number> => {
      let [busy, peak] = [0, 0];
      const sink = scriptedSink(
        async ({ entries }) => {
          peak = Math.max(peak, ++busy);
          await new Promise((resolve) => setTimeout(resolve, 1));
          busy--;
          return { ...NOTHING, delivered: entries.length };
        },
        {
          limits: { maxEvents: 2, maxBytes: 10_000, inFlight: 4, inFlightPerPartition: 4, unorderedWithinMs: 30 * 60_000 },
          encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }),
        },
      );
      const events = eventsOf(scan(Array.from({ length: 6 }, (_, i) => far(i * step)).join(''))).filter(({ dataset }) => dataset !== 'nmap.scan');
      await runPipeline(sink, events);
      return peak;
    };
    expect(await most(1)).toBe(4);
    expect(await most(20)).toBe(2);
    expect(await most(40)).toBe(1);
  });

  test('only refused items go again', async () => {
    const sent: string[] = [];
    const pipeline = await runPipeline(
      scriptedSink(({ entries }) => {
        const fresh = entries.filter(({ id }) => !sent.includes(id));
        sent.push(...entries.map(({ id }) => id));
        return { ...NOTHING, delivered: entries.length - fresh.length, retry: fresh };
      }),
      EVENTS,
    );
    expect(pipeline.account.tally.delivered).toBe(EVENTS.length);
    expect(sent).toHaveLength(EVENTS.length * 2);
  });

  test('too large for the server are halved, down to the event that is too large alone', async () => {
    const big = IDS[3];
    const pipeline = await runPipeline(
      scriptedSink(({ entries }) =>
        entries.some(({ id }) => id === big) ? { ...NOTHING, retry: entries, split: true } : { ...NOTHING, delivered: entries.length },
      ),
      EVENTS,
    );
    expect(pipeline.account.tally).toMatchObject({ delivered: EVENTS.length - 1, dead: 1 });
    expect(pipeline.firstRejection).toBe('the server finds this single event too large');
  });

  test('a sink that does not account for every event is reported as a bug', async () => {
    const pipeline = await runPipeline(
      scriptedSink(() => NOTHING),
      EVENTS,
    );
    expect(pipeline.failure).toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(/^sending to scripted failed because of a bug in portlog: the sink accounts for 0 of \d events$/),
    });
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length });
  });
});
