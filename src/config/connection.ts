import { type Environment, programEnvironment, self, serverVariable } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';
import { SINK_SETTINGS, type SinkOptions } from '../sink/kinds.ts';
import type { HttpServerOptions } from '../sink/options.ts';
import type { SinkConfig } from './config.ts';
import { datasetsOf, onlyOf } from './only.ts';
import { credentials } from './secret.ts';
import { whoElseWrites } from './trust.ts';

/** Settings that a sink gets under the same name. */
const AS_WRITTEN = [
  'command',
  'concurrency',
  'contentType',
  'encoding',
  'envelope',
  'eventsPerSecond',
  'facility',
  'framing',
  'fsync',
  'hostDashboard',
  'keepFiles',
  'maxEventBytes',
  'maxMessageBytes',
  'runbooks',
  'streamLabels',
  'syslogFormat',
  'trustSetUp',
] as const satisfies readonly (keyof SinkConfig)[];
const DEFAULT_TIMEOUT_SECONDS = 60;
const MIB = 1 << 20;
const HOUR_MS = 3_600_000;

/** Chats accept no compressed requests. */
function isChat({ envelope }: SinkConfig): boolean {
  return envelope?.includes('{message}') === true;
}

export function urlsOf({ url, urls }: SinkConfig): readonly string[] {
  return url === undefined ? (urls ?? []) : [url];
}

/** Scheme, host and port; a text that is no URL is returned as it is. */
export function originOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.protocol}//${parsed.host}`;
}

/** By type of sink: the origins in configuration and environment, which are the only ones that get the credentials. */
export function originsOf(sinks: readonly SinkConfig[], env: Environment): ReadonlyMap<string, readonly string[]> {
  const inEnvironment = Object.keys(SINK_SETTINGS).flatMap((type) => (urlIn(env, type)?.split(',') ?? []).map((url) => ({ type, url: url.trim() })));
  const all = [...sinks.flatMap((sink) => urlsOf(sink).map((url) => ({ type: sink.type, url }))), ...inEnvironment];
  const groups = Map.groupBy(all, ({ type }) => type);
  return new Map([...groups].map(([type, ofType]) => [type, ofType.map(({ url }) => originOf(url))]));
}

/** `PORTLOG_<TYPE>_URL`; what is empty is not set, and a kind of sink without addresses has none. */
function urlIn(env: Environment, type: string): string | undefined {
  const hasUrl = !Object.hasOwn(SINK_SETTINGS, type) || Object.hasOwn(SINK_SETTINGS[type as keyof typeof SINK_SETTINGS].properties, 'url');
  const url = hasUrl ? env[serverVariable(type, 'URL')] : undefined;
  return url === '' ? undefined : url;
}

/** Settings of a connection from flags and from the rest of the configuration. */
export interface ConnectionSettings {
  readonly caFile: string | undefined;
  readonly compression: 'gzip' | 'none' | undefined;
  /** By type of sink: {@link originsOf}. */
  readonly origins?: ReadonlyMap<string, readonly string[]>;
  /** Sites with a maximum age of their latest scan. */
  readonly watchedSites?: readonly string[];
}

/** Connection options of a server: a sink, or one that is only set up. */
export async function serverOptions(sink: SinkConfig, given: ConnectionSettings, namespace: string, env: Environment): Promise<HttpServerOptions> {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' && sink.type !== 'stdout' && sink.type !== 'file')
    throw new PortlogError('sink-options', 'NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which makes Node send credentials to any server that answers', {
      hint: 'unset it; name the authority that signed the certificate with --ca-file',
    });
  return {
    type: sink.type,
    name: sink.name,
    target: sink.url ?? sink.urls?.join(',') ?? sink.path ?? urlIn(env, sink.type),
    namespace,
    credentials: await credentials(sink, env),
    caFile: given.caFile ?? sink.caFile,
    caOnly: sink.caOnly,
    boundTo: given.origins?.get(sink.type),
    allowPlaintext: sink.allowPlaintext ?? env[serverVariable(sink.type, 'ALLOW_PLAINTEXT')] === 'true',
    certFile: sink.certFile ?? env[serverVariable(sink.type, 'CERT_FILE')],
    keyFile: sink.keyFile ?? env[serverVariable(sink.type, 'KEY_FILE')],
    compression: given.compression ?? sink.compression ?? (isChat(sink) ? 'none' : 'gzip'),
    timeoutMs: (sink.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    datasets: datasetsOf(sink),
    only: onlyOf(sink),
    tenant: sink.tenant ?? env[serverVariable(sink.type, 'TENANT')],
    headers: sink.headers,
  };
}

/** Options of a sink from the configuration, which was validated by the schema of its type. */
export async function sinkOptions(sink: SinkConfig, given: ConnectionSettings, namespace: string, env: Environment): Promise<SinkOptions> {
  const { lifetimeHours, rotateMib, command } = sink;
  const own = {
    ...Object.fromEntries(AS_WRITTEN.map((name) => [name, sink[name]])),
    lifetimeMs: lifetimeHours && lifetimeHours * HOUR_MS,
    rotateBytes: rotateMib && rotateMib * MIB,
    watchedSites: given.watchedSites,
    environment: command && programEnvironment(env, isOurs),
  };
  // createSink refuses unknown types.
  return { ...(await serverOptions(sink, given, namespace, env)), ...own } as SinkOptions;
}

/** Whether to look for programs in a folder: not in one that others may write, when running as root. */
function isOurs(folder: string): boolean {
  const us = self();
  return us?.uid !== 0 || whoElseWrites(folder, us) === undefined;
}
