import { describe, expect, test } from 'vitest';
import { runCoverage } from '../../src/change/coverage.ts';
import { sightingOf } from '../../src/change/sighting.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { Finder } from '../../src/finding/finder.ts';
import { seenFindings } from '../../src/finding/seen.ts';
import type { Host } from '../../src/nmap/model.ts';
import { RunDraft } from '../../src/nmap/once.ts';
import { ecs, eventsOf, host, hosts, itemsOf, refusals, scan } from '../support/scans.ts';

const BYTES = 8_000_000;
const MASSCAN = 'scanner="masscan" start="1760000000"';

const telnet = (state: string): string => `<port protocol="tcp" portid="23"><state ${state}/></port>`;
const OPEN = telnet('state="open"');
const ANSWERED = telnet('state="open" reason="syn-ack"');
const CLOSED = telnet('state="closed"');

/** A host that lists these ports. */
const listing = (ports: string): string => scan(host('192.0.2.1', `<ports>${ports}</ports>`));
const many = (ports: string): number => Math.ceil(BYTES / ports.length);

function hostOf(text: string): Host {
  const [first] = hosts(itemsOf(text));
  if (first === undefined) throw new Error('no host');
  return first;
}

const actions = (events: readonly LogEvent[]): unknown[] => events.map(({ action }) => action);
const findingsOf = (one: Host): readonly unknown[] => seenFindings(new Finder(), { run: { args: 'nmap' }, host: one, time: 0 }).findings;

describe('one host of 8 MB that lists the same open port again and again', () => {
  const times = many(OPEN);
  const text = listing(OPEN.repeat(times));

  test('holds it once', () => {
    const one = hostOf(text);
    expect([...one.ports].map(({ portid, repeated }) => [portid, repeated])).toEqual([['23', times - 1]]);
    expect(findingsOf(one)).toHaveLength(1);
  });

  test('reports it and its weakness once, and counts the others', () => {
    const events = eventsOf(text);
    expect(actions(events)).toEqual(['host-observed', 'port-observed', 'finding-observed', 'scan-finished']);
    expect(ecs(events[0]!).nmap.host.ports.open).toBe(times);
    const { repeated, findings } = ecs(events.at(-1)!).nmap.scan;
    // Of the port, and of the weakness.
    expect(repeated).toBe(2 * (times - 1));
    expect(Object.values(findings as Record<string, number>).reduce((sum, one) => sum + one, 0)).toBe(1);
  });

  test('of masscan as well', () => {
    const events = eventsOf(scan(host('192.0.2.1', `<ports>${OPEN.repeat(times)}</ports>`), MASSCAN));
    expect(actions(events)).toEqual(['port-observed', 'finding-observed', 'scan-finished']);
    expect(ecs(events.at(-1)!).nmap.scan).toMatchObject({ repeated: 2 * (times - 1), ports: { open: 1 } });
  });
});

describe('one host of 8 MB that alternates between two statements about a port', () => {
  const text = listing((OPEN + ANSWERED).repeat(many(OPEN + ANSWERED)));

  test('reports both once, and keeps one weakness', () => {
    expect(findingsOf(hostOf(text))).toHaveLength(1);
    expect(actions(eventsOf(text))).toEqual(['host-observed', 'port-observed', 'port-observed', 'finding-observed', 'scan-finished']);
  });

  test('one that makes a new statement each time keeps one weakness', () => {
    const ports = Array.from({ length: many(ANSWERED) }, (_, i) => telnet(`state="open" reason_ttl="${i}"`)).join('');
    const one = hostOf(listing(ports));
    expect(findingsOf(one)).toHaveLength(1);
    const places = new Finder().of({ args: 'nmap' }, one, 0);
    // Evaluated anew, not kept.
    expect(Array.isArray(places)).toBe(false);
  });
});

