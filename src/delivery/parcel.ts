import type { BatchOf } from './batch.ts';
import type { Queued } from './units.ts';

/** A batch with its place in the order of its sink. */
export interface Parcel {
  readonly seq: number;
  readonly batch: BatchOf<Queued>;
  /** It lies in the spool already, committed before it is sent. */
  readonly stored: boolean;
}
