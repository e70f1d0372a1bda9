import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ecsLine } from '../../src/event/ecs.ts';
import { otlpLine } from '../../src/event/otel.ts';
import { ends, eventsOf, fixture, host, itemsOf, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { expectValidEvent } from '../support/validate.ts';

const SCAN = fixture('everything.xml');
const PIECES = [
  '<',
  '>',
  '&',
  '"',
  '</host>',
  '<host>',
  '<nmaprun>',
  '</nmaprun>',
  '<!--',
  '-->',
  '<?xml ?>',
  '<runstats>',
  '\0',
  '\uD800',
  '9'.repeat(400),
  '-1',
  '1e9',
  '<![CDATA[',
  '<!DOCTYPE x [',
  ']>',
  '&#x110000;',
];

const edit = fc.record({ at: fc.nat(), cut: fc.nat(40), insert: fc.constantFrom('', ...PIECES) });

function edited(edits: readonly { at: number; cut: number; insert: string }[]): Buffer {
  let bytes: Buffer = SCAN;
  for (const { at, cut, insert } of edits) {
    const position = at % bytes.length;
    bytes = Buffer.concat([bytes.subarray(0, position), Buffer.from(insert), bytes.subarray(position + cut)]);
  }
  return bytes;
}

test('whatever is done to a scan: nothing escapes, every event is valid, every run ends once, in any pieces', () => {
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 500 }), (edits, chunk) => {
      const bytes = edited(edits);
      const items = itemsOf(bytes);
      expect(ends(items)).toHaveLength(items.filter(({ kind }) => kind === 'run').length);
      const events = eventsOf(bytes, { all: true });
      for (const event of events) {
        expectValidEvent(event);
        JSON.parse(otlpLine(event));
      }
      expect(eventsOf(bytes, { all: true }, chunk).map(ecsLine)).toEqual(events.map(ecsLine));
    }),
    { numRuns: runs(400) },
  );
});

test('whatever a host says in its attributes: valid events', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 }).map((raw) => raw.replace(/[<&"]/g, '').replace(/[\uD800-\uDFFF]/g, ''));
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const inside = `<hostnames><hostname name="${a}" type="${b}"/></hostnames><ports><port protocol="${a}" portid="${b}"><state state="${c}" reason="${a}" reason_ttl="${b}"/><service name="${c}" conf="${a}" rpcnum="${b}"/><script id="${a}" output="${b}"><elem key="${c}">${a}</elem></script></port></ports><os><osmatch name="${a}" accuracy="${b}"/></os><trace port="${a}"><hop rtt="${b}" ttl="${c}"/></trace>`;
      for (const event of eventsOf(scan(host('192.0.2.1', inside, `starttime="${a}" endtime="${b}"`) + host('192.0.2.2', port(1))), { all: true }))
        expectValidEvent(event);
    }),
    { numRuns: runs(400) },
  );
});
