import { is, type Filter } from '../../alert/filter.ts';
import type { Dashboard } from '../panel.ts';
import { COUNT, lastLook, numberPanel, placeControls } from './parts.ts';

const changed = (...actions: readonly string[]): Filter => is('event.action', ...actions);
/** Changes of a host or port, without the events about a whole run (baseline, mass-change, scope-shrank). */
const AT_HOST = changed(
  'host-new',
  'host-missing',
  'host-back',
  'os-changed',
  'mac-changed',
  'port-opened',
  'port-closed',
  'port-reopened',
  'service-changed',
  'certificate-changed',
  'host-key-changed',
  'finding-opened',
  'finding-resolved',
  'exposure-unexpected',
  'exposure-expired',
);

export const changes: Dashboard = {
  id: 'portlog-changes',
  title: 'What changed',
  about: 'What is other than it was. Nothing here with a finished scan at the left: nothing has changed.',
  days: 30,
  controls: placeControls('events'),
  panels: [
    lastLook,
    numberPanel('opened', 'Ports opened', 'Ports that are open and were not, or are open again.', {
      from: 'nmap.change',
      where: changed('port-opened', 'port-reopened'),
    }),
    numberPanel('new-hosts', 'New hosts', 'Hosts at addresses that were empty.', { from: 'nmap.change', where: changed('host-new') }),
    numberPanel('weaknesses-opened', 'New weaknesses', 'Weaknesses that came, those that the policy names included.', {
      from: 'nmap.change',
      where: changed('finding-opened', 'exposure-unexpected', 'exposure-expired'),
    }),
    {
      id: 'timeline',
      title: 'Changes over time',
      about: 'By what happened, at the time when nmap saw it (Elasticsearch) or when it was told (Loki).',
      query: { from: 'nmap.change', where: AT_HOST, view: { kind: 'timeline', by: 'event.action', of: COUNT } },
      width: 16,
      height: 11,
    },
    {
      id: 'by-host',
      title: 'Where most has changed',
      about: 'Hosts by the number of their changes.',
      query: { from: 'nmap.change', where: AT_HOST, view: { kind: 'bars', by: 'server.address', of: COUNT, top: 15 } },
      width: 8,
      height: 11,
    },
    {
      id: 'list',
      title: 'Before and after',
      about: 'Every change, the newest first, with what was before and since when that stood. An address leads to the dashboard of its host.',
      query: {
        from: 'nmap.change',
        where: AT_HOST,
        view: {
          kind: 'list',
          fields: [
            '@timestamp',
            'event.action',
            'server.address',
            'server.port',
            'network.transport',
            'nmap.change.before.state',
            'nmap.change.after.state',
            'nmap.change.before.version',
            'nmap.change.after.version',
            'nmap.change.before.since',
            'message',
          ],
        },
      },
      width: 24,
      height: 16,
    },
    {
      id: 'digests',
      title: 'Of whole scans',
      about: 'Baselines, mass changes, and scans that looked at less.',
      query: {
        from: 'nmap.change',
        where: changed('baseline', 'mass-change', 'scope-shrank'),
        view: { kind: 'list', fields: ['@timestamp', 'event.action', 'nmap.site', 'message'] },
      },
      width: 24,
      height: 8,
    },
  ],
};
