import { PortlogError } from '../core/errors.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../sink/transport/http.ts';
import { isAtLeast } from '../sink/transport/version.ts';
import { jsonIn } from '../sink/transport/answer.ts';

/** One thing that set-up does, or finds done. */
export interface Step {
  /** In words: `alert rule "[portlog] New host"`. */
  readonly what: string;
  /**
   * `kept`: somebody has changed it, or it is not portlog's, so it is left as it is. `skipped`: it cannot be had there. `wrong`: it
   * needs a repair that nobody has asked for. `stays`: it cannot be removed.
   */
  readonly action: 'create' | 'update' | 'unchanged' | 'kept' | 'skipped' | 'remove' | 'load' | 'wrong' | 'mend' | 'stays';
  /** What would be sent, for `--dry-run`; nothing for what stays. */
  readonly request: HttpRequest | undefined;
  apply(signal: AbortSignal): Promise<void>;
}

export interface PlanOptions {
  /** Overwrite what somebody has changed. */
  readonly force: boolean;
  /** Mend what has got wrong types, and do not only say it. */
  readonly repair: boolean;
}

/** What is there, as set-up found it. */
export type Presence = 'absent' | 'as-installed' | 'outdated' | 'changed';

/**
 * What a mark says that set-up has left in a server: a fingerprint of what was sent, a dot, and one of what the server made
 * of it. `now`: that of what is there.
 */
export function presenceByMark(mark: string | undefined, ours: string, now: string): Presence {
  const [sent, made] = mark?.split('.') ?? [];
  if (made !== now) return 'changed';
  return sent === ours ? 'as-installed' : 'outdated';
}

/** A step for something that one request installs. */
export function installation(client: HttpClient, what: string, found: Presence, request: HttpRequest, { force }: PlanOptions): Step {
  if (found === 'as-installed') return said('unchanged', what);
  if (found === 'changed' && !force) return said('kept', what);
  return {
    what,
    action: found === 'absent' ? 'create' : 'update',
    request,
    apply: async (signal) => void (await wanted(client, request, signal)),
  };
}

/** Something that is only said. */
export function said(action: 'unchanged' | 'kept' | 'skipped' | 'wrong' | 'stays', what: string): Step {
  return { what, action, request: undefined, apply: async () => undefined };
}

/** Without the plugin that it belongs to, OpenSearch knows nothing of a path. */
export function isWithoutPlugin({ status, body }: HttpAnswer): boolean {
  return status === 400 && body.includes('no handler found');
}

export function removal(client: HttpClient, what: string, request: HttpRequest): Step {
  return { what, action: 'remove', request, apply: async (signal) => void (await wanted(client, request, signal)) };
}

/** The answer to a request that must succeed; else a `setup-refused` with the server's own words. */
export async function wanted(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return accepted(client, request, await client.request(request, signal));
}

/** As {@link wanted}, but undefined when it is not there. */
export async function found(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | undefined> {
  const answer = await client.request(request, signal);
  return answer.status === 404 ? undefined : accepted(client, request, answer);
}

/** As {@link wanted}, of an answer that is there already. */
export function accepted(client: HttpClient, request: HttpRequest, answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refused(client, request, answer);
}

/** What an accepted answer says, as JSON: an object or a list. What else comes with a 200 is some other program's, a page to log in for example. */
export function jsonOf(client: HttpClient, request: HttpRequest, answer: HttpAnswer): unknown {
  const json = jsonIn(accepted(client, request, answer).body);
  if (typeof json === 'object' && json !== null) return json;
  const { message } = refused(client, request, answer);
  throw new PortlogError('setup-refused', `${message} (which is no JSON)`, {
    hint: 'check the address, and what stands between portlog and the server',
  });
}

/** As {@link wanted}, and read. */
export async function wantedJson(client: HttpClient, request: HttpRequest, signal: AbortSignal): Promise<unknown> {
  return jsonOf(client, request, await client.request(request, signal));
}

export function refused({ url }: HttpClient, { method, path }: HttpRequest, { status, body }: HttpAnswer): PortlogError {
  const words = body.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  return new PortlogError('setup-refused', `${url.origin} answered ${status} to ${method} ${path}${words === '' ? '' : `: ${words}`}`, {
    hint: hintFor(status, path) ?? 'the server says why; what was done before this stays',
  });
}

function hintFor(status: number, path: string): string | undefined {
  if (status === 401) return 'set the credentials: PORTLOG_<TARGET>_USER and _PASSWORD, _API_KEY or _BEARER';
  if (status !== 403) return undefined;
  return RIGHTS.find(([prefix]) => prefix.test(path))?.[1];
}

/** What set-up needs to be allowed, by what is asked: each path belongs to one product. */
const RIGHTS: readonly (readonly [prefix: RegExp, hint: string])[] = [
  [/^\/_plugins\//, 'it needs the rights of all_access, or those for alerting and index management: docs/how-to/opensearch.md'],
  [
    /^\/_|^\/(?:\.ds-)?(?:logs-nmap|nmap-inventory)/,
    'it needs to manage index templates, pipelines and the indices of portlog; the key that ships may not, and is taken before user and password: docs/how-to/elasticsearch.md',
  ],
  [
    /^\/api\/(?:saved_objects|alerting|status)/,
    'docs/how-to/elastic.md names the privileges that are needed (of OpenSearch Dashboards: opensearch.md)',
  ],
  [/^\/api\//, 'docs/how-to/grafana-loki.md names the role that is needed'],
  [/^\/loki\//, 'the ruler of Loki does not allow it: docs/how-to/grafana-loki.md'],
  [
    /^\/(?:rules|decoders|manager|cluster)?/,
    'the user needs rules:read, rules:update, decoders:read, decoders:update, cluster:status, manager:read, manager:restart: docs/how-to/wazuh.md',
  ],
];

/** Refuses a server that is older than what portlog brings is made for. */
export function checkVersion(server: string, version: string, oldest: readonly [major: number, minor: number]): void {
  if (isAtLeast(version, oldest)) return;
  throw new PortlogError('setup-refused', `this is ${server} ${version}, and portlog's dashboards and rules need ${oldest.join('.')} or newer`, {
    hint: 'portlog setup … --export DIR writes the files, to try them by hand',
  });
}
