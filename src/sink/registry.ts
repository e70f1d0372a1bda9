import { PortlogError } from '../errors.ts';
import { ELASTICSEARCH_URL, type SinkOptions } from './options.ts';
import type { Sink } from './sink.ts';

interface SinkType {
  readonly defaultUrl: string;
  create(options: SinkOptions, url: URL): Promise<Sink>;
}

/** Every sink that is a server, by the name that `--to` and the configuration use. */
const SINK_TYPES = {
  elasticsearch: {
    defaultUrl: ELASTICSEARCH_URL,
    create: async (options, url) => (await import('./elasticsearch.ts')).elasticsearchSink(options, url),
  },
} as const satisfies Record<string, SinkType>;

export async function createSink(options: SinkOptions): Promise<Sink> {
  const type: SinkType | undefined = Object.hasOwn(SINK_TYPES, options.type) ? SINK_TYPES[options.type as keyof typeof SINK_TYPES] : undefined;
  if (type === undefined)
    throw new PortlogError('sink-unknown', `there is no sink "${options.type}"`, {
      hint: `there are: stdout, ${Object.keys(SINK_TYPES).join(', ')}`,
    });
  return type.create(options, options.url ?? new URL(type.defaultUrl));
}
