import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { type TargetName, TARGETS } from '../../src/setup/targets.ts';
import { type HttpAnswer, type HttpClient, httpClient, type HttpRequest } from '../../src/sink/transport/http.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { FakeAlerting } from '../support/fake-alerting.ts';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { FakeRuler } from '../support/fake-ruler.ts';
import type { FakeServer } from '../support/fake-server.ts';
import { FakeWazuh } from '../support/fake-wazuh.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { NEVER } from '../support/sink-contract.ts';

/*
 * Set-up against servers that lie: one answer of a whole set-up, a second one, or a removal is replaced by something else, whole or in a
 * single member. Each ends well or in one sentence of ours, never in an error that nobody has foreseen.
 */

function store(): FakeAlerting {
  const fake = new FakeAlerting();
  fake.streams.set('logs-nmap.change-default', ['.ds-logs-nmap.change-default-000001']);
  return fake;
}

function dashboards(): FakeKibana {
  const fake = new FakeKibana('osd-xsrf');
  fake.version = '3.8.0';
  return fake;
}

const FAKES: Readonly<Record<Exclude<TargetName, 'elastalert'>, () => FakeServer>> = {
  'elasticsearch': store,
  'opensearch': store,
  'opensearch-dashboards': dashboards,
  'kibana': () => new FakeKibana(),
  'grafana': () => new FakeGrafana(),
  'loki': () => new FakeRuler(),
  'wazuh': () => new FakeWazuh(),
  'wazuh-dashboard': dashboards,
};

const ERROR = '{"error":{"type":"some_exception","reason":"it was not done"},"errors":true,"acknowledged":false,"success":false,"status":"error"}';
/** A whole answer, made of the true one. `isSaid`: it must end in a sentence, wherever it stands. */
const WHOLE: Readonly<Record<string, { readonly body: (body: string) => string; readonly isSaid?: true }>> = {
  'nothing': { body: () => '', isSaid: true },
  'a page': { body: () => '<!doctype html><html><body>log in</body></html>', isSaid: true },
  'cut in the middle': { body: (body) => body.slice(0, body.length / 2) },
  'null': { body: () => 'null', isSaid: true },
  'a number': { body: () => '400.5', isSaid: true },
  'a text': { body: () => '"ok"', isSaid: true },
  'a list': { body: () => '[]' },
  'an object': { body: () => '{}' },
  'an error': { body: () => ERROR },
  'lists of null': { body: () => '[null]' },
  'too deep': { body: () => '['.repeat(50_000), isSaid: true },
  'controls': { body: () => '\u001B]0;title\u0007\u202E\u0000', isSaid: true },
};
const WRONG: readonly unknown[] = [undefined, null, 7, 'x', [null], { toString: 5 }];
/** Dashboards, of which set-up reads nothing but that they are there. */
const LARGE = 10_000;
/** What is read as text: any text is somebody's own. */
const IS_TEXT = /^GET \/(?:rules|decoders)\/files\/|^GET \/loki\/api\/v1\/status\/buildinfo|^POST \/api\/saved_objects\/_export/;

interface Exchange {
  readonly key: string;
  readonly answer: HttpAnswer;
}
type Part = 'the first time' | 'again' | 'removal';

