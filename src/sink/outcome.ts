import type { Batch, Entry, Outcome, Refusal } from './sink.ts';

/** What sinks make their outcomes of: no entry has a result yet. */
export const NOTHING: Outcome = { delivered: 0, already: 0, retry: [], rejected: [] };

export function allDelivered({ entries }: Pick<Batch, 'entries'>): Outcome {
  return { ...NOTHING, delivered: entries.length };
}

/** The request is too large, or one of its entries is refused: in halves, the others get through. */
export function inHalves(entries: readonly Entry[]): Outcome {
  return { ...NOTHING, retry: entries, split: true };
}

/** The server refuses the request because of its content: halving it finds the entry that is to blame, which is rejected. */
export function refusedAsOne(entries: readonly Entry[], refusal: Refusal): Outcome {
  return entries.length > 1 ? inHalves(entries) : { ...NOTHING, rejected: entries.map((entry) => ({ entry, ...refusal })) };
}

/** The outcome of two requests for parts of one batch. */
export function mergedOutcome(a: Outcome, b: Outcome): Outcome {
  const refusal = a.refusal ?? b.refusal;
  const pauses = [a.retryAfterMs, b.retryAfterMs].filter((pause) => pause !== undefined);
  return {
    delivered: a.delivered + b.delivered,
    already: a.already + b.already,
    restamped: (a.restamped ?? 0) + (b.restamped ?? 0),
    retry: [...a.retry, ...b.retry],
    rejected: [...a.rejected, ...b.rejected],
    split: a.split === true || b.split === true,
    adapted: a.adapted === true || b.adapted === true,
    ...(refusal === undefined ? {} : { refusal }),
    ...(pauses.length === 0 ? {} : { retryAfterMs: Math.max(...pauses) }),
  };
}
