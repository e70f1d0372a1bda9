import { answer, type Seen } from './scripted-server.ts';
import { FakeServer } from './fake-server.ts';
import type { ServerResponse } from 'node:http';

/**
 * What the API of a Wazuh manager does with tokens, events and files, as far as portlog asks it; in memory, from its
 * reference and from what a 4.14.7 manager was seen to do.
 */
export class FakeWazuh extends FakeServer {
  version = '4.14.7';
  /** How many requests a token is good for. */
  tokenTakes = Infinity;
  isCluster = false;
  /** By path below `/var/ossec/etc/`, as the API names them. */
  readonly files = new Map<string, string>();
  readonly events: string[] = [];
  /** `PUT …/analysisd/reload` came with 4.14. */
  canReload = true;
  /** What it answers when it is told to load its rules. */
  loadStatus = 200;
  /** Rules of others, by id. */
  readonly otherRules = new Map<number, string>();
  /** The rules as analysisd has them: as they were when it has loaded them last. */
  loaded = new Map<string, string>();
  /** What it says of its configuration when it is asked to check it. */
  problem: string | undefined;
  /** Why it does not forward one event, with the code of its error. */
  refuse: (event: string) => { readonly code: number; readonly message: string } | undefined = () => undefined;
  /** What it says this user may do. */
  policies: object = { 'event:ingest': { '*:*:*': 'allow' }, 'rbac_mode': 'white' };
  /** What its user may do, as its framework asks before it does it; absent: all. */
  rights: ReadonlySet<string> | undefined;
  /** What it, or a proxy before it, says of a request that is larger than it takes (10 MB). */
  tooLarge: 413 | 417 | undefined;
  logins = 0;
  /** It takes its time for a password. */
  onLogin: () => void = () => undefined;
  /** By whose clock it counts requests, in milliseconds. */
  now: () => number = Date.now;
  private minute = { began: -Infinity, requests: 0 };
  private token = '';
  private left = 0;

  protected override serve(seen: Seen, response: ServerResponse): void {
    const { method, path, headers } = seen;
    if (path === '/security/user/authenticate?raw=true') return this.login(headers.authorization ?? '', response);
    if (headers.authorization !== `Bearer ${this.token}` || this.token === '' || this.left-- <= 0)
      return answer(response, 401, { title: 'Unauthorized', detail: 'Invalid token' });
    const missing = rightsFor(method, path).find((right) => this.rights?.has(right) === false);
    if (missing !== undefined) return answer(response, 403, { title: 'Permission Denied', detail: `Permission denied: ${missing}`, error: 4000 });
    if (method !== 'GET') this.actions.push(`${method} ${path}`);
    if (path === '/') return answer(response, 200, { data: { title: 'Wazuh API REST', api_version: this.version }, error: 0 });
    if (path === '/security/users/me/policies') return answer(response, 200, { data: this.policies, error: 0 });
    if (path === '/events') return this.ingest(seen, response);
    if (path === '/cluster/status')
      return answer(response, 200, { data: { enabled: this.isCluster ? 'yes' : 'no', running: this.isCluster ? 'yes' : 'no' }, error: 0 });
    if (/^\/(?:manager|cluster)\/configuration\/validation$/.test(path)) return this.validate(response);
    if (/^\/(?:manager|cluster)\/restart$/.test(path)) return this.load(response, 'Restart request sent');
    if (/^\/(?:manager|cluster)\/analysisd\/reload$/.test(path))
      return this.canReload ? this.load(response, 'Reload request sent') : answer(response, 404, { title: 'Not Found' });
    if (path.startsWith('/rules?')) return this.rules(path, response);
    const [, file = ''] = /^\/((?:rules|decoders)\/files\/[\w.]+)(?:\?|$)/.exec(path) ?? [];
    if (file === '') return answer(response, 404, { title: 'Not Found' });
    return this.file(method, file, seen.body, response);
  }

  private login(authorization: string, response: ServerResponse): void {
    this.logins++;
    this.onLogin();
    this.left = this.tokenTakes;
    if (!authorization.startsWith('Basic ') || !Buffer.from(authorization.slice(6), 'base64').toString().endsWith(':secret'))
      return answer(response, 401, { title: 'Unauthorized', detail: 'Invalid credentials' });
    this.token = `head.${Buffer.from(String(this.logins)).toString('base64url')}.tail`;
    response.writeHead(200, { 'content-type': 'text/plain' }).end(this.token);
  }

  /** Of all its users, those that fail, too: `check_rate_limit` in api/api/middlewares.py, which lets 31 through once a first minute is over. */
  private isTooOften(): boolean {
    const now = this.now();
    if (now - this.minute.began > 60_000) this.minute = { began: now, requests: 0 };
    return ++this.minute.requests > 30;
  }