describe.each([
  ['small', ''],
  ['large', `<script id="${'x'.repeat(1 << 20)}"/>`],
])('a %s host that lists a port more than once', (_, more) => {
  const told = (ports: string): unknown[] =>
    eventsOf(listing(ports + more))
      .map(ecs)
      .flatMap(({ nmap }) => nmap.port?.state ?? []);
  const last = (ports: string): string | undefined =>
    sightingOf(runCoverage(new RunDraft()), hostOf(listing(ports + more))).ports.get('23/tcp')?.state;

  test('reports each statement once, in the order of their first occurrence', () => {
    const filtered = telnet('state="open|filtered"');
    expect(told(OPEN + filtered + OPEN + filtered)).toEqual(['open', 'open|filtered']);
    expect(told(filtered + filtered + OPEN)).toEqual(['open|filtered', 'open']);
  });

  test('compares what it says last', () => {
    expect(last(OPEN + CLOSED + OPEN)).toBe('open');
    expect(last(CLOSED + OPEN + OPEN + CLOSED)).toBe('closed');
  });

  test('only what is the same word for word is passed over', () => {
    const repeated = (ports: string): number[] => [...hostOf(listing(ports + more)).ports].map((port) => port.repeated ?? 0);
    expect(repeated(`${OPEN}\n  ${OPEN}\r\n${OPEN}`)).toEqual([2]);
    expect(repeated(`${OPEN}<!-- -->${OPEN}`)).toEqual([0, 0]);
    expect(repeated(`${OPEN}${ANSWERED}${OPEN}`)).toEqual([0, 0, 0]);
    expect(repeated(`${OPEN.replace('23', '2')}${OPEN}`)).toEqual([0, 0]);
  });

  test('what is wrong with each is noted of each', () => {
    const [first] = eventsOf(listing(telnet('state="open" reason_ttl="x"').repeat(3) + more)).map(ecs);
    expect(first.nmap.malformed).toEqual(['state@reason_ttl=x', 'state@reason_ttl=x', 'state@reason_ttl=x']);
  });

  test('a broken one behind it is found', () => {
    const items = itemsOf(
      scan(host('192.0.2.1', `<ports>${OPEN.repeat(3)}<port protocol="tcp" portid="23"><state state="open"/></prt></ports>${more}`)),
    );
    expect(refusals(items).map(({ reason }) => reason)).toEqual([expect.stringContaining('end tag does not match <port>')]);
  });
});

test('the ports of a host are gone through once for all weaknesses that are not found again', () => {
  const one = hostOf(listing(Array.from({ length: 2000 }, (_, i) => OPEN.replace('23', String(i + 1))).join('')));
  let walks = 0;
  const ports = {
    *[Symbol.iterator]() {
      walks++;
      yield* one.ports;
    },
  };
  const found = seenFindings(new Finder(), { run: { args: 'nmap --script ftp-anon' }, host: { ...one, ports }, time: 0, places: [] });
  for (let i = 1; i <= 2000; i++) {
    expect(found.hasLooked(`${i}/tcp`, 'ftp-anon')).toBe(true);
    expect(found.hasLooked(`${i}/tcp`, 'service')).toBe(false);
  }
  expect(found.hasLooked('2001/tcp', 'ftp-anon')).toBe(false);
  expect(walks).toBe(1);
});

test('a script has looked at a port that is listed again, unless it failed in each listing', () => {
  const said = (output: string): string => OPEN.replace('</port>', `<script id="ftp-anon" output="${output}"/></port>`);
  const looked = (ports: string, args: string): boolean =>
    seenFindings(new Finder(), { run: { args }, host: hostOf(listing(ports)), time: 0 }).hasLooked('23/tcp', 'ftp-anon');
  expect(looked(OPEN, 'nmap')).toBe(false);
  expect(looked(said('ERROR: timeout'), 'nmap -sC')).toBe(false);
  expect(looked(said('ERROR: timeout') + said('ERROR: another'), 'nmap -sC')).toBe(false);
  expect(looked(said('ERROR: timeout') + OPEN, 'nmap -sC')).toBe(true);
  expect(looked(said('ERROR: timeout') + said('nothing'), 'nmap')).toBe(true);
});
