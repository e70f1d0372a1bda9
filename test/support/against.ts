import { afterEach } from 'vitest';
import type { OptionsOf, SinkType } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { type Script, scriptedServer, type Seen } from './scripted-server.ts';
import { sinkOptions } from './sink-options.ts';

/** Opens a sink against a scripted server, and closes both after the test. */
export type Against<T extends SinkType> = (script: Script, more?: Partial<OptionsOf<T>>) => Promise<{ readonly sink: Sink; readonly seen: Seen[] }>;

/** `path`: behind the address of the server. */
export function againstServer<T extends SinkType>(type: T, create: (options: OptionsOf<T>) => Sink, path = '/'): Against<T> {
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of opened.splice(0)) await stop();
  });
  return async (script, more: Partial<OptionsOf<T>> = {}) => {
    const server = await scriptedServer(script);
    const sink = create(sinkOptions(type, { target: server.url.origin + path, ...more }));
    opened.push(async () => {
      await sink.close();
      await server.stop();
    });
    return { sink, seen: server.seen };
  };
}
