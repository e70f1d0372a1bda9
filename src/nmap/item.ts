import type { Host, HostHint, Run, RunStats, Script, Target, Task } from './model.ts';

/** A part of the input that could not be read. Offsets and lengths are bytes of the (decompressed) input. */
export interface Refusal {
  readonly element: string;
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
  /** The first address found in a refused host, so that a person can tell which one is missing. */
  readonly address: string | undefined;
}

/** nmap has written its progress into an element `count` times; that was cut out. For a host, `malformed` says so. */
export interface Mended {
  readonly element: string;
  readonly count: number;
}

/** The note for `malformed`. */
export function interruptedText(element: string, count: number): string {
  return `${element}: ${count} taskprogress inside it, cut out`;
}

/**
 * How a run ended. `stats` is absent when the run was cut or wrote none; `closed`: `</nmaprun>` was seen; `pending`: the
 * element in which the input ends.
 */
export interface RunEnd {
  readonly stats: RunStats | undefined;
  readonly closed: boolean;
  readonly pending: Refusal | undefined;
  readonly offset: number;
}

/** The items of a scan in the order of the file. Every `run` is followed by exactly one `end`. */
export type ScanItem =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'host'; readonly host: Host }
  | { readonly kind: 'hosthint'; readonly hint: HostHint }
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'prescript' | 'postscript'; readonly scripts: readonly Script[] }
  | { readonly kind: 'output'; readonly type: string | undefined; readonly text: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'mended'; readonly mended: Mended }
  | { readonly kind: 'end'; readonly end: RunEnd };

/**
 * How a run ended. `finished`: successfully, by its own words. `empty`: the same, but it scanned no host. `listed`: a list
 * scan (`-sL`), which only names hosts. `failed`: it says so itself. `cut`: it has no end.
 */
export type Ending = 'finished' | 'empty' | 'listed' | 'failed' | 'cut';

/** Hosts that a run lists; those that it only names; and of these, those that it was asked to scan and skipped. */
export interface HostsSeen {
  readonly listed: number;
  readonly named: number;
  readonly skipped: number;
}

/**
 * Decides what a complete run is, for all of portlog: one that `finished`. An `errormsg` beside `exit="success"` is a failure.
 * nmap's totals include hosts that did not answer; masscan counts answers only, so 0 does not mean that it scanned nothing.
 */
export function endingOf({ stats }: RunEnd, scanner: string | undefined, { listed, named, skipped }: HostsSeen): Ending {
  const finished = stats?.finished;
  if (finished === undefined) return 'cut';
  const { exit = 'success', errormsg = '' } = finished;
  if ((exit !== 'success' && exit !== '') || errormsg !== '') return 'failed';
  const total = Math.max(stats?.hosts?.total ?? 0, listed);
  if (total > named || scanner === 'masscan') return 'finished';
  return named > skipped ? 'listed' : 'empty';
}

/** Whether nmap scanned a host, rather than only naming it. */
export function wasLookedAt({ status }: Pick<Host, 'status'>): boolean {
  return status?.state !== 'unknown' && status?.state !== 'skipped';
}

/** Hosts of a run that lists every host that is up. */
interface UpSeen {
  /** Listed, and not down. */
  readonly present: number;
  readonly unreadable: number;
}

/**
 * How many hosts the runstats count as up that are missing from the file, because somebody cut them out or lost them. nmap
 * lists each host that is up, except with `--open`; masscan counts answers.
 */
export function missingUp({ stats }: RunEnd, { scanner, args }: Pick<Run, 'scanner' | 'args'>, { present, unreadable }: UpSeen): number {
  if (scanner === 'masscan' || args === undefined || OPEN_ONLY.test(args)) return 0;
  const up = stats?.hosts?.up ?? 0;
  return up > MOST_HOSTS ? 0 : Math.max(0, up - present - unreadable);
}

/** `--open`, or an abbreviation that nmap accepts. */
const OPEN_ONLY = /(?:^|\s)--?op(?:en?)?(?:\s|$)/;
/** The most hosts that can be: nmap writes a `down` of 4,294,967,295 for `up="1" total="0"`. */
export const MOST_HOSTS = 2 ** 32 - 2;

/** Addresses of listed hosts that could not be read; `unknown` when an address is not known, or hosts are missing. */
export type Unread = readonly string[] | 'unknown';

/** Most addresses per run; with more, the result is `unknown`. */
const MAX_UNREAD = 1000;

/** Follows the items of a run and says how it ended. */
export class RunWatch {
  listed = 0;
  named = 0;
  skipped = 0;
  /** These hosts are present although they could not be read: they are neither down nor missing. */
  unread: Unread = [];
  private run: Pick<Run, 'scanner' | 'args'> = { scanner: undefined, args: undefined };
  private present = 0;
  private unreadable = 0;

  /** How the run ended, when the item is its end. */
  take(item: ScanItem): Ending | undefined {
    if (item.kind === 'run') this.begin(item.run);
    else if (item.kind === 'host') {
      this.listed++;
      if (item.host.status?.state !== 'down') this.present++;
      if (!wasLookedAt(item.host)) this.named++;
      if (item.host.status?.state === 'skipped') this.skipped++;
    } else if (item.kind === 'refused' && item.refusal.element === 'host') {
      this.unreadable++;
      this.unread = withUnread(this.unread, item.refusal.address);
    } else if (item.kind === 'end') {
      // Any host that is not listed may be one of them.
      if (missingUp(item.end, this.run, { present: this.present, unreadable: this.unreadable }) > 0) this.unread = 'unknown';
      return endingOf(item.end, this.run.scanner, this);
    }
    return undefined;
  }

  private begin(run: Run): void {
    this.run = run;
    [this.listed, this.named, this.skipped, this.present, this.unreadable, this.unread] = [0, 0, 0, 0, 0, []];
  }
}

function withUnread(unread: Unread, address: string | undefined): Unread {
  return unread === 'unknown' || address === undefined || unread.length === MAX_UNREAD ? 'unknown' : [...unread, address];
}
