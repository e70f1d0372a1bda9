import type { SinkOptions } from '../../src/sink/options.ts';

/** What a sink is made with when nobody says otherwise, and answers come soon. */
export function sinkOptions(type: string, more: Partial<SinkOptions> = {}): SinkOptions {
  return {
    type,
    target: undefined,
    namespace: 'default',
    credentials: { kind: 'none' },
    caFile: undefined,
    compression: 'gzip',
    timeoutMs: 2000,
    datasets: undefined,
    ...more,
  };
}
