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

/**
 * How a run ended. `stats` is absent when the run was cut or wrote none; `closed` tells whether
 * `</nmaprun>` was seen; `pending` is the element that the cut went through.
 */
export interface RunEnd {
  readonly stats: RunStats | undefined;
  readonly closed: boolean;
  readonly pending: Refusal | undefined;
  readonly offset: number;
}

/** What a scan says, in the order in which it says it. Every `run` is followed by exactly one `end`. */
export type ScanItem =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'host'; readonly host: Host }
  | { readonly kind: 'hosthint'; readonly hint: HostHint }
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'prescript' | 'postscript'; readonly scripts: readonly Script[] }
  | { readonly kind: 'output'; readonly type: string | undefined; readonly text: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'end'; readonly end: RunEnd };

/**
 * How a run ended. `finished`: it says that it ended, and that it ended well. `empty`: so does it, but it has looked at
 * no host at all. `listed`: it was asked to name hosts only, and did. `failed`: it says so itself. `cut`: it does not say anything.
 */
export type Ending = 'finished' | 'empty' | 'listed' | 'failed' | 'cut';

/** Hosts that a run lists, those among them that it only names, and of these the ones that it was to look at and has skipped. */
export interface HostsSeen {
  readonly listed: number;
  readonly named: number;
  readonly skipped: number;
}

/**
 * The one place that says what a complete run is: one that `finished`. An error beside `exit="success"` is an error. nmap
 * counts hosts that it looked at in vain; masscan counts answers, and has looked even when there was none.
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

/** nmap has done more than to name it. */
export function wasLookedAt({ status }: Pick<Host, 'status'>): boolean {
  return status?.state !== 'unknown' && status?.state !== 'skipped';
}

/** Addresses of hosts that a run lists and that could not be read; `unknown`: nobody can say which they are. */
export type Unread = readonly string[] | 'unknown';

/** Of one run; with more of them, nobody looks through them. */
const MAX_UNREAD = 1000;

/** Follows runs to their ends. */
export class RunWatch {
  listed = 0;
  named = 0;
  skipped = 0;
  /** They are there, whatever is wrong with their elements: neither down nor missing. */
  unread: Unread = [];
  private scanner: string | undefined;

  /** How the run ended, when the item is its end. */
  take(item: ScanItem): Ending | undefined {
    if (item.kind === 'run') [this.scanner, this.listed, this.named, this.skipped, this.unread] = [item.run.scanner, 0, 0, 0, []];
    else if (item.kind === 'host') {
      this.listed++;
      if (!wasLookedAt(item.host)) this.named++;
      if (item.host.status?.state === 'skipped') this.skipped++;
    } else if (item.kind === 'refused' && item.refusal.element === 'host') this.unread = withUnread(this.unread, item.refusal.address);
    else if (item.kind === 'end') return endingOf(item.end, this.scanner, this);
    return undefined;
  }
}

function withUnread(unread: Unread, address: string | undefined): Unread {
  return unread === 'unknown' || address === undefined || unread.length === MAX_UNREAD ? 'unknown' : [...unread, address];
}
