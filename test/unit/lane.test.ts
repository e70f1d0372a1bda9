import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import type { DeadLetter, DeadLetters } from '../../src/delivery/dead-letters.ts';
import { Lane, type LaneOptions } from '../../src/delivery/lane.ts';
import { backoffMs } from '../../src/delivery/retry.ts';
import { unaccounted } from '../../src/delivery/tally.ts';
import { PortlogError } from '../../src/errors.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

const EVENTS = eventsOf(scan(Array.from({ length: 20 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));

/** A sink that follows a script: what to do with each batch. */
function scriptedSink(send: (batch: Batch) => Outcome | SinkError, undeliverable: Sink['undeliverable'] = 'dead-letter'): Sink {
  return {
    name: 'scripted',
    limits: { maxEvents: 5, maxBytes: 10_000, inFlight: 2 },
    undeliverable,
    accepts: () => true,
    encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: id[0] as string }),
    check: async () => [],
    async send(batch) {
      const outcome = send(batch);
      if (outcome instanceof SinkError) throw outcome;
      return outcome;
    },
    close: async () => undefined,
  };
}

/** Time that passes only when somebody sleeps. */
function clockAt(start = 0): Clock {
  let now = start;
  return {
    now: () => now,
    random: () => 0.5,
    async sleep(milliseconds) {
      now += milliseconds;
    },
  };
}

function memoryLetters(): DeadLetters & { readonly kept: DeadLetter[] } {
  const kept: DeadLetter[] = [];
  return { path: 'memory', kept, add: (letters) => void kept.push(...letters) };
}

async function run(sink: Sink, more: Partial<LaneOptions> = {}): Promise<{ lane: Lane; kept: DeadLetter[] }> {
  const deadLetters = memoryLetters();
  const lane = new Lane(sink, { clock: clockAt(), deadLetters, retryForMs: 60_000, maxAgeMs: 1000, signal: new AbortController().signal, ...more });
  for (const event of EVENTS) await lane.push(event);
  await lane.finish();
  return { lane, kept: deadLetters.kept };
}

const nothing = { delivered: 0, already: 0, retry: [], rejected: [] };

test('conservation: whatever the server does, every event has exactly one fate', async () => {
  const fate = fc.constantFrom('delivered', 'already', 'retry', 'rejected', 'temporary', 'permanent', 'split', 'mixed');
  await fc.assert(
    fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 30 }), async (script) => {
      let step = 0;
      const sink = scriptedSink(({ entries }) => {
        const next = script[step++ % script.length];
        const rejected = entries.map((entry) => ({ entry, reason: 'no' }));
        if (next === 'temporary' || next === 'permanent') return new SinkError(next, next);
        if (next === 'split') return { ...nothing, retry: entries, split: true };
        if (next === 'retry') return { ...nothing, retry: entries };
        if (next === 'rejected') return { ...nothing, rejected };
        if (next === 'mixed') return { ...nothing, delivered: 1, retry: entries.slice(1, 2), rejected: rejected.slice(2) };
        return { ...nothing, [next as 'delivered' | 'already']: entries.length };
      });
      const { lane, kept } = await run(sink);
      expect(lane.tally.read).toBe(EVENTS.length);
      expect(unaccounted(lane.tally)).toBe(0);
      expect(kept).toHaveLength(lane.tally.dead);
    }),
    { numRuns: 200 },
  );
});

describe('batches', () => {
  test('never mix partitions and keep to the limits', async () => {
    const batches: Batch[] = [];
    await run(
      scriptedSink((batch) => {
        batches.push(batch);
        return { ...nothing, delivered: batch.entries.length };
      }),
    );
    for (const { entries, partition } of batches) {
      expect(entries.length).toBeLessThanOrEqual(5);
      expect(new Set(entries.map((entry) => entry.partition))).toEqual(new Set([partition]));
    }
    expect(batches.flatMap(({ entries }) => entries).length).toBe(EVENTS.length);
  });

  test('of a sink that takes one at a time stay in order, even when old ones are flushed meanwhile', async () => {
    const order: string[] = [];
    let busy = 0;
    const sink: Sink = {
      ...scriptedSink(() => nothing),
      limits: { maxEvents: 2, maxBytes: 10_000, inFlight: 1 },
      encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }),
      async send({ entries }) {
        expect(++busy).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        order.push(...entries.map(({ id }) => id));
        busy--;
        return { ...nothing, delivered: entries.length };
      },
    };
    const lane = new Lane(sink, {
      clock: clockAt(),
      deadLetters: memoryLetters(),
      retryForMs: 1000,
      maxAgeMs: 0,
      signal: new AbortController().signal,
    });
    for (const [index, event] of EVENTS.entries()) {
      const flushed = index % 3 === 0 ? lane.flushOld() : undefined;
      await lane.push(event);
      await flushed;
    }
    await lane.finish();
    expect(order).toEqual(EVENTS.map(({ id }) => id));
  });

  test('only refused items go again', async () => {
    const sent: string[] = [];
    const { lane } = await run(
      scriptedSink(({ entries }) => {
        const fresh = entries.filter(({ id }) => !sent.includes(id));
        sent.push(...entries.map(({ id }) => id));
        return { ...nothing, delivered: entries.length - fresh.length, retry: fresh };
      }),
    );
    expect(lane.tally.delivered).toBe(EVENTS.length);
    expect(sent).toHaveLength(EVENTS.length * 2);
  });
});

describe('a sink that does not work', () => {
  test('is given up after its time, and later events are not even tried', async () => {
    let attempts = 0;
    const { lane, kept } = await run(
      scriptedSink(() => {
        attempts++;
        return new SinkError('temporary', 'down');
      }),
    );
    expect(lane.tally).toMatchObject({ dead: EVENTS.length, delivered: 0 });
    expect(kept[0]?.reason).toBe('down');
    expect(attempts).toBeLessThan(30);
    expect(lane.failure?.kind).toBe('temporary');
  });

  test('with a wrong key is asked once', async () => {
    let attempts = 0;
    await run(
      scriptedSink(() => {
        attempts++;
        return new SinkError('permanent', 'wrong key');
      }),
    );
    expect(attempts).toBeLessThanOrEqual(2);
  });

  test('that is a closed pipe discards', async () => {
    const { lane } = await run(scriptedSink(() => new SinkError('closed', 'gone'), 'discard'));
    expect(lane.tally).toMatchObject({ discarded: EVENTS.length, dead: 0 });
  });

  test('nothing counts as kept when the disk does not take it', async () => {
    const deadLetters: DeadLetters = {
      path: 'full',
      add: () => {
        throw new PortlogError('state-unusable', 'the disk is full');
      },
    };
    await expect(
      run(
        scriptedSink(() => new SinkError('permanent', 'x')),
        { deadLetters },
      ),
    ).rejects.toThrow('the disk is full');
  });
});

test('waiting grows with jitter, ends at half a minute, and never undercuts what the server asked for', () => {
  expect([1, 2, 3, 10].map((attempt) => backoffMs(attempt, 1, undefined))).toEqual([500, 1000, 2000, 30_000]);
  expect(backoffMs(3, 0, undefined)).toBe(0);
  expect(backoffMs(1, 0.5, 7000)).toBe(7000);
});
