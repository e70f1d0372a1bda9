import { all, any, exists, is } from '../../alert/filter.ts';
import type { Dashboard, Measure, Query } from '../panel.ts';
import {
  aheadOf,
  COUNT,
  FINDING_GONE,
  SERIOUS_LEVELS,
  lastLook,
  numberPanel,
  openFinding,
  openNow,
  openPort,
  placeControls,
  whatToDo,
} from './parts.ts';

const FINDINGS: Measure = { distinct: 'nmap.entity.id' };
const exploited = any(is('nmap.finding.exploit', true), exists('nmap.finding.kev.due_date'));
/** What is wrong now; where there is no inventory, what the last finished scan of each site has found. */
const known: Omit<Query, 'view'> = { from: 'nmap.inventory', where: openFinding };
const found: Omit<Query, 'view'> = { from: 'nmap.finding', lastScan: true };
const NOW = 'What is wrong now, each once; in Loki, by the last finished scan of each site.';

/** The same view of known weaknesses, and of those that scans have found. */
function both(where: Query['where'], view: Query['view']): { readonly query: Query; readonly withoutInventory: Query } {
  const narrowed = where === undefined ? openFinding : all(openFinding, where);
  return { query: { ...known, where: narrowed, view }, withoutInventory: { ...found, ...(where === undefined ? {} : { where }), view } };
}

/** A row for each weakness; `since`: the field that says when. */
function gravestFirst(since: string): Query['view'] {
  return {
    kind: 'list',
    fields: [
      'nmap.finding.level',
      'server.address',
      'host.name',
      'server.port',
      'network.transport',
      'nmap.finding.title',
      'nmap.finding.remedy',
      since,
      'nmap.zone',
    ],
    order: { field: 'event.severity', first: 'largest' },
  };
}

export const weaknesses: Dashboard = {
  id: 'portlog-weaknesses',
  title: 'Weaknesses',
  about: 'What is wrong with what is open, and what to do about it. What was fixed is in What changed.',
  days: 30,
  controls: [...placeControls('inventory'), { title: 'Severity', field: 'nmap.finding.level', from: 'inventory' }],
  panels: [
    lastLook,
    numberPanel(
      'grave',
      'High or critical',
      `Weaknesses to look at first. ${NOW}`,
      { ...known, where: all(openFinding, is('nmap.finding.level', ...SERIOUS_LEVELS)) },
      COUNT,
      {
        ...found,
        where: is('nmap.finding.level', ...SERIOUS_LEVELS),
        view: { kind: 'number', column: { title: 'High or critical', of: COUNT } },
      },
    ),
    numberPanel(
      'exploited',
      'Known to be exploited',
      `Vulnerabilities with a public exploit, or in the catalogue of known exploited ones (docs/how-to/intel.md). ${NOW}`,
      { ...known, where: all(openFinding, is('nmap.finding.exploit', true)) },
      COUNT,
      { ...found, where: exploited, view: { kind: 'number', column: { title: 'Known to be exploited', of: COUNT } } },
    ),
    numberPanel(
      'anonymous',
      'Open to everybody',
      `Access without a password, or with the one that the maker has set. ${NOW}`,
      { ...known, where: all(openFinding, is('rule.category', 'access')) },
      COUNT,
      { ...found, where: is('rule.category', 'access'), view: { kind: 'number', column: { title: 'Open to everybody', of: COUNT } } },
    ),
    whatToDo,
    {
      id: 'by-level',
      title: 'By severity',
      about: NOW,
      ...both(undefined, { kind: 'share', by: 'nmap.finding.level', of: COUNT, top: 5 }),
      width: 6,
      height: 10,
    },
    {
      id: 'over-time',
      title: 'Weaknesses over time, by severity',
      about: 'As the scans of each day found them, each weakness once. A day without a scan has no bar.',
      query: { from: 'nmap.finding', view: { kind: 'timeline', by: 'nmap.finding.level', of: FINDINGS } },
      width: 18,
      height: 10,
    },
    {
      id: 'by-host',
      title: 'Hosts with severe weaknesses',
      about: `High or critical, by host. ${NOW}`,
      ...both(is('nmap.finding.level', ...SERIOUS_LEVELS), { kind: 'bars', by: 'server.address', of: COUNT, top: 15 }),
      width: 8,
      height: 9,
    },
    {
      id: 'by-category',
      title: 'By category',
      about: NOW,
      ...both(undefined, { kind: 'bars', by: 'rule.category', of: COUNT, top: 15 }),
      width: 8,
      height: 9,
    },
    {
      id: 'by-rule',
      title: 'Weak certificates and encryption',
      about: `What is wrong with them. ${NOW}`,
      ...both(is('rule.category', 'certificate', 'encryption'), { kind: 'bars', by: 'rule.id', of: COUNT, top: 15 }),
      width: 8,
      height: 9,
    },
    {
      id: 'certificates',
      title: 'Certificates that run out',
      about: 'By the week in which they do, of open ports whose certificate a scan has read (ssl-cert); the past month and the year ahead.',
      query: {
        from: 'nmap.inventory',
        where: all(openPort, { field: 'tls.server.not_after', daysAhead: { from: -30, to: 365 } }),
        view: aheadOf('tls.server.not_after'),
      },
      withoutInventory: { from: 'nmap.port', where: openNow, lastScan: true, view: aheadOf('tls.server.not_after') },
      width: 24,
      height: 9,
    },
    {
      id: 'list',
      title: 'Weaknesses, most severe first',
      about: 'Each once, with what to do about it. An address leads to the dashboard of its host.',
      query: {
        ...known,
        view: gravestFirst('nmap.inventory.since'),
      },
      withoutInventory: {
        from: 'nmap.finding',
        newestUntil: FINDING_GONE,
        view: gravestFirst('@timestamp'),
      },
      width: 24,
      height: 16,
    },
  ],
};
