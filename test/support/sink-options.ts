import type { OptionsOf, SinkType } from '../../src/sink/kinds.ts';

/** What a sink is made with when nobody says otherwise, and answers come soon. */
export function sinkOptions<T extends SinkType>(type: T, more: Partial<OptionsOf<T>> = {}): OptionsOf<T> {
  const common = { type, target: undefined, namespace: 'default', datasets: undefined };
  return { ...common, credentials: { kind: 'none' }, caFile: undefined, compression: 'gzip', timeoutMs: 2000, ...more } as unknown as OptionsOf<T>;
}
