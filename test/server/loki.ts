import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installLoki } from './install/loki.ts';
import { freePort } from './ports.ts';

/** Loki's own defaults, but for what makes it start at once and show old entries, and a tenant per limit. */
const CONFIG = `
target: all
auth_enabled: true
server:
  http_listen_address: 127.0.0.1
  http_listen_port: \${HTTP_PORT}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: \${GRPC_PORT}
  log_level: warn
common:
  instance_addr: 127.0.0.1
  path_prefix: \${BASE}
  replication_factor: 1
  ring:
    instance_addr: 127.0.0.1
    kvstore: { store: inmemory }
  storage:
    object_store: { filesystem: { dir: \${BASE}/objects } }
storage_config:
  # What lets the ruler take rules over its API, and keep them.
  use_thanos_objstore: true
  object_store: { filesystem: { dir: \${BASE}/objects } }
schema_config:
  configs:
    - { from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: { prefix: index_, period: 24h } }
runtime_config: { file: \${BASE}/overrides.yaml, period: 2s }
ingester:
  query_store_max_look_back_period: -1ns
  lifecycler: { min_ready_duration: 0s, final_sleep: 0s, join_after: 0s }
query_range: { cache_results: false }
frontend: { encoding: protobuf, scheduler_dns_lookup_period: 200ms }
frontend_worker: { dns_lookup_duration: 200ms }
pattern_ingester: { enabled: false }
compactor: { working_directory: \${BASE}/compactor }
analytics: { reporting_enabled: false }
ruler:
  enable_api: true
  alertmanager_url: \${ALERTMANAGER}
  enable_alertmanager_v2: true
  evaluation_interval: 2s
  poll_interval: 2s
  rule_path: \${BASE}/rules-at-work
  ring: { kvstore: { store: inmemory } }
ruler_storage:
  backend: filesystem
  filesystem: { dir: \${BASE}/rules }
`;
const OVERRIDES = `
overrides:
  fast: { ingestion_rate_mb: 1000, ingestion_burst_size_mb: 1000, per_stream_rate_limit: 1GB, per_stream_rate_limit_burst: 1GB, max_entries_limit_per_query: 1000000 }
  slow-stream: { per_stream_rate_limit: 20KB, per_stream_rate_limit_burst: 20KB }
  slow-tenant: { ingestion_rate_mb: 0.05, ingestion_burst_size_mb: 0.05 }
  short-lines: { max_line_size: 3KB }
  few-streams: { max_global_streams_per_user: 1 }
  no-metadata: { allow_structured_metadata: false }
`;

interface LokiEntry {
  readonly stream: Readonly<Record<string, string>>;
  /** Epoch nanoseconds. */
  readonly time: string;
  readonly line: string;
}

/** A real Loki with tenants, on loopback, with data of its own that goes with it. */
export interface LokiServer {
  readonly url: string;
  /** All that a tenant has; structured metadata comes among the labels of its stream. */
  entries(tenant: string, query?: string): Promise<readonly LokiEntry[]>;
  /** The value of a metric query now; 0 when it has none. */
  value(tenant: string, query: string): Promise<number>;
  /** The process is killed, the data stays. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** `alertmanager`: the URL that the ruler sends alerts to. */
export async function startLoki(alertmanager = ''): Promise<LokiServer> {
  const program = await installLoki();
  const base = mkdtempSync(join(tmpdir(), 'portlog-loki-'));
  const port = await freePort();
  for (const folder of ['objects', 'rules']) mkdirSync(join(base, folder));
  writeFileSync(join(base, 'loki.yaml'), CONFIG);
  writeFileSync(join(base, 'overrides.yaml'), OVERRIDES);
  const url = `http://127.0.0.1:${port}`;
  const env = { HTTP_PORT: String(port), GRPC_PORT: String(await freePort()), BASE: base, ALERTMANAGER: alertmanager };
  const launch = (): ChildProcess => spawn(program, [`-config.file=${join(base, 'loki.yaml')}`, '-config.expand-env=true'], { env, stdio: 'ignore' });
  let child = launch();
  await ready(url);
  return {
    url,
    entries: (tenant, query = '{service_name="portlog"}') => entries(url, tenant, query),
    value: (tenant, query) => value(url, tenant, query),
    halt: () => end(child, 'SIGKILL'),
    async resume() {
      child = launch();
      await ready(url);
    },
    async stop() {
      await end(child, 'SIGTERM');
      rmSync(base, { recursive: true, force: true });
    },
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

async function ready(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Loki was not ready after half a minute');
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
