import type { Level } from '../event/event.ts';

/** The most severe first: their order in every panel. */
export const LEVELS: readonly Level[] = ['critical', 'high', 'medium', 'low', 'info'];

/** The colours of levels, the same in every panel of every target, and those of the report (report/page.css). */
export const LEVEL_COLOURS: Readonly<Record<Level, string>> = {
  critical: '#9b1c31',
  high: '#c2540a',
  medium: '#a77b00',
  low: '#31708f',
  info: '#66717a',
};

/** The numeric field by which a field of levels is sorted. */
const RANKS: Readonly<Record<string, string>> = {
  'nmap.finding.level': 'event.severity',
  'nmap.inventory.level': 'nmap.inventory.risk',
};
/** Wazuh stores only texts, so its levels cannot be sorted by a number. */
const UNRANKED = 'data.nmap.level';

/** Whether the values of a field are levels, which have an order and colours. */
export function hasLevels(field: string): boolean {
  return field === UNRANKED || rankOf(field) !== undefined;
}

/** The numeric field by which the values of a field are sorted; undefined when they are not levels. */
export function rankOf(field: string): string | undefined {
  return RANKS[field];
}

/** The name of a filter for a level. It begins with a number, because the server returns named filters in the order of their names. */
export function numberedLevel(level: Level): string {
  return `${LEVELS.indexOf(level) + 1} ${level}`;
}
