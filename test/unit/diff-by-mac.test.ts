import { describe, expect, test } from 'vitest';
import { type ScanDiff, diffScans, diffWith, knowledgeOf } from '../../src/change/scan-diff.ts';
import { ScanCollector, type ScanView } from '../../src/change/scan-view.ts';
import { KnownScans } from '../../src/change/scans.ts';
import { AddressSet } from '../../src/nmap/address-set.ts';
import { Database } from '../../src/state/database.ts';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { stateFile } from '../../src/state/store.ts';
import { networkOf, tcp } from '../support/compared.ts';
import { itemsOf } from '../support/scans.ts';
import { World } from '../support/world.ts';

/* Hosts in networks with changing addresses (DHCP), which are identified by their MAC address. */

const macNetworks = AddressSet.of(['192.0.2.0/24']) as AddressSet;

const lent = (address: string, mac: string, ports = tcp(22, 'open')): string =>
  `<host><status state="up" reason="arp-response"/><address addr="${address}" addrtype="ipv4"/><address addr="${mac}" addrtype="mac"/><ports>${ports}</ports></host>`;
const FIRST = lent('192.0.2.7', '52:54:00:00:00:01');
const SECOND = lent('192.0.2.8', '52:54:00:00:00:02');

const view = (text: string): ScanView => {
  const collector = new ScanCollector(macNetworks);
  for (const item of itemsOf(text)) collector.add(item);
  return collector.view();
};
const messages = ({ changes }: ScanDiff): readonly string[] => changes.map(({ message }) => message);

test('one that is gone, and one that is new, are found by their addresses', () => {
  const [both, one] = [view(networkOf(FIRST + SECOND)), view(networkOf(FIRST))];
  expect(messages(diffScans(both, one))).toEqual(['52-54-00-00-00-02 is down']);
  expect(messages(diffScans(one, both))).toEqual(['52-54-00-00-00-02 is new, with 22/tcp open']);
  expect(diffScans(both, one)).toMatchObject({ hostsNotLookedAt: 0, hostsCompared: 1 });
});

test('compared with what is known, they are told as shipping the scan tells them', async () => {
  const later = (text: string): string => text.replaceAll('1760000000', '1760086400');
  const world = new World({ event: { macNetworks } });
  await world.ship(networkOf(FIRST));
  const known = (): ScanDiff => {
    const database = Database.openReadOnly(stateFile(world.stateDir), SCHEMA_VERSIONS);
    const knowledge = knowledgeOf(new KnownHosts(database, 'default'), new KnownScans(database, 'default'), {
      of: () => ({ findings: [], hasLooked: () => false }),
      looksFor: () => false,
    });
    const diff = diffWith(knowledge, view(later(networkOf(SECOND))));
    database.close();
    return diff;
  };
  const what = (texts: readonly string[]): ReadonlySet<string | undefined> => new Set(texts.map((text) => text.split(/ \(|, was/)[0]));
  const told = what(messages(known()));
  expect(told).toEqual(new Set(['52-54-00-00-00-01 is down', '52-54-00-00-00-02 is new, with 22/tcp open']));
  expect(what(await world.ship(later(networkOf(SECOND))))).toEqual(told);
});

describe('another machine with the MAC address of one that is there', () => {
  const PRINTER = lent('192.0.2.50', '52:54:00:00:00:01', tcp(9100, 'open') + tcp(23, 'closed') + tcp(4444, 'closed'));
  const STRANGER = lent('192.0.2.10', '52:54:00:00:00:01', tcp(23, 'open') + tcp(4444, 'open') + tcp(9100, 'open'));
  const later = (text: string): string => text.replaceAll('1760000000', '1760086400');

  test.each([
    ['in front of it', STRANGER + PRINTER],
    ['behind it', PRINTER + STRANGER],
  ])('%s, is not hidden by it: all of its ports are reported, and stay', async (_, both) => {
    const world = new World({ event: { macNetworks } });
    await world.ship(networkOf(PRINTER));
    const told = await world.ship(later(networkOf(both)));
    expect(told.join('\n')).toMatch(/23\/tcp/);
    expect(told.join('\n')).toMatch(/4444\/tcp/);
    expect(world.changes().filter(({ action }) => ['port-closed', 'finding-resolved'].includes(action))).toEqual([]);
    const entities = new Set(
      [...world.stored.values()].flatMap(({ dataset, own }) => (dataset === 'nmap.host' ? [(own as any).nmap.entity.id] : [])),
    );
    expect(entities.size).toBe(2);
    expect(messages(diffScans(view(networkOf(PRINTER)), view(networkOf(both)))).join('\n')).toMatch(/4444\/tcp/);
  });
});