describe.each(Object.keys(FAKES) as (keyof typeof FAKES)[])('setup %s', (name) => {
  const logs = new Map<Part, readonly Exchange[]>();
  const target = TARGETS[name];
  const run = async (client: HttpClient, part: Part): Promise<void> => {
    const connection = { client, tenant: undefined, content: DEFAULT_CONTENT, retentionDays: 30, detection: true };
    const steps =
      part === 'removal'
        ? await target.planRemoval(connection, { force: false, repair: false }, NEVER)
        : await target.plan(connection, { force: part === 'again', repair: true }, NEVER);
    for (const step of steps) await step.apply(NEVER);
  };

  beforeAll(async () => {
    const fake = FAKES[name]();
    const url = new URL(await fake.start());
    const secret = (): string => (name === 'wazuh' ? 'secret' : 'token');
    const credentials = name === 'wazuh' ? ({ kind: 'basic', user: 'u', secret } as const) : ({ kind: 'bearer', secret } as const);
    const { connect = httpClient } = target as { connect?: typeof httpClient };
    const client = connect(sinkOptions(name as 'http', { compression: 'none', credentials }), url);
    for (const part of ['the first time', 'again', 'removal'] as const) {
      const log: Exchange[] = [];
      await run(recording(client, log), part);
      expect(log.length).toBeGreaterThan(0);
      logs.set(part, log);
    }
    await client.close();
    await fake.stop();
  });

  const attempt = async (part: Part, at: number, lie: HttpAnswer, what: string): Promise<unknown> => {
    const log = logs.get(part)!;
    const failure = await run(replaying(log, at, lie), part).then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure === undefined) return undefined;
    if (!(failure instanceof PortlogError || failure instanceof SinkError)) throw new Error(`${what} ends in ${failure.message}`, { cause: failure });
    expect(failure.message.length, what).toBeLessThan(1200);
    expect(failure.message, what).not.toMatch(/\n|undefined|\[object|SyntaxError|TypeError/);
    return failure;
  };

  test.each(['the first time', 'again', 'removal'] as const)('whole answers, %s', { timeout: 120_000 }, async (part) => {
    for (const [at, { key, answer: truth }] of distinct(logs.get(part)!))
      for (const [word, { body, isSaid = false }] of Object.entries(WHOLE)) {
        const what = `${part}: ${key}: ${word}`;
        const failure = await attempt(part, at, withBody(truth, body(truth.body)), what);
        if (isSaid && truth.status < 300 && truth.status !== 202 && truth.status !== 204 && !IS_TEXT.test(key)) expect(failure, what).toBeDefined();
      }
  });

  test.each(['the first time', 'again', 'removal'] as const)('single members, %s', { timeout: 120_000 }, async (part) => {
    for (const [at, { key, answer: truth }] of distinct(logs.get(part)!))
      for (const [path, body] of mutations(truth.body)) await attempt(part, at, withBody(truth, body), `${part}: ${key}: ${path}`);
  });

  test('other statuses', { timeout: 120_000 }, async () => {
    for (const part of logs.keys())
      for (const [at, { key, answer: truth }] of distinct(logs.get(part)!))
        for (const status of [204, 301, 400, 401, 403, 404, 409, 418, 429, 500, 503, 599])
          await attempt(part, at, { ...truth, status, body: status === 204 ? '' : ERROR }, `${part}: ${key}: ${status}`);
  });
});

describe('the command says one sentence and what to do, and ends with 2 or 5', () => {
  const bodies: Readonly<Record<string, string>> = {
    'a page': '<html>log in</html>',
    'null': 'null',
    'cut': '{"a":',
    'too much': ' '.repeat(33 << 20),
    'an error': ERROR,
  };
  let url = '';
  let body = '';
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const server = await scriptedServer(({ path }, response) => {
      if (path.startsWith('/security/')) response.writeHead(200).end('a.b.c');
      else answer(response, 200, body);
    });
    url = server.url.origin;
    stop = () => server.stop();
  });
  afterAll(() => stop());

  test.each(Object.keys(FAKES))('setup %s', { timeout: 60_000 }, async (name) => {
    const variable = `PORTLOG_${name.toUpperCase().replaceAll('-', '_')}`;
    for (const args of [[], ['--remove']])
      for (const word of Object.keys(bodies)) {
        body = bodies[word]!;
        const env = { [`${variable}_USER`]: 'u', [`${variable}_PASSWORD`]: 'tops3cret' };
        const { stderr, stdout, code } = await portlogHere(['setup', name, '--url', url, ...args], env);
        // A server without any of it says so in many ways, and one that answers all with an object may be one.
        if (args.length > 0 && code === 0) expect(word).toBe('an error');
        else expect([2, 5], `${name} ${word}: ${stderr}`).toContain(code);
        expect(stderr.trim().split('\n').length, stderr).toBeLessThanOrEqual(2);
        expect(stderr + stdout).not.toMatch(/bug in portlog|\n\s+at |tops3cret/);
      }
  });
});

