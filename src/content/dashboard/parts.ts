import { all, is } from '../../alert/filter.ts';
import type { Measure, Panel, Query } from '../panel.ts';

/* What several dashboards ask. */

export const COUNT: Measure = { count: true };
export const GRAVE = ['critical', 'high'] as const;

export const finished = is('event.action', 'scan-finished');
/** Of hosts that are there; records of an earlier portlog do not say. */
export const openPort = all(is('nmap.inventory.kind', 'port'), is('nmap.inventory.state', 'open'), {
  field: 'nmap.inventory.host_state',
  isNot: 'down',
});
export const openNow = is('nmap.port.state', 'open');

/** Stands at the head of each dashboard: without it, an empty panel could mean that nobody has looked. */
export const lastLook: Panel = {
  id: 'last-scan',
  title: 'Last finished scan',
  about: 'When a scan ended well for the last time. Nothing here: nobody has looked in this time range, and then the other panels say nothing.',
  query: { from: 'nmap.scan', where: finished, view: { kind: 'number', column: { title: 'Last finished scan', of: { latest: '@timestamp' } } } },
  width: 6,
  height: 5,
};

export function number(id: string, title: string, about: string, query: Omit<Query, 'view'>, of: Measure = COUNT, instead?: Query): Panel {
  const panel: Panel = { id, title, about, query: { ...query, view: { kind: 'number', column: { title, of } } }, width: 6, height: 5 };
  return instead === undefined ? panel : { ...panel, withoutInventory: instead };
}
