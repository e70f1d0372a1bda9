import { MOST_HOSTS } from '../nmap/item.ts';
import type { RunStats } from '../nmap/model.ts';
import type { Fields } from './event.ts';
import { counted, withCommas } from './text.ts';

/** Hosts of a run by state, as counted by portlog. */
interface Counted {
  readonly listed: number;
  readonly up: number;
  readonly down: number;
  /** Hosts that nmap counts as up and that are missing from the file: `missingUp`. */
  readonly missing: number;
  /** Hosts that nmap was told to take as up (`-Pn`) and that gave no answer; also in `up`. */
  readonly unanswered: number;
}

/** Totals of hosts that the event states. */
export interface HostTotals {
  readonly total: number;
  /** Without those that gave no answer. */
  readonly up: number;
  readonly unanswered: number;
  readonly down: number;
  /** The runstats, when they are impossible or count more hosts as up than are listed. */
  readonly claimed: { readonly total: number | undefined; readonly up: number | undefined; readonly down: number | undefined } | undefined;
}

/**
 * nmap lists hosts that are down only with `-v`, and with `--open` not all that are up: its own totals are used unless they
 * contradict each other or the list. A resumed scan counts only what came after the interruption; masscan counts answers.
 */
export function hostTotals(stats: RunStats | undefined, scanner: string | undefined, counted: Counted): HostTotals {
  const totals = claimedTotals(stats, scanner, counted);
  return { ...totals, up: Math.max(0, totals.up - counted.unanswered), unanswered: counted.unanswered };
}

function claimedTotals(
  stats: RunStats | undefined,
  scanner: string | undefined,
  { listed, up, down, missing }: Counted,
): Omit<HostTotals, 'unanswered'> {
  const claims = stats?.hosts;
  if (claims === undefined) return { total: listed, up, down, claimed: undefined };
  const claimed = { total: claims.total, up: claims.up, down: claims.down };
  const claimedTotals = { total: claimed.total ?? listed, up: claimed.up ?? up, down: claimed.down ?? down };
  const isPlausible =
    claimedTotals.total >= listed &&
    claimedTotals.up >= up &&
    claimedTotals.down >= down &&
    Math.max(claimedTotals.total, claimedTotals.up, claimedTotals.down) <= MOST_HOSTS;
  const adds = Object.values(claimed).includes(undefined) || claimedTotals.up + claimedTotals.down === claimedTotals.total;
  const isHosts = scanner !== 'masscan' || claimedTotals.total === listed;
  return isPlausible && adds && isHosts && missing === 0 ? { ...claimedTotals, claimed: undefined } : { total: listed, up, down, claimed };
}

/** `2 hosts (1 up)`, and the runstats if they differ. */
export function hostWords({ total, up, unanswered, claimed }: HostTotals, scanner: string | undefined): string {
  const words = `${counted(total, 'host')} (${withCommas(up)} up${unanswered === 0 ? '' : `, ${withCommas(unanswered)} without an answer`})`;
  return claimed === undefined || scanner === 'masscan'
    ? words
    : `${words}; its runstats say ${counted(claimed.total ?? 0, 'host')} (${withCommas(claimed.up ?? 0)} up)`;
}

export function totalFields({ total, up, unanswered, down, claimed }: HostTotals): Fields {
  return { total, up, unanswered: unanswered === 0 ? undefined : unanswered, down, claimed: claimed && { ...claimed } };
}
