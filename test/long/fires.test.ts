import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { firings, matches } from '../../src/alert/fires.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { freshDir } from '../support/run-portlog.ts';
import { shipStories, siteOf } from '../alerts/ship.ts';

describe('the stories, by the evaluator', () => {
  let bySite: ReadonlyMap<string | undefined, readonly string[]>;
  beforeAll(async () => {
    const file = join(freshDir(), 'events.ndjson');
    await shipStories(['--to', `file=${file}`], {});
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    bySite = Map.groupBy(lines, (line) => (JSON.parse(line) as { nmap?: { site?: string } }).nmap?.site);
  }, 600_000);

  test.each(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => [id]))(
    '%s fires on its story, and not on the other',
    (id) => {
      const fired = (kind: 'fires' | 'silent') =>
        (bySite.get(siteOf(id, kind)) ?? []).flatMap((line) => firings(JSON.parse(line) as object as Record<string, unknown>, Date.now()));
      expect(fired('fires').map(({ rule }) => rule.id)).toContain(id);
      expect(fired('silent').map(({ rule }) => rule.id)).not.toContain(id);
      for (const { summary } of fired('fires')) expect(summary).not.toMatch(/[{}[\]]|undefined/);
    },
  );
});

test('a filter means what its words say', () => {
  const now = Date.parse('2026-01-31T00:00:00Z');
  const event = { a: { b: ['x', 'y'] }, n: 47, t: true, d: '2026-02-05T00:00:00Z' };
  const cases = [
    [{ field: 'a.b', is: ['y'] }, true],
    [{ field: 'a.b', is: ['z'] }, false],
    [{ field: 'a', is: ['y'] }, false],
    [{ field: 't', is: [true] }, true],
    [{ field: 't', isNot: true }, false],
    [{ field: 'none', isNot: true }, true],
    [{ field: 'n', atLeast: 47 }, true],
    [{ field: 'n', atLeast: 48 }, false],
    [{ field: 'none', atLeast: 0 }, false],
    [{ field: 'n', exists: true }, true],
    [{ field: 'd', daysAhead: { from: 0, to: 30 } }, true],
    [{ field: 'd', daysAhead: { to: 0 } }, false],
    [{ all: [] }, true],
    [{ any: [] }, false],
  ] as const;
  for (const [filter, expected] of cases) expect([filter, matches(filter as Parameters<typeof matches>[0], event, now)]).toEqual([filter, expected]);
});