  private ingest({ body }: Seen, response: ServerResponse): void {
    if (this.isTooOften()) return answer(response, 429, { title: 'Maximum number of requests per minute reached', error: 6005 });
    if (this.tooLarge !== undefined) return answer(response, this.tooLarge, { title: 'Too large' });
    const { events } = JSON.parse(body) as { events: readonly string[] };
    if (events.length > 100) return answer(response, 400, { title: 'Bad Request', detail: 'Events bulk size exceeded' });
    const failed = events.flatMap((event) => {
      const error = this.refuse(event);
      if (error === undefined) this.events.push(event);
      return error === undefined ? [] : [{ error, id: [event] }];
    });
    const affected = events.filter((event) => !failed.some(({ id }) => id.includes(event)));
    const data = { affected_items: affected, total_affected_items: affected.length, total_failed_items: failed.length, failed_items: failed };
    answer(response, 200, { data, message: 'Some events were forwarded', error: failed.length === 0 ? 0 : failed.length === events.length ? 1 : 2 });
  }

  private validate(response: ServerResponse): void {
    if (this.problem === undefined) return answer(response, 200, { data: { affected_items: [{ name: 'master', status: 'OK' }] }, error: 0 });
    const failed_items = [{ error: { code: 1908, message: this.problem }, id: ['master'] }];
    answer(response, 200, { data: { affected_items: [], failed_items, total_failed_items: 1 }, message: 'Could not check configuration', error: 1 });
  }

  private load(response: ServerResponse, message: string): void {
    if (this.loadStatus !== 200) return answer(response, this.loadStatus, { title: 'Internal Server Error' });
    this.loaded = new Map(this.files);
    answer(response, 200, { data: { affected_items: [{ name: 'master', msg: 'ok' }] }, message, error: 0 });
  }

  /** A rule that nobody has is an item that failed, with status 200; one that two files have is there twice (`get_rules` in framework/wazuh/rule.py). */
  private rules(path: string, response: ServerResponse): void {
    const wanted = new Set((/rule_ids=([\d,]+)/.exec(path)?.[1] ?? '').split(',').map(Number));
    const ours = [...(this.files.get('rules/files/portlog_rules.xml') ?? '').matchAll(/<rule id="(\d+)"/g)].map(
      ([, id]) => [Number(id), 'portlog_rules.xml'] as const,
    );
    const items = [...ours, ...this.otherRules].filter(([id]) => wanted.has(id)).map(([id, filename]) => ({ id, filename }));
    const missing = [...wanted].filter((id) => !items.some((item) => item.id === id)).map(String);
    const failed_items = missing.length === 0 ? [] : [{ error: { code: 1208, message: 'The rule does not exist' }, id: missing }];
    const data = { affected_items: items, total_affected_items: items.length, total_failed_items: missing.length, failed_items };
    answer(response, 200, { data, message: 'Some rules were not returned', error: missing.length === 0 ? 0 : items.length === 0 ? 1 : 2 });
  }

  private file(method: string, file: string, body: string, response: ServerResponse): void {
    const text = this.files.get(file);
    // What is there is deleted first (upload_rule_file in framework/wazuh/rule.py), and that has a right of its own.
    if (method === 'PUT' && text !== undefined && this.rights?.has(`${file.split('/')[0]}:delete`) === false)
      return answer(response, 200, {
        data: { failed_items: [{ error: { code: 4000, message: 'Permission denied' }, id: [file] }] },
        message: 'Could not upload file',
        error: 1,
      });
    if (method === 'PUT') this.files.set(file, body);
    if (method === 'DELETE') this.files.delete(file);
    if (method !== 'GET') return answer(response, 200, { data: { affected_items: [file] }, error: 0 });
    // A file that is not there is no 404.
    if (text === undefined)
      return answer(response, 200, { data: { failed_items: [{ error: { code: 1415, message: 'File does not exist' }, id: [file] }] }, error: 1 });
    response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
  }
}

/** By its reference: https://documentation.wazuh.com/4.14/user-manual/api/rbac/reference.html */
function rightsFor(method: string, path: string): readonly string[] {
  const [, part = '', rest = ''] = /^\/(\w+)(.*)$/.exec(path) ?? [];
  if (part === 'rules' || part === 'decoders') return [`${part}:${method === 'GET' ? 'read' : method === 'PUT' ? 'update' : 'delete'}`];
  if (part === 'cluster' && rest === '/status') return ['cluster:status'];
  if (part === 'manager' || part === 'cluster') return method === 'GET' ? [`${part}:read`] : [`${part}:restart`, `${part}:read`];
  return part === 'events' ? ['event:ingest'] : [];
}
