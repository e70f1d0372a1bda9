import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ecsLine } from '../../src/event/ecs.ts';
import { corpusFile, corpusFiles } from '../support/corpus.ts';
import { ends, eventsOf, fixture, itemsOf } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { expectValidEvent } from '../support/validate.ts';

const DOCUMENTS = runs(20_000);
/** Of a scan that is mutated; larger ones take too long to be many. */
const MAX_BYTES = 30_000;
/** For one document, with all its events. */
const MOST_SECONDS = 1;
const MOST_RSS = 700e6;
/** Validation takes ten times as long as all the rest. */
const VALIDATED = 25;

const SEEDS = [fixture('everything.xml'), fixture('masscan.xml'), ...corpusFiles().map(([name]) => corpusFile(name))].filter(
  ({ length }) => length <= MAX_BYTES,
);
const WORDS =
  '< > & " \' / = </host> <host> <host  <nmaprun> </nmaprun> <!-- --> <![CDATA[ ]]> <!DOCTYPE [ ]> <?xml ?> <runstats> <port> </port> <table> </table> <elem> &#0; &#x1b; &amp; &lol; -1 1e9 99999999999999999999'
    .split(' ')
    .concat(['\0', '\uD800', '\u202E', '\n', '<taskprogress task="a"/>\n', '9'.repeat(400), 'a'.repeat(5000), '<host>'.repeat(50)]);

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), cut: fc.nat(40), text: fc.constantFrom(...WORDS) }),
  fc.record({ kind: fc.constant('copy' as const), at: fc.nat(), from: fc.nat(), length: fc.nat(2000) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(bytes: Buffer, change: Mutation): Buffer {
  if (bytes.length === 0) return bytes;
  const at = change.at % bytes.length;
  switch (change.kind) {
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(change.text), bytes.subarray(at + change.cut)]);
    case 'copy':
      const from = change.from % bytes.length;
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + change.length), bytes.subarray(at)]);
    case 'flip':
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << change.bit);
      return flipped;
    default:
      return bytes.subarray(0, at);
  }
}

test('mutated scans cause no exception and no invalid event, and stay within the limits', { timeout: 0 }, () => {
  let document = 0;
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 8 }), (seed, mutations) => {
      const bytes = mutations.reduce(mutated, seed);
      const before = process.cpuUsage();
      const items = itemsOf(bytes);
      const events = eventsOf(bytes, { all: true });
      for (const event of events) ecsLine(event);
      const { user } = process.cpuUsage(before);
      expect(user / 1e6).toBeLessThan(MOST_SECONDS);
      expect(ends(items)).toHaveLength(items.filter(({ kind }) => kind === 'run').length);
      if (document++ % VALIDATED === 0) for (const event of events) expectValidEvent(event);
    }),
    { numRuns: DOCUMENTS, endOnFailure: true },
  );
  expect(process.memoryUsage.rss()).toBeLessThan(MOST_RSS);
});
