import { mistake } from '../core/mistake.ts';
import { type Batch, type Outcome, type Sink, SinkError } from '../sink/sink.ts';

/** Sends a batch once. A bug of portlog counts as a failure of this sink only: other sinks go on, and its events wait on disk. */
export async function attempt(sink: Sink, batch: Batch, signal: AbortSignal): Promise<Outcome | SinkError> {
  try {
    const outcome = await sink.send(batch, signal);
    checkOutcome(outcome, batch);
    return outcome;
  } catch (error) {
    if (error instanceof SinkError) return error;
    const ours = mistake(`sending to ${sink.name}`, error);
    return new SinkError('permanent', ours.message, { hint: ours.hint, cause: ours });
  }
}

/** Checks that the sink accounts for every entry: one that does not would falsify the sum. */
function checkOutcome({ delivered, already, retry, rejected }: Outcome, { entries }: Batch): void {
  const known = new Set(entries);
  const back = [...retry, ...rejected.map(({ entry }) => entry)].filter((entry) => known.delete(entry)).length;
  // Entries rendered by a thread are all the same object.
  if (back !== retry.length + rejected.length || entries.length - back !== delivered + already)
    throw new Error(`the sink accounts for ${delivered + already + back} of ${entries.length} events`);
}
