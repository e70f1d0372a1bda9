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

/** An element that is no host, and that nmap has interrupted with its words about progress: so often, and they are cut out. A host says so itself. */
export interface Mended {
  readonly element: string;
  readonly count: number;
}

/** For `malformed`. */
export function interruptedText(element: string, count: number): string {
  return `${element}: ${count} taskprogress inside it, cut out`;
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
  | { readonly kind: 'mended'; readonly mended: Mended }
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

/** What a run that lists all that is up may have lost of it. */
interface UpSeen {
  /** Listed, and not as down. */
  readonly present: number;
  readonly unreadable: number;
}

/**
 * Hosts that nmap counts as up at the end of a run, and that are not in it: somebody has cut them out, or lost them. nmap lists
 * each, but for `--open`; masscan counts answers.
 */
export function missingUp({ stats }: RunEnd, { scanner, args }: Pick<Run, 'scanner' | 'args'>, { present, unreadable }: UpSeen): number {
  if (scanner === 'masscan' || args === undefined || OPEN_ONLY.test(args)) return 0;
  const up = stats?.hosts?.up ?? 0;
  return up > MOST_HOSTS ? 0 : Math.max(0, up - present - unreadable);
}

/** As far as nmap understands it cut short. */
const OPEN_ONLY = /(?:^|\s)--?op(?:en?)?(?:\s|$)/;
/** No network has more, and `up="1" total="0"` gives a `down` of 4,294,967,295. */
export const MOST_HOSTS = 2 ** 32 - 2;

/** Addresses of hosts that a run lists and that could not be read; `unknown`: nobody can say which they are, or some are missing. */
export type Unread = readonly string[] | 'unknown';

/** Of one run; with more of them, nobody looks through them. */
const MAX_UNREAD = 1000;

/** Follows runs to their ends. */
export class RunWatch {
  listed = 0;
  named = 0;
  skipped = 0;
  /** They are there, whatever has become of their elements: neither down nor missing. */
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
      // Any that is not listed may be one of them.
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
