import { nearest } from '../core/nearest.ts';
import { PortlogError } from '../core/errors.ts';
import { INVENTORY } from '../event/event.ts';
import { narrowed } from './only.ts';
import type { OptionsOf, SinkOptions, SinkType } from './kinds.ts';
import { isPlaintextAllowed } from './transport/credentials.ts';
import { scopeOf } from './address.ts';
import { shownScope, withoutUser } from './shown.ts';
import type { Sink, Notify } from './sink.ts';
import { withinLimits } from './within-limits.ts';

type Create = (options: SinkOptions, tell: Notify | undefined) => Promise<Sink>;

/** Every sink but standard output, by the name that `--to` and the configuration use. */
const SINKS: { readonly [T in Exclude<SinkType, 'stdout'>]: (options: OptionsOf<T>, tell: Notify | undefined) => Promise<Sink> } = {
  alertmanager: async (options) => (await import('./alertmanager/alertmanager.ts')).alertmanagerSink(options),
  elasticsearch: async (options) => (await import('./elasticsearch/elasticsearch.ts')).elasticsearchSink(options),
  exec: async (options) => (await import('./exec/exec.ts')).execSink(options),
  file: async (options) => (await import('./file/file.ts')).fileSink(options),
  http: async (options) => (await import('./http/ndjson.ts')).httpSink(options),
  loki: async (options) => (await import('./loki/loki.ts')).lokiSink(options),
  opensearch: async (options) => (await import('./opensearch/opensearch.ts')).opensearchSink(options),
  otlp: async (options) => {
    const [{ otlpSink }, { JSON_ENCODING }, { PROTOBUF }] = await Promise.all([
      import('./otlp/otlp.ts'),
      import('./otlp/encoding.ts'),
      import('./otlp/protobuf.ts'),
    ]);
    return options.encoding === 'json' ? otlpSink(options, JSON_ENCODING, PROTOBUF) : otlpSink(options, PROTOBUF, JSON_ENCODING);
  },
  syslog: async (options) => (await import('./syslog/syslog.ts')).syslogSink(options),
  wazuh: async (options, notify) => (await import('./wazuh/wazuh.ts')).wazuhSink(options, notify),
};

/** Throws `sink-unknown` or `sink-options`; connects to nothing yet. */
export async function createSink(options: SinkOptions, notify?: Notify): Promise<Sink> {
  const create = Object.hasOwn(SINKS, options.type) ? (SINKS[options.type as keyof typeof SINKS] as Create) : undefined;
  // The text may contain a password, so it is not quoted.
  if (/^\w+:\/\//.test(options.type))
    throw new PortlogError('sink-unknown', 'an address alone does not say what kind of server is there', {
      hint: 'name it before the address, for example elasticsearch=https://es:9200',
    });
  if (create === undefined)
    throw new PortlogError('sink-unknown', `there is no sink "${withoutUser(options.type)}"`, {
      hint: hintFor(options.type),
    });
  const answerMs = 'timeoutMs' in options ? options.timeoutMs : undefined;
  const made = named({ ...(await create(options, notify)), answerMs }, options);
  refuseStrange(made, options);
  const sink = narrowed(withinLimits(made), options.only);
  return isPlaintextAllowed(options) ? warned(sink) : sink;
}

/** Refuses datasets that a type of sink never gets: the destination would stay empty without an error. */
function refuseStrange(sink: Sink, { type, datasets = [] }: SinkOptions): void {
  const strange = datasets.filter((dataset) => !sink.accepts(dataset));
  if (strange.length === 0) return;
  throw new PortlogError('sink-options', `the sink "${type}" never gets ${strange.join(', ')}`, {
    hint: strange.includes(INVENTORY) ? 'elasticsearch and opensearch keep an inventory; portlog inventory shows it' : 'name other datasets',
  });
}

/** A sink with the name that its settings give it, which messages, health events and metrics use. */
function named(sink: Sink, options: SinkOptions): Sink {
  const bounds = shownScope(scopeOf({}, options));
  return bounds === '' ? sink : { ...sink, name: `${sink.name} (${bounds})` };
}

/** A sink whose check warns that credentials may go over an unencrypted connection. */
function warned(sink: Sink): Sink {
  return {
    ...sink,
    check: async (signal) => [
      ...(await sink.check(signal)),
      {
        level: 'warning',
        message: `the credentials of ${sink.name} go out in plain text, readable for everyone on the way`,
        hint: 'use https://, and remove allowPlaintext',
      },
    ],
  };
}

function hintFor(type: string): string {
  const all = ['stdout', ...Object.keys(SINKS)];
  const guess = nearest(type, all);
  return guess === undefined ? `there are: ${all.join(', ')}` : `did you mean ${guess}?`;
}
