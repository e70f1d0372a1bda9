import type { Clock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { Source } from '../source/source.ts';

/** A source that gives up (`input-stalled`) after `limitMs` without data, so that a network share that hangs does not stop the others. */
export function withStallLimit(source: Source, limitMs: number, clock: Clock): Source {
  return {
    ...source,
    async *bytes(signal) {
      const chunks = source.bytes(signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await within(chunks.next(), limitMs, clock);
          if (next === undefined) throw stalled(source.name, limitMs);
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        // Not awaited, because it would hang as well.
        chunks.return?.(undefined).catch(() => undefined);
      }
    },
  };
}

/** The result of `work`; undefined when it takes longer. */
async function within<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work, clock.sleep(limitMs, done.signal).then(() => undefined)]);
  } finally {
    done.abort();
    // It may still fail later, when nobody awaits it any more.
    work.catch(() => undefined);
  }
}

function stalled(name: string, limitMs: number): PortlogError {
  return new PortlogError('input-stalled', `${name} could not be read: nothing came for ${Math.round(limitMs / 60_000)} minutes`, {
    hint: 'check the disk or the share it is on',
  });
}
