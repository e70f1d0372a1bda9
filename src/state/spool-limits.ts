export interface SpoolLimits {
  /** Compressed size of all batches of all sinks; each sink of a run has an equal share. */
  readonly maxBytes: number;
  /** Older events are deleted. */
  readonly maxAgeMs: number;
  /** When the spool is full: stop reading, or drop the oldest events. */
  readonly whenFull: 'block' | 'drop-oldest';
}

export const DEFAULT_SPOOL_LIMITS: SpoolLimits = { maxBytes: 1 << 30, maxAgeMs: 30 * 86_400_000, whenFull: 'block' };
