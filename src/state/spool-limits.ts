export interface SpoolLimits {
  /** Of all batches of all sinks, compressed; each sink of a run has an equal part. */
  readonly maxBytes: number;
  /** What has waited longer is given up. */
  readonly maxAgeMs: number;
  /** What gives way when the spool is full: reading, or the oldest events. */
  readonly whenFull: 'block' | 'drop-oldest';
}

export const DEFAULT_SPOOL_LIMITS: SpoolLimits = { maxBytes: 1 << 30, maxAgeMs: 30 * 86_400_000, whenFull: 'block' };
