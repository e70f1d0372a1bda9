import { all, any, atLeast, exists, type Filter, is } from './filter.ts';
import type { Dashboard, Measure, Panel, Query } from './panel.ts';

const COUNT: Measure = { count: true };
const FINDINGS: Measure = { distinct: 'nmap.entity.id' };
const GRAVE = ['critical', 'high'] as const;

const finished = is('event.action', 'scan-finished');
const openPort = all(is('nmap.inventory.kind', 'port'), is('nmap.inventory.state', 'open'));
const openNow = is('nmap.port.state', 'open');
const exposedHost = all(is('nmap.inventory.kind', 'host'), is('nmap.inventory.state', 'up'), atLeast('nmap.inventory.open_ports', 1));

/** Stands at the head of each dashboard: without it, an empty panel could mean that nobody has looked. */
const lastLook: Panel = {
  id: 'last-scan',
  title: 'Last finished scan',
  about: 'When a scan ended well for the last time. Nothing here: nobody has looked in this time range, and then the other panels say nothing.',
  query: { from: 'nmap.scan', where: finished, view: { kind: 'number', column: { title: 'Last finished scan', of: { latest: '@timestamp' } } } },
  width: 6,
  height: 5,
};

function number(id: string, title: string, about: string, query: Omit<Query, 'view'>, of: Measure = COUNT, instead?: Query): Panel {
  const panel: Panel = { id, title, about, query: { ...query, view: { kind: 'number', column: { title, of } } }, width: 6, height: 5 };
  return instead === undefined ? panel : { ...panel, withoutInventory: instead };
}

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

const exposure: Dashboard = {
  id: 'portlog-exposure',
  title: 'Exposure now',
  about: 'What is open now, as far as scans have looked. Closed ports are not counted.',
  days: 8,
  panels: [
    lastLook,
    number(
      'open-ports',
      'Open ports',
      'Ports that were open when they were tested last. 0: scans have looked, and found none.',
      { from: 'nmap.inventory', where: openPort },
      COUNT,
      { from: 'nmap.scan', where: finished, view: { kind: 'number', column: { title: 'Open ports', of: { latest: 'nmap.scan.ports.open' } } } },
    ),
    number(
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
    number(
      'grave-ports',
      'Ports with a grave weakness',
      'Open ports with a weakness that is high or critical; in Loki, such weaknesses of the last scans.',
      { from: 'nmap.inventory', where: all(openPort, is('nmap.inventory.level', ...GRAVE)) },
      COUNT,
      {
        from: 'nmap.finding',
        where: is('nmap.finding.level', ...GRAVE),
        lastScan: true,
        view: { kind: 'number', column: { title: 'Grave weaknesses', of: COUNT } },
      },
    ),
    openPortsBy('by-service', 'Open ports by service', 'What answers. Without -sV, the name is only what is usual at that port.', 'service.type', 8),
    openPortsBy('by-port', 'Open ports by number', 'The ports that are open at most hosts.', 'server.port', 8),
    openPortsBy('by-zone', 'Open ports by zone', 'Empty without a file of expected exposure, which names the zones.', 'nmap.zone', 8, 'share'),
    {
      id: 'hosts',
      title: 'Most exposed hosts',
      about: 'Hosts with open ports, those with the gravest weakness first. risk: 99 critical, 73 high, 47 medium, 21 low.',
      query: {
        from: 'nmap.inventory',
        where: exposedHost,
        view: {
          kind: 'table',
          by: { title: 'host', field: 'server.address' },
          columns: [
            { title: 'risk', of: { largest: 'nmap.inventory.risk' } },
            { title: 'open ports', of: { largest: 'nmap.inventory.open_ports' } },
            { title: 'weaknesses', of: { largest: 'nmap.inventory.findings' } },
            { title: 'zone', of: { latest: 'nmap.zone' } },
            { title: 'last seen', of: { latest: 'nmap.inventory.last_seen' } },
          ],
          top: 50,
        },
      },
      withoutInventory: {
        from: 'nmap.host',
        where: atLeast('nmap.host.ports.open', 1),
        view: { kind: 'list', fields: ['host.ip', 'host.name', 'nmap.host.ports.open', 'nmap.zone'] },
      },
      width: 24,
      height: 12,
    },
    {
      id: 'ports',
      title: 'Open ports',
      about: 'Each port as it was found when it changed last; in Loki, as the scans of the time range saw it.',
      query: {
        from: 'nmap.inventory',
        where: openPort,
        view: {
          kind: 'list',
          fields: [
            'server.address',
            'host.name',
            'server.port',
            'network.transport',
            'service.type',
            'nmap.service.version',
            'nmap.inventory.level',
            'nmap.inventory.since',
            'nmap.zone',
          ],
        },
      },
      withoutInventory: {
        from: 'nmap.port',
        where: openNow,
        view: {
          kind: 'list',
          fields: ['server.address', 'host.name', 'server.port', 'network.transport', 'service.type', 'service.version', 'nmap.zone'],
        },
      },
      width: 24,
      height: 14,
    },
  ],
};

const changed = (...actions: readonly string[]): Filter => is('event.action', ...actions);
/** What is told of a host; the digests of a run stand beside it. */
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
  'finding-opened',
  'finding-resolved',
  'exposure-unexpected',
  'exposure-expired',
);

