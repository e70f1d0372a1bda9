import type { SinkIdentity, SinkMemory } from '../sink/sink.ts';
import type { Database } from './database.ts';
import { StoredMemory } from './sink-memory.ts';

/** An input that was read only in part, because the spool of a sink was full. */
export interface CutInput {
  readonly identity: SinkIdentity;
  /** The name of the input: a path, `nmap`. */
  readonly what: string;
  /** When, epoch milliseconds. */
  readonly time: number;
}

const CUT = 'cut ';
/** For each sink. */
const MOST = 20;
const KEPT_MS = 30 * 86_400_000;

/** Notes inputs that were cut for a sink, until {@link forgetCut}. */
export function noteCut(memory: SinkMemory, inputs: readonly string[], now: number): void {
  const room = MOST - memory.all(CUT).length;
  memory.transaction(() => inputs.slice(0, Math.max(0, room)).forEach((input) => memory.put(CUT + input, String(now))));
}

/** They were read to their end, or are too old to matter. */
export function forgetCut(memory: SinkMemory, inputs: readonly string[], now: number): void {
  const known = memory.all(CUT);
  if (known.length === 0) return;
  const whole = new Set(inputs.map((input) => CUT + input));
  memory.transaction(() => {
    for (const [name, time] of known) if (whole.has(name) || now - Number(time) > KEPT_MS) memory.remove(name);
  });
}

/** Of all sinks. */
export function cutInputs(database: Database, now: number): readonly CutInput[] {
  const sinks = database.all('SELECT id, type, target, scope FROM sink ORDER BY id') as unknown as readonly (SinkIdentity & { id: number })[];
  return sinks.flatMap(({ id, ...identity }) =>
    new StoredMemory(database, id)
      .all(CUT)
      .map(([name, time]) => ({ identity, what: name.slice(CUT.length), time: Number(time) }))
      .filter(({ time }) => now - time <= KEPT_MS),
  );
}
