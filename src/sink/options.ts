import { isIPv4 } from 'node:net';
import { type Dataset, DATASETS, GENERIC } from '../event/event.ts';
import { serverVariable } from '../core/environment.ts';
import type { Clock } from '../core/clock.ts';
import type { Facility } from '../event/syslog.ts';
import { PortlogError } from '../core/errors.ts';
import { type Only, onlyInScope } from './only.ts';
import { withoutUser } from './shown.ts';

/** Default addresses. */
export const ELASTICSEARCH_URL = 'http://127.0.0.1:9200';
export const LOKI_URL = 'http://127.0.0.1:3100';
export const OTLP_URL = 'http://127.0.0.1:4318';

/** Options of every destination. Secrets are functions, called when needed. */
export interface CommonOptions {
  readonly type: string;
  /** Distinguishes destinations at the same address. */
  readonly name?: string | undefined;
  /** The text after `TYPE=`: a URL or a path. */
  readonly target: string | undefined;
  readonly namespace: string;
  readonly datasets: readonly Dataset[] | undefined;
  /** Filter for events of these datasets. */
  readonly only?: Only | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** Options of every destination that is reached over the network. */
interface ServerOptions extends CommonOptions {
  readonly credentials: Credentials;
  readonly caFile: string | undefined;
  /** Trust only `caFile`. */
  readonly caOnly?: boolean | undefined;
  /** The origins that the credentials are for; absent: wherever the target is. */
  readonly boundTo?: readonly string[] | undefined;
  /** Allow credentials over an unencrypted connection to another machine. */
  readonly allowPlaintext?: boolean | undefined;
  /** Client certificate and its key, for servers that ask for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Time limit for an answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** Options of every destination that is reached over HTTP. */
export interface HttpServerOptions extends ServerOptions {
  /** Compression of request bodies. */
  readonly compression: 'gzip' | 'none';
  /** Additional request headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `X-Scope-OrgID` */
  readonly tenant?: string | undefined;
}

/** Options of every destination that is a file on this machine. */
export interface FileOptions extends CommonOptions {
  /** Size above which a file is rotated; 0: never. */
  readonly rotateBytes?: number | undefined;
  /** Number of rotated files that are kept; undefined: all. */
  readonly keepFiles?: number | undefined;
  /** Write to disk (fsync) before events count as delivered. */
  readonly fsync?: boolean | undefined;
}

/** Options of every destination that gets syslog messages. */
export interface StreamOptions extends ServerOptions {
  /** How the end of a message is marked in the stream. */
  readonly framing?: 'octet-counting' | 'newline' | undefined;
  readonly facility?: Facility | undefined;
  /** Maximum size of a message with its header. Longer ones are shortened. */
  readonly maxMessageBytes?: number | undefined;
}

export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key' | 'bearer'; readonly secret: () => string }
  | { readonly kind: 'basic'; readonly user: string; readonly secret: () => string };

/** The `Authorization` header, as a function, because it is only made when it is sent. */
export function authorization(credentials: Credentials): (() => string) | undefined {
  switch (credentials.kind) {
    case 'none':
      return undefined;
    case 'api-key':
      return () => `ApiKey ${encodedApiKey(credentials.secret())}`;
    case 'bearer':
      return () => `Bearer ${credentials.secret()}`;
    case 'basic':
      return () => `Basic ${Buffer.from(`${credentials.user}:${credentials.secret()}`).toString('base64')}`;
  }
}

/** The header by which Loki, and receivers like it, tell tenants apart. */
export function tenantHeaders(tenant: string | undefined): Readonly<Record<string, string>> {
  return tenant === undefined ? {} : { 'x-scope-orgid': tenant };
}

/** Whether a host name is loopback. */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || (isIPv4(hostname) && hostname.startsWith('127.')) || hostname === '[::1]';
}

/** Throws `sink-options` when credentials would go to a server that they are not for, or in plain text to another machine. */
export function refuseLeaks(options: HttpServerOptions, url: URL): void {
  const { type, boundTo, allowPlaintext = false } = options;
  if (!hasSecrets(options)) return;
  if (boundTo !== undefined && !boundTo.includes(url.origin))
    throw new PortlogError('sink-options', `the credentials for ${type} are for ${boundTo.join(' and ')}, and would go to ${url.origin}`, {
      hint: `if that is right, name ${url.origin} where they are set (a sink of the configuration file, or ${serverVariable(type, 'URL')}), with credentials of its own`,
    });
  if (url.protocol !== 'http:' || allowPlaintext || isThisMachine(url.hostname)) return;
  throw new PortlogError('sink-options', `the credentials for ${type} would go to ${url.host} in plain text, readable for everyone on the way`, {
    hint: `write https://, or, where nobody can eavesdrop, set allowPlaintext: true in the configuration (or ${serverVariable(type, 'ALLOW_PLAINTEXT')}=true)`,
  });
}

/** Headers that the HTTP client sets itself. */
const OF_THE_CLIENT: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A valid header value: no line end, nothing beyond Latin-1 (RFC 9110, 5.5). */
const HEADER = /^[\t\x20-\x7E\x80-\xFF]*$/;

/** Throws `sink-options` for an invalid header: every attempt would fail. */
export function refuseUnsendable({ type, headers = {}, tenant = '', credentials }: HttpServerOptions): void {
  const reserved = Object.keys(headers).find((name) => OF_THE_CLIENT.has(name.toLowerCase()));
  if (reserved !== undefined)
    throw new PortlogError('sink-options', `headers of ${type}: ${reserved} is set by portlog itself, from what it sends`, { hint: 'take it out' });
  const values = [
    ...Object.entries(headers).map(([name, value]) => [`the header ${name}`, value] as const),
    ['the tenant', tenant],
    ['the secret', authorization(credentials)?.() ?? ''],
  ] as const;
  const wrong = values.find(([, value]) => !HEADER.test(value));
  if (wrong !== undefined)
    throw new PortlogError(
      'sink-options',
      `${wrong[0]} for ${type} cannot be sent: it has a line end in it, or a character that no header may have`,
      {
        hint: 'write it without; of a secret, look at the file or the command that it comes from',
      },
    );
}

/** Whether secrets are sent in plain text, as allowed by the user. */
export function isPlaintextAllowed(options: Partial<HttpServerOptions> & CommonOptions): boolean {
  const isPlain = (url: URL | null): boolean => url?.protocol === 'http:' && !isThisMachine(url.hostname);
  return options.allowPlaintext === true && hasSecrets(options) && targetsOf(options).some((target) => isPlain(URL.parse(target ?? '')));
}

function hasSecrets({ credentials, headers = {} }: Partial<HttpServerOptions>): boolean {
  return (credentials?.kind ?? 'none') !== 'none' || Object.keys(headers).some((name) => SECRET_HEADER.test(name));
}

const SECRET_HEADER = /^authorization$|^proxy-authorization$|cookie|token|api-?key|secret/i;

/** The target of each member of a cluster; in the target, members are separated by commas. */
export function targetsOf({ target }: Pick<CommonOptions, 'target'>): readonly (string | undefined)[] {
  return target === undefined ? [undefined] : target.split(',').map((one) => one.trim());
}

/** The target as a URL without user and password. */
export function urlOf({ type, target }: Pick<CommonOptions, 'type' | 'target'>, defaultUrl: string): URL {
  const text = target ?? defaultUrl;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || !isReachable(url))
    throw new PortlogError('sink-options', `"${withoutUser(text)}" is not a URL for ${type}`, {
      hint: whyNoUrl(text) ?? `write it whole, for example ${type}=https://host:${new URL(defaultUrl).port}`,
    });
  if (url.username !== '' || url.password !== '')
    throw new PortlogError('sink-options', `the URL for ${type} carries a user or password, which would show in process lists and messages`, {
      hint: `leave them out and set ${serverVariable(type, 'USER')} and ${serverVariable(type, 'PASSWORD')}`,
    });
  return url;
}

