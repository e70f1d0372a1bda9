import { afterEach } from 'vitest';
import { elasticsearchSink } from '../../src/sink/elasticsearch/elasticsearch.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { besides, type Script, scriptedServer, type Seen, setUpRight } from './scripted-server.ts';
import { sinkOptions } from './sink-options.ts';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of opened.splice(0)) await stop();
});

export const elasticsearchOptions = (more: Partial<OptionsOf<'elasticsearch'>> = {}): OptionsOf<'elasticsearch'> =>
  sinkOptions('elasticsearch', more);

/** A sink against a server that is set up, and answers everything else by the script; both end with the test. */
export async function elasticsearchAgainst(
  script: Script,
  more: Partial<OptionsOf<'elasticsearch'>> = {},
): Promise<{ sink: Sink; seen: { path: string; headers: any; body: string }[] }> {
  const seen: Seen[] = [];
  const server = await scriptedServer(
    besides(setUpRight, (one, response, index) => {
      seen.push(one);
      script(one, response, index);
    }),
  );
  const sink = elasticsearchSink(elasticsearchOptions({ target: server.url.href, ...more }));
  opened.push(async () => {
    await sink.close();
    await server.stop();
  });
  return { sink, seen };
}
