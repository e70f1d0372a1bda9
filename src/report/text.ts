import { isoTime } from '../event/time.ts';
import { counted, printable, withCommas } from '../event/text.ts';
import type { BaselineFact, Bounded, ReportFacts } from './facts.ts';

const DAY_MS = 86_400_000;

/** `2026-01-31 12:00`, in UTC; empty when unknown. */
export function minute(time: number | undefined): string {
  return time === undefined ? '' : isoTime(time).slice(0, 16).replace('T', ' ');
}

/** `2026-01-31` */
export function day(time: number | undefined): string {
  return time === undefined ? '' : isoTime(time).slice(0, 10);
}

/** `in 12 days`, `3 days ago` */
export function daysFrom(now: number, time: number | undefined): string {
  if (time === undefined) return '';
  const days = Math.floor((time - now) / DAY_MS);
  return days >= 0 ? `in ${counted(days, 'day')}` : `${counted(-days, 'day')} ago`;
}

/** Untrusted text on one line, without control characters. */
export function shown(text: string): string {
  return printable(text);
}

/** What the report is about, in a sentence. */
export function about({ scans, sites, seen, since }: ReportFacts): string {
  const last = seen === undefined ? '' : `, as it was seen last on ${minute(seen)} UTC`;
  if (scans.length > 0) return `Made from ${counted(scans.length, 'scan')}${last}`;
  const where = sites.length === 0 ? 'nothing: no scan was shipped yet' : `${sites.length === 1 ? 'site' : 'sites'} ${sites.map(shown).join(', ')}`;
  return `What is known of ${where}${last}${since === undefined ? '' : `; changes since ${minute(since)} UTC`}`;
}

/** A note on a baseline: why there is no change. */
export function baselineNote({ time, site, message }: BaselineFact, hasSites: boolean): string {
  return `${minute(time)}${hasSites ? `, site ${site}` : ''}: ${message}`;
}

/** How much a bounded list leaves out; empty when nothing. */
export function leftOutText({ rows, total }: Bounded<unknown>, what: string): string {
  return rows.length === total
    ? ''
    : `${counted(total - rows.length, 'more row')} of ${what} left out: this report shows ${withCommas(rows.length)} of ${withCommas(total)}`;
}

/** About findings of which only the number is known. */
export function notListedText(unconfirmed: number): string {
  const are = unconfirmed === 1 ? 'is' : 'are';
  return `${counted(unconfirmed, 'unconfirmed finding')} ${are} not listed: what only the number of a port, a version or a mention suggests (nmap.finding has ${unconfirmed === 1 ? 'it' : 'them'})`;
}
