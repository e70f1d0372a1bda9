import { all, type Filter, is } from '../../alert/filter.ts';
import type { Control, Measure, Panel, Query } from '../panel.ts';

/* Queries and panels of several dashboards. */

export const COUNT: Measure = { count: true };
export const SERIOUS_LEVELS = ['critical', 'high'] as const;

export const finished = is('event.action', 'scan-finished');
/** Open ports of hosts that are up; records of older versions of portlog do not contain the state of the host. */
export const openPort = all(is('nmap.inventory.kind', 'port'), is('nmap.inventory.state', 'open'), {
  field: 'nmap.inventory.host_state',
  isNot: 'down',
});
export const openFinding = all(is('nmap.inventory.kind', 'finding'), is('nmap.inventory.state', 'open'), {
  field: 'nmap.inventory.host_state',
  isNot: 'down',
});
export const openNow = is('nmap.port.state', 'open');

/** Changes that end a port, a weakness or a host. */
export const PORT_GONE = ['port-closed'];
export const FINDING_GONE = ['finding-resolved'];
export const HOST_GONE = ['host-missing'];

/** Filters by place in the network. Their values come from events in the time range, or from the inventory. */
export function placeControls(from: Control['from']): readonly Control[] {
  return [
    { title: 'Site', field: 'nmap.site', from },
    { title: 'Zone', field: 'nmap.zone', from },
    { title: 'Network', field: 'nmap.network', from },
    { title: 'Host', field: 'server.address', from },
  ];
}

/** The first panel of each dashboard: without it, an empty panel could mean that nothing was scanned. */
export const lastLook: Panel = {
  id: 'last-scan',
  title: 'Last finished scan',
  about:
    'When a scan ended well for the last time. Nothing here: nobody has looked in this time range, and then the other panels say nothing. A scan has no zone, network, host or severity: a filter by those empties this.',
  query: { from: 'nmap.scan', where: finished, view: { kind: 'number', column: { title: 'Last finished scan', of: { latest: '@timestamp' } } } },
  width: 6,
  height: 5,
};

export function numberPanel(id: string, title: string, about: string, query: Omit<Query, 'view'>, of: Measure = COUNT, instead?: Query): Panel {
  const panel: Panel = { id, title, about, query: { ...query, view: { kind: 'number', column: { title, of } } }, width: 6, height: 5 };
  return instead === undefined ? panel : { ...panel, withoutInventory: instead };
}

/** Remedies of the most severe weaknesses, and at how many hosts. */
export const whatToDo: Panel = {
  id: 'what-to-do',
  title: 'What to do first',
  about: 'Kinds of weaknesses, most severe first, each with its remedy and where it is. In Loki: of the newest scans of the time range.',
  query: { from: 'nmap.inventory', where: openFinding, view: whatToDoRows() },
  withoutInventory: { from: 'nmap.finding', newestUntil: FINDING_GONE, view: whatToDoRows() },
  width: 24,
  height: 10,
};

function whatToDoRows(): Query['view'] {
  return {
    kind: 'table',
    by: { title: 'kind of weakness', field: 'rule.name' },
    columns: [
      { title: 'severity', of: { latest: 'nmap.finding.level' } },
      { title: 'hosts', of: { distinct: 'server.address' } },
      { title: 'places', of: COUNT },
      { title: 'what to do', of: { latest: 'nmap.finding.remedy' } },
    ],
    top: 10,
    rank: 'event.severity',
  };
}

/** Weeks until a date, or steps of days. */
export function aheadOf(date: string): Query['view'] {
  const days = (from: number | undefined, to: number | undefined): Filter => ({
    field: date,
    daysAhead: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
  });
  return {
    kind: 'ahead',
    date,
    steps: [
      { title: 'expired', where: days(undefined, 0) },
      { title: 'this week', where: days(0, 7) },
      { title: 'next week', where: days(7, 14) },
      { title: 'within 30 days', where: days(14, 30) },
      { title: 'within 60 days', where: days(30, 60) },
      { title: 'within 90 days', where: days(60, 90) },
      { title: 'within half a year', where: days(90, 183) },
      { title: 'within a year', where: days(183, 365) },
      { title: 'later', where: days(365, undefined) },
    ],
  };
}

interface PortListOptions {
  readonly title: string;
  readonly about: string;
  /** Columns behind the address, behind those of the inventory, and at the end. */
  readonly host?: readonly string[];
  readonly inventory?: readonly string[];
  readonly rest?: readonly string[];
  readonly order: RowOrder;
  readonly orderWithoutInventory?: RowOrder;
  readonly height: number;
}
type RowOrder = { readonly field: string; readonly first: 'largest' | 'smallest' };

/** A row per open port. */
export function openPortList({ title, about, host = [], inventory = [], rest = [], order, orderWithoutInventory, height }: PortListOptions): Panel {
  const port = ['server.address', ...host, 'server.port', 'network.transport', 'service.type'];
  const known = [...port, 'nmap.service.version', 'nmap.inventory.level', 'nmap.inventory.since', ...inventory, ...rest];
  const seen = [...port, 'nmap.service.product', 'service.version', ...rest, '@timestamp'];
  return {
    id: 'ports',
    title,
    about,
    query: { from: 'nmap.inventory', where: openPort, view: { kind: 'list', fields: known, order } },
    withoutInventory: {
      from: 'nmap.port',
      where: openNow,
      newestUntil: PORT_GONE,
      view: { kind: 'list', fields: seen, ...(orderWithoutInventory === undefined ? {} : { order: orderWithoutInventory }) },
    },
    width: 24,
    height,
  };
}
