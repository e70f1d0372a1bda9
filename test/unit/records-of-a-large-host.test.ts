import { expect, test } from 'vitest';
import { findingRecord, portRecord, recordedHost } from '../../src/change/record.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { type KnownFinding, type KnownHost, type KnownPort, unknownHost } from '../../src/state/known-host.ts';
import { ecs } from '../support/scans.ts';

const PORTS = 500;
const TIME = 1_760_000_000_000;
const tests = { first: TIME, times: [TIME] };

/** A host with so many open ports, and a weakness at each. */
function largeHost(): KnownHost {
  const ports: Record<string, KnownPort> = {};
  const findings: Record<string, KnownFinding> = {};
  for (let number = 1; number <= PORTS; number++) {
    const port = `${number}/tcp`;
    ports[port] = { protocol: 'tcp', number, state: 'open', at: TIME, scan: 1, open: { yes: tests } };
    findings[`${port} telnet`] = {
      port,
      key: 'telnet',
      open: { yes: tests },
      at: TIME,
      scan: 1,
      rule: { id: 'a', name: 'A' },
      title: 'x',
      severity: number,
      source: 'service',
    };
  }
  return { ...unknownHost('192.0.2.7'), ips: ['192.0.2.7'], time: TIME, up: { yes: tests }, ports, findings };
}

/** Counts how often somebody goes through all members. */
function counting<T extends object>(all: T, count: () => void): T {
  return new Proxy(all, {
    ownKeys: (target) => {
      count();
      return Reflect.ownKeys(target);
    },
  });
}

test('the inventory records of a host do not each go through all its ports and weaknesses', () => {
  const context = { options: { ...DEFAULT_OPTIONS, now: () => TIME }, base: {}, scanId: undefined };
  let times = 0;
  const count = (): void => void times++;
  const { ports, findings, ...rest } = largeHost();
  const known = { ...rest, ports: counting(ports, count), findings: counting(findings, count) };
  const host = recordedHost(known);
  const records = [
    ...Object.values(ports).map((port) => portRecord(context, host, port, TIME)),
    ...Object.values(findings).map((finding) => findingRecord(context, host, finding, { time: TIME, remedy: undefined })),
  ];
  expect(times).toBeLessThan(5);
  expect(records).toHaveLength(2 * PORTS);
  expect(ecs(records[6] as never).nmap.inventory).toMatchObject({ state: 'open', host_state: 'up', findings: 1, risk: 7 });
  expect(host.risks.get(undefined)).toMatchObject({ findings: PORTS, risk: PORTS });
});