function recording(client: HttpClient, log: Exchange[]): HttpClient {
  return {
    url: client.url,
    async request(request, signal) {
      const heard = await client.request(request, signal);
      log.push({ key: keyOf(request), answer: heard });
      return heard;
    },
    close: async () => undefined,
  };
}

/** Answers as it was recorded, but for one exchange; what was not asked then is not there. */
function replaying(log: readonly Exchange[], lieAt: number, lie: HttpAnswer): HttpClient {
  const left = log.map((exchange, i) => ({ ...exchange, answer: i === lieAt ? lie : exchange.answer }));
  return {
    url: new URL('http://127.0.0.1:9'),
    async request(request) {
      const key = keyOf(request);
      const at = left.findIndex((exchange) => exchange.key === key);
      return at === -1 ? withBody({ ...lie, status: 404 }, '{}') : left.splice(at, 1)[0]!.answer;
    },
    close: async () => undefined,
  };
}

function keyOf({ method, path }: HttpRequest): string {
  return `${method} ${path}`;
}

/** Of exchanges of one kind the first: the same request but for its ids, with the same status and members in the answer. */
function distinct(log: readonly Exchange[]): readonly (readonly [number, Exchange])[] {
  const kinds = new Map<string, readonly [number, Exchange]>();
  for (const [i, exchange] of log.entries()) {
    const { status, body } = exchange.answer;
    const kind = `${exchange.key.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|monitor-\d+|portlog-[\w-]+|seq_no=\d+/g, 'ID')} ${status} ${membersOf(body)}`;
    if (!kinds.has(kind)) kinds.set(kind, [i, exchange]);
  }
  return [...kinds.values()];
}

function membersOf(body: string): string {
  try {
    return Object.keys(JSON.parse(body) as object).join(' ');
  } catch {
    return '';
  }
}

function withBody(truth: HttpAnswer, body: string): HttpAnswer {
  return { ...truth, body, bytes: Buffer.from(body) };
}

/** The JSON of an answer with one member of another type; by what was changed. Of NDJSON, the first line. */
function* mutations(body: string): Iterable<readonly [string, string]> {
  const [first = '', ...rest] = body.trimEnd().includes('\n') && body.startsWith('{') ? body.trimEnd().split('\n') : [body];
  let truth: unknown;
  try {
    truth = JSON.parse(first);
  } catch {
    return;
  }
  for (const path of pathsOf(truth, body.length > LARGE ? 2 : 6))
    for (const wrong of WRONG)
      yield [`${path.join('.')} as ${JSON.stringify(wrong)}`, [JSON.stringify(replaced(truth, path, wrong)), ...rest].join('\n')];
}

/** Of lists only the first member. */
function pathsOf(value: unknown, depth: number): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  const names = Object.keys(value).slice(0, Array.isArray(value) ? 1 : 12);
  return names.flatMap((name) => [[name], ...pathsOf((value as Record<string, unknown>)[name], depth - 1).map((path) => [name, ...path])]);
}

function replaced(value: unknown, [name = '', ...path]: readonly string[], wrong: unknown): unknown {
  if (Array.isArray(value)) return value.map((member: unknown, i) => (String(i) === name ? inner(member, path, wrong) : member));
  return { ...(value as object), [name]: inner((value as Record<string, unknown>)[name], path, wrong) };
}

function inner(member: unknown, path: readonly string[], wrong: unknown): unknown {
  return path.length === 0 ? wrong : replaced(member, path, wrong);
}
