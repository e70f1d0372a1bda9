import { AHEAD_MS } from '../event/time.ts';
import { type KnownHost, type OppositeTests, type LatestValue, type TestTimes } from '../state/known-host.ts';
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
  const at = (one: number): number => Math.min(one, time);
  const tests = ({ first, times }: TestTimes): TestTimes => ({ first: at(first), times: [...new Set(times.map(at))] });
  const opposites = ({ yes, no, ...last }: OppositeTests): OppositeTests => ({
    ...(yes && { yes: tests(yes) }),
    ...(no && { no: tests(no) }),
    ...last,
  });
  const register = <T>(one: LatestValue<T>): LatestValue<T> => ({ ...one, at: at(one.at), since: at(one.since) });
  const each = <T>(all: Readonly<Record<string, T>>, correct: (one: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(all).map(([key, one]) => [key, correct(one)]));
  const { name, mac, ip, os, recorded: _, recordedFindings: __, ...rest } = known;
  return {
    ...rest,
    up: opposites(known.up),
    time: at(known.time),
    ...(name && { name: register(name) }),
    ...(mac && { mac: register(mac) }),
    ...(ip && { ip: register(ip) }),
    ...(os && { os: register(os) }),
    ports: each(known.ports, ({ guess, service, certificate, ...port }) => ({
      ...port,
      open: opposites(port.open),
      at: at(port.at),
      ...(guess && { guess: register(guess) }),
      ...(service && { service: register(service) }),
      ...(certificate && { certificate: register(certificate) }),
    })),
    tested: known.tested.map((list) => ({ ...list, tests: tests(list.tests) })),
    findings: each(known.findings, (finding) => ({ ...finding, open: opposites(finding.open), at: at(finding.at) })),
  };
}