/** Whether a blank or the port makes a URL invalid, in words; undefined for anything else, such as a missing scheme. */
function whyNoUrl(text: string): string | undefined {
  if (/\s/.test(text)) return 'remove the blank in it';
  const [, port] = /^https?:\/\/[^/?#]*:([^\]:/?#]*)(?:[/?#]|$)/i.exec(text) ?? [];
  return port === undefined || (/^0*[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)
    ? undefined
    : 'the port after the last colon is a number from 1 to 65535';
}

/** Whether host name (RFC 1035, 2.3.4) and port are valid. */
export function isReachable({ hostname, port }: URL): boolean {
  const labels = hostname.replace(/\.$/, '').split('.');
  return port !== '0' && hostname.length <= 254 && labels.every((label) => label.length > 0 && label.length <= 63);
}

/** Scheme, host, port, path and query string: identifies a destination. */
export function addressOf(url: URL): string {
  return url.origin + url.pathname.replace(/\/$/, '') + url.search;
}

/** Distinguishes destinations at the same address: `name=value` pairs, with the datasets unless all are sent. */
export function scopeOf(
  pairs: Readonly<Record<string, string | undefined>>,
  { name, datasets, only }: Pick<CommonOptions, 'name' | 'datasets' | 'only'>,
): string {
  const all = Object.entries({ ...pairs, name, datasets: datasets?.toSorted().join(','), only: onlyInScope(only) });
  return all.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}=${value}`])).join(' ');
}

/** `Sink.accepts`: all datasets unless some are named, `more` that this sink supports, and always records of other programs. */
export function accepting({ datasets }: Pick<CommonOptions, 'datasets'>, more: readonly Dataset[] = []): (dataset: Dataset) => boolean {
  const possible: readonly Dataset[] = [...DATASETS, GENERIC, ...more];
  const accepted = new Set<Dataset>(
    datasets === undefined ? possible : possible.filter((dataset) => dataset === GENERIC || datasets.includes(dataset)),
  );
  return (dataset) => accepted.has(dataset);
}

/** The value of a name in the text of {@link scopeOf}. */
export function inScope(scope: string, name: string): string | undefined {
  return scope
    .split(' ')
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

/** An API key in encoded form. Elasticsearch shows it as `id` and `api_key`, or as `encoded`, the base64 of `id:api_key`. */
function encodedApiKey(key: string): string {
  return key.includes(':') ? Buffer.from(key).toString('base64') : key;
}
