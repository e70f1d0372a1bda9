import { AHEAD_MS } from '../event/time.ts';
import type { KnownHost, KnownPort, LatestValue, OppositeTests, TestTimes } from '../state/known-host.ts';
import type { KnownScans } from './scans.ts';
import { revisionBehind, revisionOf } from './revision.ts';
import { DAMAGED, type KnownHosts } from '../state/known-hosts.ts';

/**
 * Corrects results dated in the future by a wrong clock (a scanner's, or ours), which would make every later scan look old.
 * They are dated before the scan that begins at `started`, but after everything else that is known.
 */
export function correctFutureTimes(
  hosts: KnownHosts,
  scans: KnownScans,
  confirm: number,
  { now, started }: { readonly now: number; readonly started: number },
): void {
  const keys = hosts.laterThan(now + AHEAD_MS);
  if (keys.length === 0 && !scans.areAhead(now)) return;
  const time = Math.max(scans.latestTime(now), Math.min(now, started - 1));
  scans.dateFutureRuns(now, time);
  for (const key of keys) {
    const known = hosts.find(key);
    if (known !== undefined && known !== DAMAGED) hosts.put(revised(healed(known, time), known), confirm);
  }
}

/**
 * Dates scans without times: such a scan counts at its time of reading only until one with times comes, which then is the
 * later of the two unless others show that it is late.
 */
export function dateUntimedRuns(hosts: KnownHosts, scans: KnownScans, confirm: number, started: number): void {
  const held = scans.withoutOwnTimeAfter(started);
  if (held.length === 0) return;
  const time = Math.max(scans.latestOwnTime(), started - 1);
  for (const { nr, started: at } of held) {
    if (time >= at) continue;
    for (const key of hosts.lastFoundAt(at)) {
      const known = hosts.find(key);
      if (known !== undefined && known !== DAMAGED) hosts.put(revised(healed(known, time), known), confirm);
    }
    scans.move(nr, time);
  }
}

/** A host after its times were corrected. Its inventory record was sent with later times, and must still count as the older one. */
function revised(host: KnownHost, before: KnownHost): KnownHost {
  return { ...host, revision: revisionBehind(host, revisionOf(before)) };
}

/** The known host with no time later than `time`. */
function healed(known: KnownHost, time: number): KnownHost {
  const { name, mac, ip, os, recorded: _, recordedFindings: __, ...rest } = known;
  return {
    ...rest,
    up: healedOpposites(known.up, time),
    time: Math.min(known.time, time),
    ...(name && { name: healedValue(name, time) }),
    ...(mac && { mac: healedValue(mac, time) }),
    ...(ip && { ip: healedValue(ip, time) }),
    ...(os && { os: healedValue(os, time) }),
    ports: each(known.ports, (port) => healedPort(port, time)),
    tested: known.tested.map((list) => ({ ...list, tests: healedTests(list.tests, time) })),
    findings: each(known.findings, (finding) => ({ ...finding, open: healedOpposites(finding.open, time), at: Math.min(finding.at, time) })),
  };
}

function healedPort({ guess, service, certificate, hostKeys, ...port }: KnownPort, time: number): KnownPort {
  return {
    ...port,
    open: healedOpposites(port.open, time),
    at: Math.min(port.at, time),
    ...(guess && { guess: healedValue(guess, time) }),
    ...(service && { service: healedValue(service, time) }),
    ...(certificate && { certificate: healedValue(certificate, time) }),
    ...(hostKeys && { hostKeys: hostKeys.map(({ type, key }) => ({ type, key: healedValue(key, time) })) }),
  };
}

function healedValue<T>(latest: LatestValue<T>, time: number): LatestValue<T> {
  return { ...latest, at: Math.min(latest.at, time), since: Math.min(latest.since, time) };
}

function healedOpposites({ yes, no, ...last }: OppositeTests, time: number): OppositeTests {
  return { ...(yes && { yes: healedTests(yes, time) }), ...(no && { no: healedTests(no, time) }), ...last };
}

function healedTests({ first, times }: TestTimes, time: number): TestTimes {
  return { first: Math.min(first, time), times: [...new Set(times.map((one) => Math.min(one, time)))] };
}

function each<T>(all: Readonly<Record<string, T>>, healedOne: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([key, one]) => [key, healedOne(one)]));
}