const changes: Dashboard = {
  id: 'portlog-changes',
  title: 'What changed',
  about: 'What is other than it was. Nothing here with a finished scan at the left: nothing has changed.',
  days: 30,
  panels: [
    lastLook,
    number('opened', 'Ports opened', 'Ports that are open and were not, or are open again.', {
      from: 'nmap.change',
      where: changed('port-opened', 'port-reopened'),
    }),
    number('new-hosts', 'New hosts', 'Hosts at addresses that were empty.', { from: 'nmap.change', where: changed('host-new') }),
    number('weaknesses-opened', 'New weaknesses', 'Weaknesses that came, those that the policy names included.', {
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
      about: 'Every change, the newest first. since: how long the old state is known to have stood.',
      query: {
        from: 'nmap.change',
        where: AT_HOST,
        view: {
          kind: 'list',
          fields: [
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
        view: { kind: 'list', fields: ['event.action', 'nmap.site', 'message'] },
      },
      width: 24,
      height: 8,
    },
  ],
};

const found: Omit<Query, 'view'> = { from: 'nmap.finding', lastScan: true };
const RANGE = 'Elasticsearch: of the time range, each once. Loki: of the last scan of each site.';
const exploited = any(is('nmap.finding.exploit', true), exists('nmap.finding.kev.due_date'));
const FINDING_FIELDS = ['server.address', 'host.name', 'server.port', 'rule.name', 'nmap.finding.level', 'nmap.finding.title', 'nmap.zone'];

const weaknesses: Dashboard = {
  id: 'portlog-weaknesses',
  title: 'Weaknesses',
  about: 'What is wrong with what is open. What was mended since the last scan is told in What changed.',
  days: 8,
  panels: [
    lastLook,
    number('grave', 'High or critical', `Weaknesses to look at first. ${RANGE}`, { ...found, where: is('nmap.finding.level', ...GRAVE) }, FINDINGS),
    number(
      'exploited',
      'Known to be exploited',
      `Vulnerabilities with a public exploit, or in the catalogue of known exploited ones. ${RANGE}`,
      { ...found, where: exploited },
      FINDINGS,
    ),
    number(
      'anonymous',
      'Open to everybody',
      `Access without a password, or with the one that the maker has set. ${RANGE}`,
      { ...found, where: is('rule.category', 'access') },
      FINDINGS,
    ),
    {
      id: 'by-level',
      title: 'By severity',
      about: RANGE,
      query: { ...found, view: { kind: 'share', by: 'nmap.finding.level', of: FINDINGS, top: 5 } },
      width: 6,
      height: 11,
    },
    {
      id: 'by-category',
      title: 'By category',
      about: RANGE,
      query: { ...found, view: { kind: 'bars', by: 'rule.category', of: FINDINGS, top: 15 } },
      width: 9,
      height: 11,
    },
    {
      id: 'certificates',
      title: 'Certificates by days left',
      about: 'Of open ports whose certificate a scan has read (ssl-cert).',
      query: { from: 'nmap.inventory', where: openPort, view: certificateSteps() },
      withoutInventory: { from: 'nmap.port', where: openNow, lastScan: true, view: certificateSteps() },
      width: 9,
      height: 11,
    },
    {
      id: 'by-rule',
      title: 'Weak certificates and encryption',
      about: `What is wrong with them. ${RANGE}`,
      query: {
        ...found,
        where: is('rule.category', 'certificate', 'encryption'),
        view: { kind: 'bars', by: 'rule.id', of: FINDINGS, top: 15 },
      },
      width: 12,
      height: 11,
    },
    {
      id: 'by-host',
      title: 'Hosts with grave weaknesses',
      about: `High or critical, by host. ${RANGE}`,
      query: { ...found, where: is('nmap.finding.level', ...GRAVE), view: { kind: 'bars', by: 'server.address', of: FINDINGS, top: 15 } },
      width: 12,
      height: 11,
    },
    {
      id: 'list',
      title: 'High or critical',
      about: 'As the scans of the time range found them, the newest first.',
      query: { from: 'nmap.finding', where: is('nmap.finding.level', ...GRAVE), view: { kind: 'list', fields: FINDING_FIELDS } },
      width: 24,
      height: 14,
    },
  ],
};

function certificateSteps(): Query['view'] {
  const days = (from: number | undefined, to: number | undefined): Filter => ({
    field: 'tls.server.not_after',
    daysAhead: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
  });
  return {
    kind: 'steps',
    steps: [
      { title: 'expired', where: days(undefined, 0) },
      { title: 'less than 7 days', where: days(0, 7) },
      { title: '7 to 14 days', where: days(7, 14) },
      { title: '14 to 30 days', where: days(14, 30) },
      { title: '30 days or more', where: days(30, undefined) },
    ],
  };
}

const runSummary = is('event.action', 'run-summary');

const health: Dashboard = {
  id: 'portlog-health',
  title: 'Scan health',
  about: 'Whether scans come, end well, and reach their destinations.',
  days: 30,
  panels: [
    lastLook,
    number('failed', 'Failed or cut scans', '0 with a finished scan at the left: all ended well.', {
      from: 'nmap.scan',
      where: is('event.action', 'scan-failed', 'scan-incomplete'),
    }),
    number('overdue', 'Overdue scans', 'Scans that portlog expected by the configuration (sites) and that did not come.', {
      from: 'nmap.health',
      where: is('event.action', 'scan-overdue'),
    }),
    number('undelivered', 'Delivery problems', 'Destinations that did not take events, as far as this one could be told.', {
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
        where: is('event.action', 'scan-finished', 'scan-failed', 'scan-incomplete'),
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
          fields: ['event.action', 'nmap.site', 'nmap.scan.args', 'nmap.scan.hosts.up', 'nmap.scan.ports.open', 'nmap.scan.elapsed', 'event.reason'],
          beside: ['nmap.scan.args'],
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
        view: { kind: 'list', fields: ['event.action', 'nmap.site', 'message'] },
      },
      width: 12,
      height: 10,
    },
  ],
};

/** All dashboards, in the order in which they link to each other. */
export const DASHBOARDS: readonly Dashboard[] = [exposure, changes, weaknesses, health];
