import { all, atLeast, exists, is } from '../../alert/filter.ts';
import type { Dashboard, Panel } from '../panel.ts';
import { COUNT, finished, SERIOUS_LEVELS, HOST_GONE, lastLook, numberPanel, openNow, openPort, openPortList, placeControls } from './parts.ts';

const exposedHost = all(is('nmap.inventory.kind', 'host'), is('nmap.inventory.state', 'up'), atLeast('nmap.inventory.open_ports', 1));

/** The same groups of open ports: of the inventory, else of the last scans. */
function openPortsBy(id: string, title: string, about: string, field: string, width: number, kind: 'bars' | 'share' = 'bars'): Panel {
  const view = { kind, by: field, of: COUNT, top: 15 } as const;
  return {
    id,
    title,
    about,
    query: { from: 'nmap.inventory', where: openPort, view },
    withoutInventory: { from: 'nmap.port', where: all(openNow, exists(field)), lastScan: true, view },
    width,
    height: 11,
  };
}

export const exposure: Dashboard = {
  id: 'portlog-exposure',
  title: 'Exposure now',
  about: 'What is open now, as far as scans have looked. Closed ports are not counted.',
  days: 30,
  controls: [...placeControls('inventory'), { title: 'Severity', field: 'nmap.inventory.level', from: 'inventory' }],
  panels: [
    lastLook,
    numberPanel(
      'open-ports',
      'Open ports',
      'Ports that were open when they were tested last. 0: scans have looked, and found none.',
      { from: 'nmap.inventory', where: openPort },
      COUNT,
      { from: 'nmap.scan', where: finished, view: { kind: 'number', column: { title: 'Open ports', of: { latest: 'nmap.scan.ports.open' } } } },
    ),
    numberPanel(
      'exposed-hosts',
      'Hosts with open ports',
      'Hosts that are up and have at least one open port.',
      { from: 'nmap.inventory', where: exposedHost },
      COUNT,
      {
        from: 'nmap.host',
        where: atLeast('nmap.host.ports.open', 1),
        lastScan: true,
        view: { kind: 'number', column: { title: 'Hosts with open ports', of: COUNT } },
      },
    ),
    numberPanel(
      'grave-ports',
      'Ports with a severe weakness',
      'Open ports with a weakness that is high or critical; in Loki, such weaknesses of the last scans.',
      { from: 'nmap.inventory', where: all(openPort, is('nmap.inventory.level', ...SERIOUS_LEVELS)) },
      COUNT,
      {
        from: 'nmap.finding',
        where: is('nmap.finding.level', ...SERIOUS_LEVELS),
        lastScan: true,
        view: { kind: 'number', column: { title: 'Grave weaknesses', of: COUNT } },
      },
    ),
    openPortsBy('by-service', 'Open ports by service', 'What answers. Without -sV, the name is only what is usual at that port.', 'service.type', 8),
    openPortsBy('by-port', 'Open ports by number', 'The ports that are open at most hosts.', 'server.port', 8),
    openPortsBy('by-zone', 'Open ports by zone', 'Empty without an exposure file, which names the zones.', 'nmap.zone', 8, 'share'),
    {
      id: 'over-time',
      title: 'Open ports over time, by zone',
      about: 'As the scans of each day saw them, each port once. Empty without an exposure file; a day without a scan has no bar.',
      query: {
        from: 'nmap.port',
        where: all(openNow, exists('nmap.zone')),
        view: { kind: 'timeline', by: 'nmap.zone', of: { distinct: 'nmap.entity.id' } },
      },
      width: 16,
      height: 10,
    },
    {
      id: 'by-level',
      title: 'By severity',
      about: 'Open ports by the worst weakness of each; info: none is known. In Loki, the weaknesses of the last scans.',
      query: { from: 'nmap.inventory', where: openPort, view: { kind: 'share', by: 'nmap.inventory.level', of: COUNT, top: 5 } },
      withoutInventory: { from: 'nmap.finding', lastScan: true, view: { kind: 'share', by: 'nmap.finding.level', of: COUNT, top: 5 } },
      width: 8,
      height: 10,
    },
    {
      id: 'hosts',
      title: 'Most exposed hosts',
      about:
        'Hosts with open ports, those with the worst weakness first (in Loki, with the most open ports). An address leads to the dashboard of its host.',
      query: {
        from: 'nmap.inventory',
        where: exposedHost,
        view: {
          kind: 'table',
          by: { title: 'host', field: 'server.address' },
          columns: [
            { title: 'worst weakness', of: { latest: 'nmap.inventory.level' } },
            { title: 'open ports', of: { largest: 'nmap.inventory.open_ports' } },
            { title: 'weaknesses', of: { largest: 'nmap.inventory.findings' } },
            { title: 'name', of: { latest: 'host.name' } },
            { title: 'zone', of: { latest: 'nmap.zone' } },
            { title: 'last seen', of: { latest: 'nmap.inventory.last_seen' } },
          ],
          top: 50,
          rank: 'nmap.inventory.risk',
        },
      },
      withoutInventory: {
        from: 'nmap.host',
        where: atLeast('nmap.host.ports.open', 1),
        newestUntil: HOST_GONE,
        view: {
          kind: 'list',
          fields: ['host.ip', 'host.name', 'nmap.host.ports.open', 'nmap.zone', '@timestamp'],
          order: { field: 'nmap.host.ports.open', first: 'largest' },
        },
      },
      width: 24,
      height: 12,
    },
    openPortList({
      title: 'Open ports',
      about:
        'Each port once, as it was found when it changed last; in Loki, as the newest scan of the time range saw it, and those of a host that does not answer any more until the time range has passed them.',
      host: ['host.name'],
      rest: ['nmap.zone'],
      order: { field: 'nmap.inventory.risk', first: 'largest' },
      height: 14,
    }),
  ],
};
