import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';
import { answers, ready } from './ready.ts';

/*
 * Loki is under the AGPL and is not built here: tests take the one that is there. `PORTLOG_LOKI` names its program, which is
 * started with the configuration beside this file; `PORTLOG_LOKI_URL` one that runs with it. Without either they are skipped.
 */
const PROGRAM = process.env['PORTLOG_LOKI'];
const URL_OF_ONE = process.env['PORTLOG_LOKI_URL'];
const FILES = fileURLToPath(new URL('loki', import.meta.url));

export const hasLoki = PROGRAM !== undefined || URL_OF_ONE !== undefined;
/** One of our own, which can be killed, and sends its alerts where we say. */
export const ownsLoki = PROGRAM !== undefined;

interface LokiEntry {
  readonly stream: Readonly<Record<string, string>>;
  /** Epoch nanoseconds. */
  readonly time: string;
  readonly line: string;
}

/** A real Loki with tenants, on loopback, with data of its own that goes with it. */
export interface LokiServer {
  readonly url: string;
  /** A tenant that has nothing yet, with the limits that go with the name when it is our own. */
  tenant(name: string): string;
  /** All that a tenant has; structured metadata comes among the labels of its stream. */
  entries(tenant: string, query?: string): Promise<readonly LokiEntry[]>;
  /** The value of a metric query now; 0 when it has none. */
  value(tenant: string, query: string): Promise<number>;
  /** The process is killed, the data stays. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** `alertmanager`: the URL that the ruler sends alerts to. Throws when there is no Loki. */
export async function startLoki(alertmanager = ''): Promise<LokiServer> {
  if (PROGRAM === undefined) return runningLoki();
  const base = mkdtempSync(join(tmpdir(), 'portlog-loki-'));
  const port = await freePort();
  for (const folder of ['objects', 'rules']) mkdirSync(join(base, folder));
  const url = `http://127.0.0.1:${port}`;
  const env = { HTTP_PORT: String(port), GRPC_PORT: String(await freePort()), BASE: base, FILES, ALERTMANAGER: alertmanager };
  const args = [`-config.file=${join(FILES, 'loki.yaml')}`, '-config.expand-env=true'];
  const launch = (): ChildProcess => startServer(PROGRAM, args, { env, stdio: 'ignore' });
  let child = launch();
  await ready('Loki', () => answers(`${url}/ready`));
  return {
    ...questions(url),
    tenant: (name) => name,
    halt: () => end(child, 'SIGKILL'),
    async resume() {
      child = launch();
      await ready('Loki', () => answers(`${url}/ready`));
    },
    async stop() {
      await end(child, 'SIGTERM');
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Tenants that it has no limits for are new each time, because what is in it stays. */
async function runningLoki(): Promise<LokiServer> {
  if (URL_OF_ONE === undefined) throw new Error('there is no Loki: PORTLOG_LOKI names its program, PORTLOG_LOKI_URL one that runs');
  const url = URL_OF_ONE.replace(/\/$/, '');
  const cannot = (): never => {
    throw new Error('this Loki is not ours to stop');
  };
  await ready('Loki', () => answers(`${url}/ready`));
  return { ...questions(url), tenant: (name) => `${name}-${process.pid}-${Date.now()}`, halt: cannot, resume: cannot, stop: async () => undefined };
}

function questions(url: string): Pick<LokiServer, 'url' | 'entries' | 'value'> {
  return {
    url,
    entries: (tenant, query = '{service_name="portlog"}') => entries(url, tenant, query),
    value: (tenant, query) => value(url, tenant, query),
  };
}

/** In pages: a query gives 5,000 at most. Loki keeps identical entries once. */
async function entries(url: string, tenant: string, query: string): Promise<readonly LokiEntry[]> {
  const all = new Map<string, LokiEntry>();
  const end = (BigInt(Date.now()) + 900_000n) * 1_000_000n;
  for (let start = (BigInt(Date.now()) - 30n * 86_400_000n) * 1_000_000n; ;) {
    const parameters = new URLSearchParams({ query, start: String(start), end: String(end), limit: '5000', direction: 'forward' });
    const text = await ask(`${url}/loki/api/v1/query_range?${parameters.toString()}`, tenant);
    const { data } = JSON.parse(text) as { data: { result: { stream: Record<string, string>; values: [string, string][] }[] } };
    const page = data.result.flatMap(({ stream, values }) => values.map(([time, line]) => ({ stream, time, line })));
    for (const entry of page) all.set(`${entry.time} ${JSON.stringify(entry.stream)} ${entry.line}`, entry);
    const last = page.reduce((latest, { time }) => (BigInt(time) > latest ? BigInt(time) : latest), start);
    if (page.length < 5000) return [...all.values()];
    if (last === start) throw new Error('more than 5,000 entries of one time: use more times');
    start = last;
  }
}

async function value(url: string, tenant: string, query: string): Promise<number> {
  const answer = await ask(`${url}/loki/api/v1/query?${new URLSearchParams({ query }).toString()}`, tenant);
  const { data } = JSON.parse(answer) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

async function ask(url: string, tenant: string): Promise<string> {
  const answer = await fetch(url, { headers: { 'X-Scope-OrgID': tenant, 'connection': 'close' } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
  return text;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await ended;
  clearTimeout(late);
}

if (import.meta.main) {
  const server = await startLoki();
  console.log(JSON.stringify({ url: server.url }));
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
}
