import { all, exists, is, type Filter } from '../../alert/filter.ts';
import { HOST_DASHBOARD } from '../host-link.ts';
import type { Dashboard } from '../panel.ts';
import { COUNT, FINDING_GONE, HOST_GONE, numberPanel, openFinding, openNow, openPort, openPortList, placeControls, PORT_GONE } from './parts.ts';

const aHost: Filter = is('nmap.inventory.kind', 'host');
/** Time range of the history, in days; what is known now has no time range. */
const DAYS = 90;

export const host: Dashboard = {
  id: HOST_DASHBOARD,
  title: 'Host',
  about: 'One address: choose it above, or come from an address in a table of another dashboard. Without one, all hosts are here.',
  days: DAYS,
  controls: placeControls('inventory'),
  panels: [
    numberPanel(
      'last-seen',
      'Last seen',
      'When a scan saw it up for the last time. Nothing here: no scan has looked at it, or it was never up.',
      { from: 'nmap.inventory', where: aHost },
      { latest: 'nmap.inventory.last_seen' },
      {
        from: 'nmap.host',
        where: is('nmap.host.state', 'up'),
        view: { kind: 'number', column: { title: 'Last seen', of: { latest: '@timestamp' } } },
      },
    ),
    numberPanel('open-ports', 'Open ports', 'That were open when they were tested last.', { from: 'nmap.inventory', where: openPort }, COUNT, {
      from: 'nmap.port',
      where: openNow,
      lastScan: true,
      view: { kind: 'number', column: { title: 'Open ports', of: COUNT } },
    }),
    {
      id: 'by-level',
      title: 'Weaknesses by severity',
      about: 'What is wrong with it now; in Loki, by the last scan of its site.',
      query: { from: 'nmap.inventory', where: openFinding, view: { kind: 'bars', by: 'nmap.finding.level', of: COUNT, top: 5 } },
      withoutInventory: { from: 'nmap.finding', lastScan: true, view: { kind: 'bars', by: 'nmap.finding.level', of: COUNT, top: 5 } },
      width: 12,
      height: 5,
    },
    {
      id: 'about',
      title: 'What it is',
      about: 'As it was seen last.',
      query: {
        from: 'nmap.inventory',
        where: aHost,
        view: {
          kind: 'list',
          fields: [
            'server.address',
            'host.name',
            'nmap.inventory.state',
            'nmap.inventory.since',
            'nmap.inventory.first_seen',
            'nmap.inventory.last_seen',
            'host.os.full',
            'host.mac',
            'nmap.site',
            'nmap.zone',
            'nmap.network',
            'nmap.owner',
          ],
        },
      },
      withoutInventory: {
        from: 'nmap.host',
        newestUntil: HOST_GONE,
        view: {
          kind: 'list',
          fields: ['host.ip', 'host.name', 'host.os.full', 'nmap.site', 'nmap.zone', 'nmap.network', 'nmap.owner', '@timestamp'],
        },
      },
      width: 24,
      height: 4,
    },
    openPortList({
      title: 'What is open, and since when',
      about:
        'Each port once. since: its first sighting, or the last one before it when it was not open. In Loki, when it was seen last; ports of a host that does not answer any more stand there until the time range has passed them.',
      inventory: ['nmap.inventory.first_seen'],
      order: { field: 'server.port', first: 'smallest' },
      orderWithoutInventory: { field: 'server.port', first: 'smallest' },
      height: 8,
    }),
    {
      id: 'weaknesses',
      title: 'Weaknesses, most severe first',
      about: 'Each once, with what to do about it.',
      query: {
        from: 'nmap.inventory',
        where: openFinding,
        view: {
          kind: 'list',
          fields: ['nmap.finding.level', 'server.address', 'server.port', 'nmap.finding.title', 'nmap.finding.remedy', 'nmap.inventory.since'],
          order: { field: 'event.severity', first: 'largest' },
        },
      },
      withoutInventory: {
        from: 'nmap.finding',
        newestUntil: FINDING_GONE,
        view: {
          kind: 'list',
          fields: ['nmap.finding.level', 'server.address', 'server.port', 'nmap.finding.title', 'nmap.finding.remedy', '@timestamp'],
          order: { field: 'event.severity', first: 'largest' },
        },
      },
      width: 24,
      height: 8,
    },
    {
      id: 'certificates',
      title: 'Certificates',
      about: 'Of its open ports, as a scan has read them (ssl-cert), the first to run out first.',
      query: {
        from: 'nmap.inventory',
        where: all(openPort, exists('tls.server.not_after')),
        view: {
          kind: 'list',
          fields: ['server.address', 'server.port', 'tls.server.subject', 'tls.server.not_after'],
          order: { field: 'tls.server.not_after', first: 'smallest' },
        },
      },
      withoutInventory: {
        from: 'nmap.port',
        where: all(openNow, exists('tls.server.not_after')),
        newestUntil: PORT_GONE,
        view: {
          kind: 'list',
          fields: ['server.address', 'server.port', 'tls.server.subject', 'tls.server.not_after'],
          order: { field: 'tls.server.not_after', first: 'smallest' },
        },
      },
      width: 24,
      height: 5,
    },
    {
      id: 'timeline',
      title: 'Its changes over time',
      about: 'By what happened.',
      query: { from: 'nmap.change', where: exists('server.address'), view: { kind: 'timeline', by: 'event.action', of: COUNT } },
      width: 24,
      height: 7,
    },
    {
      id: 'history',
      title: 'Its history',
      about: 'Every change, the newest first.',
      query: {
        from: 'nmap.change',
        where: exists('server.address'),
        view: {
          kind: 'list',
          fields: ['@timestamp', 'event.action', 'server.address', 'server.port', 'message', 'nmap.change.before.since'],
        },
      },
      width: 24,
      height: 10,
    },
  ],
};
