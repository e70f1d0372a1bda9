import { serverVariable } from '../../core/environment.ts';
import { PortlogError } from '../../core/errors.ts';
import { targetsOf } from '../address.ts';
import type { CommonOptions, Credentials, HttpServerOptions } from '../options.ts';
import { SECRET_HEADER } from './echo.ts';
import { isThisMachine } from './this-machine.ts';

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

/** What a server gets with each request, for messages: `the API key (PORTLOG_ELASTICSEARCH_API_KEY)`. Undefined without credentials. */
export function credentialWords(credentials: Credentials): string | undefined {
  if (credentials.kind === 'none') return undefined;
  const where = credentials.from === undefined ? '' : ` (${credentials.from})`;
  if (credentials.kind === 'basic') return `the user "${credentials.user}" or the password${where}`;
  return `the ${credentials.kind === 'api-key' ? 'API key' : 'token'}${where}`;
}

/** The header by which Loki, and receivers like it, tell tenants apart. */
export function tenantHeaders(tenant: string | undefined): Readonly<Record<string, string>> {
  return tenant === undefined ? {} : { 'x-scope-orgid': tenant };
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
  refuseMiswritten(type, credentials);
}

/** Throws `sink-options` for a secret as it is often pasted, and a user as no server can read it: both would only be refused. */
function refuseMiswritten(type: string, credentials: Credentials): void {
  if (credentials.kind === 'basic' && credentials.user.includes(':'))
    throw new PortlogError('sink-options', `the user for ${type} has a colon in it, which separates user and password`, {
      hint: 'write the user alone, and the password as its own',
    });
  // A password may be anything; keys and tokens have no blanks and quotes.
  if (credentials.kind !== 'api-key' && credentials.kind !== 'bearer') return;
  const [wrong] = /^["']|^(?:Bearer|ApiKey|Basic) /i.exec(credentials.secret()) ?? [];
  if (wrong !== undefined)
    throw new PortlogError('sink-options', `the secret for ${type} begins with ${wrong.trim()}, which is no part of it`, {
      hint: 'write the key or token alone; quotes in a file of variables belong to the value for Docker',
    });
}

/** Whether secrets are sent in plain text, as allowed by the user. */
export function isPlaintextAllowed(options: Partial<HttpServerOptions> & CommonOptions): boolean {
  const isPlain = (url: URL | null): boolean => url?.protocol === 'http:' && !isThisMachine(url.hostname);
  return options.allowPlaintext === true && hasSecrets(options) && targetsOf(options).some((target) => isPlain(URL.parse(target ?? '')));
}

function hasSecrets({ credentials, headers = {} }: Partial<HttpServerOptions>): boolean {
  return (credentials?.kind ?? 'none') !== 'none' || Object.keys(headers).some((name) => SECRET_HEADER.test(name));
}

/** An API key in encoded form. Elasticsearch shows it as `id` and `api_key`, or as `encoded`, the base64 of `id:api_key`. */
function encodedApiKey(key: string): string {
  return key.includes(':') ? Buffer.from(key).toString('base64') : key;
}
