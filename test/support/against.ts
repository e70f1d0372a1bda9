import { afterEach } from 'vitest';
import type { SinkOptions } from '../../src/sink/options.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { type Script, scriptedServer, type Seen } from './scripted-server.ts';
import { sinkOptions } from './sink-options.ts';

/** Opens a sink against a scripted server, and closes both after the test. */
export type Against = (script: Script, more?: Partial<SinkOptions>) => Promise<{ readonly sink: Sink; readonly seen: Seen[] }>;

/** `path`: behind the address of the server. */
export function againstServer(type: string, create: (options: SinkOptions) => Sink, path = '/'): Against {
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of opened.splice(0)) await stop();
  });
  return async (script, more = {}) => {
    const server = await scriptedServer(script);
    const sink = create(sinkOptions(type, { target: server.url.origin + path, ...more }));
    opened.push(async () => {
      await sink.close();
      await server.stop();
    });
    return { sink, seen: server.seen };
  };
}
