import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diffScans } from '../../src/change/scan-diff.ts';
import { ScanCollector } from '../../src/change/scan-view.ts';
import { lokiSink } from '../../src/sink/loki/loki.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { ecs, eventsOf, fixture, host, itemsOf, port, scan } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';

const EVERYTHING = fixture('everything.xml').toString();
const FIELD = fixture('es-scan-elapsed.xml').toString();

test('an elapsed time that no field takes is marked, and costs nothing else', () => {
  const event = eventsOf(FIELD).at(-1)!;
  expectValidEvent(event);
  const { nmap, event: about } = ecs(event);
  expect([nmap.scan.elapsed, about.duration, nmap.malformed]).toEqual([undefined, undefined, ['finished@elapsed=999999999999999']]);
  expect(event.message).not.toContain('9999');
});

test.for([['999999999999999'], ['-999999999999999'], ['0'], ['999999999999999999999999'], ['4294967296'], ['-1']])(
  'with %s for every number, each event fits the types of its fields',
  ([number]) => {
    for (const text of [EVERYTHING.replaceAll(/="-?\d+(?:\.\d+)?"/g, `="${number}"`), EVERYTHING.replaceAll(/="-?\d+"/g, `="${number}"`)])
      for (const event of eventsOf(text, { all: true })) expectValidEvent(event);
  },
);

test('many counts that are each as large as they can be add up to a number that fits', () => {
  const huge = '<ports><extraports state="closed" count="999999999999999"/></ports>';
  const events = eventsOf(scan(Array.from({ length: 20_000 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, huge)).join('')));
  expectValidEvent(events.at(-1)!);
  expect(ecs(events.at(-1)!).nmap.scan.ports.closed).toBe(Number.MAX_SAFE_INTEGER);
});

test('no text is cut through the middle of a character', () => {
  const sink = lokiSink(sinkOptions('loki', { target: 'http://127.0.0.1:1' }));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1100 }), (length) => {
      const text = `${'x'.repeat(length)}\u{1F600}\u{1F600}`;
      const service = `<service name="${text}" product="${text}" version="${text}" method="probed" conf="${text}"/>`;
      for (const event of eventsOf(
        scan(host('192.0.2.7', port(80, 'open', service)) + `<host starttime="${text}"><address addr="${text}"/></host>`),
      )) {
        const made = sink.encode(event);
        const line = 'parts' in made ? made.parts.join('') : '';
        expect(line).not.toMatch(/(?<!\\)(?:\\\\)*\\u[dD][89abAB]/);
        expect(JSON.stringify(ecs(event))).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
      }
    }),
    { numRuns: 60 },
  );
});

test('a TLS port has the same service type in every event', () => {
  const tls = (version: string, number = 443): string =>
    port(number, 'open', `<service name="http" tunnel="ssl" product="nginx" version="${version}" method="probed" conf="10"/>`);
  const events = eventsOf(scan(host('192.0.2.7', tls('1.0')))).map(ecs);
  const types = events.filter(({ server }) => server !== undefined).map(({ service }) => service.type);
  expect(new Set(types)).toEqual(new Set(['https']));
  const view = (text: string) => {
    const collector = new ScanCollector();
    for (const item of itemsOf(text)) collector.add(item);
    return collector.view();
  };
  const { changes } = diffScans(view(scan(host('192.0.2.7', tls('1.0')))), view(scan(host('192.0.2.7', tls('2.0')))));
  expect(changes.map(({ after }) => after.service)).toEqual(['https']);
});
