import { is } from '../../alert/filter.ts';
import type { Dashboard } from '../panel.ts';
import { COUNT, finished, lastLook, numberPanel } from './parts.ts';

const runSummary = is('event.action', 'run-summary');

export const health: Dashboard = {
  id: 'portlog-health',
  title: 'Scan health',
  about: 'Whether scans come, end well, and reach their destinations.',
  days: 30,
  controls: [{ title: 'Site', field: 'nmap.site', from: 'events' }],
  panels: [
    lastLook,
    numberPanel('failed', 'Failed or cut scans', '0 with a finished scan at the left: all ended well. Scans that have looked at nothing count.', {
      from: 'nmap.scan',
      where: is('event.action', 'scan-failed', 'scan-incomplete', 'scan-empty'),
    }),
    numberPanel('overdue', 'Overdue scans', 'Scans that portlog expected by the configuration (sites) and that did not come.', {
      from: 'nmap.health',
      where: is('event.action', 'scan-overdue'),
    }),
    numberPanel('undelivered', 'Delivery problems', 'Destinations that did not take events, as far as this one could be told.', {
      from: 'nmap.health',
      where: is('event.action', 'delivery-problem'),
    }),
    {
      id: 'sites',
      title: 'Sites',
      about: 'Of each site, the last finished scan and what it found. A site that is not here was not scanned in the time range.',
      query: {
        from: 'nmap.scan',
        where: finished,
        view: {
          kind: 'table',
          by: { title: 'site', field: 'nmap.site' },
          columns: [
            { title: 'last finished scan', of: { latest: '@timestamp' } },
            { title: 'hosts up', of: { latest: 'nmap.scan.hosts.up' } },
            { title: 'open ports', of: { latest: 'nmap.scan.ports.open' } },
          ],
          top: 50,
        },
      },
      width: 12,
      height: 10,
    },
    {
      id: 'timeline',
      title: 'Scans over time',
      about: 'By how they ended.',
      query: {
        from: 'nmap.scan',
        where: is('event.action', 'scan-finished', 'scan-failed', 'scan-incomplete', 'scan-empty', 'scan-listed'),
        view: { kind: 'timeline', by: 'event.action', of: COUNT },
      },
      width: 12,
      height: 10,
    },
    {
      id: 'hosts',
      title: 'Coverage: hosts up',
      about: 'As nmap counted them, by site. A fall that is no change of yours means that a scan saw less.',
      query: { from: 'nmap.scan', where: finished, view: { kind: 'timeline', by: 'nmap.site', of: { largest: 'nmap.scan.hosts.up' } } },
      width: 12,
      height: 10,
    },
    {
      id: 'duration',
      title: 'Duration in seconds',
      about: 'Of finished scans, by site.',
      query: { from: 'nmap.scan', where: finished, view: { kind: 'timeline', by: 'nmap.site', of: { largest: 'nmap.scan.elapsed' } } },
      width: 12,
      height: 10,
    },
    {
      id: 'scans',
      title: 'Scans',
      about: 'Every scan with its arguments, the newest first.',
      query: {
        from: 'nmap.scan',
        view: {
          kind: 'list',
          fields: [
            '@timestamp',
            'event.action',
            'nmap.site',
            'nmap.scan.hosts.up',
            'nmap.scan.ports.open',
            'nmap.scan.elapsed',
            'nmap.scan.args',
            'event.reason',
          ],
        },
      },
      width: 24,
      height: 11,
    },
    {
      id: 'delivered',
      title: 'Events delivered',
      about: 'By runs of portlog. Nothing here: portlog did not run, or could not tell this destination.',
      query: { from: 'nmap.health', where: runSummary, view: { kind: 'timeline', by: 'nmap.site', of: { sum: 'nmap.delivery.delivered' } } },
      width: 12,
      height: 10,
    },
    {
      id: 'problems',
      title: 'Problems',
      about: 'Runs that ended with problems, overdue scans, destinations that failed.',
      query: {
        from: 'nmap.health',
        where: is('event.outcome', 'failure'),
        view: { kind: 'list', fields: ['@timestamp', 'event.action', 'nmap.site', 'message'] },
      },
      width: 12,
      height: 10,
    },
  ],
};
