import { PortlogError } from '../core/errors.ts';
import type { SinkConfig } from './config.ts';
import { nearest } from '../core/nearest.ts';

const SERVERS = ['alertmanager', 'elasticsearch', 'opensearch', 'loki', 'otlp', 'http', 'wazuh'];
const OVER_HTTP = ['elasticsearch', 'opensearch', 'loki', 'otlp', 'http'];
const STREAMS = ['syslog', 'wazuh'];

/** Settings that only some kinds of sinks look at. What is not here goes with each, or the kind itself says that it does not. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  url: [...SERVERS, 'syslog'],
  urls: ['alertmanager'],
  lifetimeHours: ['alertmanager'],
  runbooks: ['alertmanager'],
  path: ['file', 'wazuh'],
  ...Object.fromEntries(['apiKey', 'apiKeyFile', 'apiKeyCommand'].map((name) => [name, ['elasticsearch', 'opensearch', 'otlp', 'http', 'loki']])),
  ...Object.fromEntries(
    ['user', 'password', 'passwordFile', 'passwordCommand', 'bearer', 'bearerFile', 'bearerCommand'].map((name) => [name, SERVERS]),
  ),
  ...Object.fromEntries(['caFile', 'certFile', 'keyFile'].map((name) => [name, [...SERVERS, 'syslog']])),
  compression: OVER_HTTP,
  tenant: ['loki', 'otlp'],
  streamLabels: ['loki'],
  rotateMib: ['file', 'wazuh'],
  keepFiles: ['file', 'wazuh'],
  fsync: ['file', 'wazuh'],
  eventsPerSecond: ['wazuh', 'exec'],
  command: ['exec'],
  concurrency: ['exec'],
  encoding: ['otlp'],
  syslogFormat: ['syslog'],
  framing: STREAMS,
  facility: STREAMS,
  maxMessageBytes: STREAMS,
  envelope: ['http'],
  headers: ['http'],
  contentType: ['http'],
  allowPlaintext: [...SERVERS, 'syslog'],
  caOnly: [...SERVERS, 'syslog'],
};

/** Throws `config-invalid` for a setting that a sink of that kind would not look at: who wrote it believes that it counts. */
export function refuseForeignSettings(path: string, sinks: readonly SinkConfig[]): void {
  for (const [index, sink] of sinks.entries()) {
    if (sink.url !== undefined && sink.urls !== undefined)
      throw new PortlogError('config-invalid', `${path}: sinks.${index}: url and urls say the same, and only one of them counts`, {
        hint: 'write all members under urls',
      });
    const foreign = Object.keys(sink).find((name) => ONLY_FOR[name]?.includes(sink.type) === false);
    if (foreign === undefined || !KINDS.has(sink.type)) continue;
    const guess =
      nearest(
        foreign,
        Object.keys(ONLY_FOR).filter((name) => ONLY_FOR[name]?.includes(sink.type)),
      ) ?? INSTEAD[foreign]?.[sink.type];
    throw new PortlogError('config-invalid', `${path}: sinks.${index}: a sink of type ${sink.type} has no "${foreign}"`, {
      hint: guess === undefined ? `that is for: ${ONLY_FOR[foreign]?.join(', ') ?? ''}` : `did you mean "${guess}"?`,
    });
  }
}

const KINDS: ReadonlySet<string> = new Set([...SERVERS, 'exec', 'file', 'syslog', 'stdout']);
/** What serves the same purpose there. */
const INSTEAD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  url: { file: 'path', exec: 'command' },
  path: { exec: 'command', alertmanager: 'url', elasticsearch: 'url', opensearch: 'url', loki: 'url', otlp: 'url', http: 'url', syslog: 'url' },
};
