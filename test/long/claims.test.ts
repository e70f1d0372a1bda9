import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { endProcesses, EVENTS, MINUTES, Process, takes } from '../support/processes.ts';
import { fastDir } from '../support/run-portlog.ts';
import { runs } from '../support/seed.ts';

/* Two processes ship parts of one scan at the same time, in orders of their own, to a server that cannot tell. */

endProcesses();

type Mood = 'takes' | 'busy' | 'half' | 'down' | 'refuses all';
const HOSTS = Array.from({ length: EVENTS.length / 2 }, (_, i) => EVENTS.slice(2 * i, 2 * i + 2));

const CASE = fc.record({
  orders: fc.tuple(fc.shuffledSubarray(HOSTS, { minLength: 3 }), fc.shuffledSubarray(HOSTS, { minLength: 3 })),
  isByDataset: fc.boolean(),
  again: fc.tuple(fc.boolean(), fc.boolean()),
  moods: fc.array(fc.constantFrom<Mood>('takes', 'busy', 'half', 'down', 'refuses all'), { maxLength: 12 }),
  delays: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 5 }),
  /** After so many answers, minutes pass: whoever waits for the other one waits no longer. */
  stop: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
});

test('each event is acknowledged once, unless one seemed to be stopped; nothing is lost, and sums close', async () => {
  await fc.assert(
    fc.asyncProperty(CASE, async ({ orders, isByDataset, again, moods, delays, stop }) => {
      const partitionOf = ({ dataset }: LogEvent): string => (isByDataset ? dataset : '');
      const stateDir = fastDir();
      const acknowledged = new Map<string, number>();
      let answers = 0;
      const both = [new Process(stateDir, again[0], partitionOf), new Process(stateDir, again[1], partitionOf)] as const;
      const answer: Process['answer'] = async (batch) => {
        const nr = answers++;
        if (nr === stop) for (const one of both) one.pass(3 * MINUTES);
        await new Promise((resolve) => setTimeout(resolve, delays[nr % delays.length]));
        const mood = moods[nr] ?? 'takes';
        if (mood === 'down' || mood === 'refuses all') return new SinkError(mood === 'down' ? 'temporary' : 'permanent', mood);
        const taken = mood === 'takes' ? batch.entries : mood === 'half' ? batch.entries.slice(0, 1) : [];
        for (const { id } of taken) acknowledged.set(id, (acknowledged.get(id) ?? 0) + 1);
        return { ...takes({ ...batch, entries: taken }), retry: batch.entries.filter((entry) => !taken.includes(entry)) };
      };
      for (const one of both) one.answer = answer;
      await Promise.all(both.map((one, i) => one.ship(orders[i]!.flat())));
      for (const one of both) one.store.close();
      const last = new Process(stateDir);
      last.answer = answer;
      moods.length = 0;
      await last.ship();
      expect(last.waiting).toBe(0);
      last.store.close();
      expect([...acknowledged.keys()].toSorted()).toEqual(EVENTS.map(({ id }) => id).toSorted());
      if (stop === undefined) expect(Math.max(...acknowledged.values())).toBe(1);
    }),
    { numRuns: runs(100) },
  );
});
