import { PortSet } from '../nmap/port-set.ts';
import { type KnownHost, type KnownPort, lastOf, note, type TestedPorts, withTime } from '../state/known-host.ts';
import type { Observation } from './observation.ts';

/** Most lists of tested ports that are kept per host; only the first few kinds of scans are worth it. */
const MAX_LISTS = 32;

/** Stores which lists of ports a sighting has tested, because ports that are not listed have no record of their own. */
export function takeLists(known: KnownHost, { sighting, time, scan }: Observation, confirm: number): void {
  const late = time < known.time;
  for (const { protocol, ports, state } of sighting.unlisted) {
    const at = known.tested.findIndex((one) => one.protocol === protocol && one.ports === ports.text);
    const before = known.tested[at];
    const isNewer = before === undefined || time > lastOf(before.tests) || (time === lastOf(before.tests) && !late);
    const after: TestedPorts = {
      protocol,
      ports: ports.text,
      tests: withTime(before?.tests, time, confirm),
      ...(isNewer ? { state, scan } : { state: before.state, scan: before.scan }),
    };
    if (at === -1) known.tested.push(after);
    else known.tested[at] = after;
  }
  known.tested.sort((a, b) => lastOf(b.tests) - lastOf(a.tests) || (a.protocol + a.ports < b.protocol + b.ports ? -1 : 1));
  known.tested.length = Math.min(known.tested.length, MAX_LISTS);
}

/** The record of a port that had none: its tests are in the lists of ports. */
export function fromLists(lists: readonly TestedPorts[], protocol: string, number: number, confirm: number): KnownPort {
  const port: KnownPort = { protocol, number, open: {}, state: '', at: Number.NEGATIVE_INFINITY, scan: 0 };
  for (const { protocol: of, ports, tests, state, scan } of lists) {
    if (of !== protocol || !PortSet.of(ports).has(number)) continue;
    for (const time of [tests.first, ...tests.times]) note(port.open, 'no', time, { keep: confirm, late: true });
    if (lastOf(tests) > port.at) Object.assign(port, { state, at: lastOf(tests), scan });
  }
  return port;
}
