import type { Level } from '../event/event.ts';

/** The gravest first: the order in which they stand in every panel. */
export const LEVELS: readonly Level[] = ['critical', 'high', 'medium', 'low', 'info'];

/** The colours of levels, the same in every panel of every target, and those of the report (report/page.css). */
export const LEVEL_COLOURS: Readonly<Record<Level, string>> = {
  critical: '#9b1c31',
  high: '#c2540a',
  medium: '#a77b00',
  low: '#31708f',
  info: '#66717a',
};

/** Of a field that holds a level, the number that it is ordered by. */
const RANKS: Readonly<Record<string, string>> = {
  'nmap.finding.level': 'event.severity',
  'nmap.inventory.level': 'nmap.inventory.risk',
};
/** Wazuh stores words only: no number orders its levels. */
const UNRANKED = 'data.nmap.level';

/** Whether the values of a field are levels, which have an order and colours. */
export function hasLevels(field: string): boolean {
  return field === UNRANKED || rankOf(field) !== undefined;
}

/** The number by which the values of a field are ordered; undefined of what is no level. */
export function rankOf(field: string): string | undefined {
  return RANKS[field];
}

/** What a filter for a level is called: the server returns named filters in the order of their names. */
export function numberedLevel(level: Level): string {
  return `${LEVELS.indexOf(level) + 1} ${level}`;
}
