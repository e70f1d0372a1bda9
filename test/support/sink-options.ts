import type { OptionsOf, SinkType } from '../../src/sink/kinds.ts';

/** What a sink is made with when nobody says otherwise. Who waits for an answer that does not come says for how long. */
export function sinkOptions<T extends SinkType>(type: T, more: Partial<OptionsOf<T>> = {}): OptionsOf<T> {
  const common = { type, target: undefined, namespace: 'default', datasets: undefined };
  return { ...common, credentials: { kind: 'none' }, caFile: undefined, compression: 'gzip', timeoutMs: 30_000, ...more } as unknown as OptionsOf<T>;
}
