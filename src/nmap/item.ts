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

/** The run says that it ended, and that it ended well. */
export function isComplete({ stats }: RunEnd): boolean {
  const finished = stats?.finished;
  return finished !== undefined && finished.exit !== 'error' && finished.errormsg === undefined;
}
