import { PortSet } from '../nmap/port-set.ts';
import { type KnownHost, type KnownPort, lastOf, note, type TestedPorts, withTime } from '../state/known-host.ts';
import type { Observation } from './observation.ts';

/** Lists of ports that a host was tested with; more than a handful of kinds of scans are not worth it. */
const MAX_LISTS = 32;

/** Notes which lists of ports a sighting has tested: what is not listed has no record of its own. */
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

/** A port that gets a record of its own: what is known of it so far stands in the lists that it was tested with. */
export function fromLists(lists: readonly TestedPorts[], protocol: string, number: number, confirm: number): KnownPort {
  const port: KnownPort = { protocol, number, open: {}, state: '', at: Number.NEGATIVE_INFINITY, scan: 0 };
  for (const { protocol: of, ports, tests, state, scan } of lists) {
    if (of !== protocol || !PortSet.of(ports).has(number)) continue;
    for (const time of [tests.first, ...tests.times]) note(port.open, 'no', time, { keep: confirm, late: true });
    if (lastOf(tests) > port.at) Object.assign(port, { state, at: lastOf(tests), scan });
  }
  return port;
}
