import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { AddressInfo } from 'node:net';

/*
 * Loki's push API as a real 3.7 was seen to behave, status by status and loss by loss: what is stored when it refuses, what it
 * loses silently, and that it never says Retry-After. Nothing of what real servers do beyond that is here.
 */

const OLDEST_MS = 168 * 3_600_000;
const NEWEST_MS = 10 * 60_000;
const BEHIND_MS = 3_600_000;
const MAX_LABELS = 15;
const MAX_LABEL_VALUE_BYTES = 2048;
const MAX_METADATA = 128;
const MAX_METADATA_BYTES = 64 << 10;
/** Of gRPC behind the door. */
const MAX_REQUEST_BYTES = 4 << 20;

interface Limits {
  readonly lineBytes: number;
  /** Bytes a second, and at once. */
  readonly streamRate: number;
  readonly tenantRate: number;
  readonly streams: number;
  readonly metadata: boolean;
}

const DEFAULTS: Limits = { lineBytes: 256 << 10, streamRate: 3 << 20, tenantRate: 6 << 20, streams: 5000, metadata: true };
/** As in test/server/loki/overrides.yaml. */
const TENANTS: Readonly<Record<string, Partial<Limits>>> = {
  'fast': { streamRate: Infinity, tenantRate: Infinity },
  'big': { streamRate: Infinity, tenantRate: Infinity },
  'slow-stream': { streamRate: 20 << 10 },
  'slow-tenant': { tenantRate: 50_000 },
  'short-lines': { lineBytes: 3 << 10 },
  'few-streams': { streams: 1 },
  'no-metadata': { metadata: false },
};

type Labels = Readonly<Record<string, string>>;
type Value = readonly [time: string, line: string, metadata?: Labels];

interface FakeEntry {
  /** With the structured metadata among the labels, as Loki shows it. */
  readonly stream: Labels;
  /** Epoch nanoseconds. */
  readonly time: string;
  readonly line: string;
}

export interface FakeLoki {
  readonly url: string;
  tenant(name: string): string;
  /** What a tenant has, for selectors and filters of the form `{a="b", c!="d"} | e=\`f\``. */
  entries(tenant: string, query?: string): Promise<readonly FakeEntry[]>;
  stop(): Promise<void>;
}

export async function startFakeLoki(): Promise<FakeLoki> {
  const tenants = new Map<string, Tenant>();
  const tenantOf = (name: string): Tenant => {
    const there = tenants.get(name) ?? new Tenant(name);
    tenants.set(name, there);
    return there;
  };
  const server = createServer((request, response) => void answer(request, response, tenantOf));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tenant: (name) => name,
    entries: async (tenant, query = '{}') => tenantOf(tenant).entries().filter(matching(query)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, tenantOf: (name: string) => Tenant): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const [status, text] = pushed(request, Buffer.concat(chunks), tenantOf);
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text === '' ? undefined : `${text}\n`);
}

type Answer = readonly [status: number, text: string];

function pushed({ url, method, headers }: IncomingMessage, bytes: Buffer, tenantOf: (name: string) => Tenant): Answer {
  if (url !== '/loki/api/v1/push') return [404, '404 page not found'];
  if (method !== 'POST') return [405, ''];
  const tenant = headers['x-scope-orgid'];
  if (typeof tenant !== 'string' || tenant === '') return [401, 'no org id'];
  if (tenant.includes('|')) return [400, 'multiple org IDs present'];
  if (headers['content-type']?.startsWith('application/json') !== true) return [400, 'Content-Type not supported'];
  const streams = streamsIn(bytes, headers['content-encoding']);
  return typeof streams === 'string' ? [400, streams] : tenantOf(tenant).push(streams);
}

interface PushedStream {
  readonly stream: Labels;
  readonly values: readonly Value[];
}

/** What was pushed, or why nobody can read it. */
function streamsIn(bytes: Buffer, encoding: string | undefined): readonly PushedStream[] | string {
  try {
    if (encoding !== undefined && encoding !== 'gzip') return `Content-Encoding "${encoding}" not supported`;
    const { streams } = JSON.parse((encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()) as { streams: readonly PushedStream[] };
    for (const { stream, values } of streams) {
      const bad = Object.keys(stream).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
      if (bad !== undefined) return `error parsing labels: parse error: unexpected character: '${bad}'`;
      for (const [time, , metadata = {}] of values)
        if (typeof time !== 'string' || !Object.values(metadata).every((value) => typeof value === 'string')) return 'Value is not a string';
    }
    return streams;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What one tenant has, and what it may have. */
class Tenant {
  private readonly name: string;
  private readonly limits: Limits;
  private readonly streams = new Map<string, Stream>();
  private readonly budget: Budget;

  constructor(name: string) {
    this.name = name;
    this.limits = { ...DEFAULTS, ...TENANTS[name] };
    this.budget = new Budget(this.limits.tenantRate);
  }

  entries(): readonly FakeEntry[] {
    return [...this.streams.values()].flatMap((stream) => [...stream.kept.values()]);
  }

  push(streams: readonly PushedStream[]): Answer {
    if (!streams.some(({ values }) => values.length > 0)) return [422, 'error at least one valid stream is required for ingestion'];
    const named = streams.map(({ stream, values }) => ({
      labels: Object.keys(stream).length === 0 ? { service_name: 'unknown_service' } : stream,
      values,
    }));
    const size = named.reduce((sum, { labels, values }) => sum + protobufBytes(labels, values), 0);
    if (size > MAX_REQUEST_BYTES)
      return [500, `rpc error: code = ResourceExhausted desc = grpc: received message larger than max (${size} vs. ${MAX_REQUEST_BYTES})`];
    const complaints: string[] = [];
    const valid = named.map(({ labels, values }) => ({ labels, values: this.validated(labels, values, complaints) }));
    const lines = valid.flatMap(({ values }) => values);
    const bytes = lines.reduce((sum, value) => sum + lineBytes(value), 0);
    if (!this.budget.takes(bytes))
      return [
        429,
        `ingestion rate limit exceeded for user ${this.name} (limit: ${this.limits.tenantRate} bytes/sec) while attempting to ingest '${lines.length}' lines totaling '${bytes}' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased`,
      ];
    // What went wrong with a stream is told of the last one only: silent loss for all before it.
    let last: Answer | undefined;
    for (const { labels, values } of valid) if (values.length > 0) last = this.ingested(labels, values);
    if (last !== undefined && last[0] !== 204) return last;
    return complaints.length === 0 ? [204, ''] : [400, `${complaints.length} errors like: ${complaints.slice(0, 10).join('\n')}`];
  }

  /** Those that may go on; the others are named. */
  private validated(labels: Labels, values: readonly Value[], complaints: string[]): readonly Value[] {
    const text = labelText(labels);
    const names = Object.keys(labels);
    const long = names.find((name) => Buffer.byteLength(labels[name] ?? '') > MAX_LABEL_VALUE_BYTES);
    if (names.length > MAX_LABELS)
      return (void complaints.push(`entry for stream '${text}' has ${names.length} label names; limit ${MAX_LABELS}`), []);
    if (long !== undefined) return (void complaints.push(`stream '${text}' has label value too long: '${labels[long]}'`), []);
    return values.filter((value) => {
      const problem = this.problemWith(text, value);
      if (problem !== undefined) complaints.push(problem);
      return problem === undefined;
    });
  }

  private problemWith(stream: string, [time, line, metadata = {}]: Value): string | undefined {
    const at = Number(BigInt(time) / 1_000_000n);
    const now = Date.now();
    if (at < now - OLDEST_MS)
      return `entry for stream '${stream}' has timestamp too old: ${rfc3339(at)}, oldest acceptable timestamp is: ${rfc3339(now - OLDEST_MS)}`;
    if (at > now + NEWEST_MS) return `entry for stream '${stream}' has timestamp too new: ${rfc3339(at)}`;
    if (Buffer.byteLength(line) > this.limits.lineBytes)
      return `max entry size '${this.limits.lineBytes}' bytes exceeded for stream '${stream}' while adding an entry with length '${Buffer.byteLength(line)}' bytes`;
    const pairs = Object.entries(metadata);
    if (pairs.length > 0 && !this.limits.metadata)
      return `stream '${stream}' includes structured metadata, but this feature is disallowed. Please see \`limits_config.allow_structured_metadata\` or contact your Loki administrator to enable it`;
    if (pairs.length > MAX_METADATA || pairs.flat().reduce((sum, text) => sum + Buffer.byteLength(text), 0) > MAX_METADATA_BYTES)
      return `stream '${stream}' has structured metadata size too large or too many of it`;
    return undefined;
  }

  private ingested(labels: Labels, values: readonly Value[]): Answer {
    const text = labelText(labels);
    if (!this.streams.has(text) && this.streams.size >= this.limits.streams)
      return [
        429,
        `Maximum active stream limit exceeded when trying to create stream ${text}, reduce the number of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: '${this.name}'`,
      ];
    const stream = this.streams.get(text) ?? new Stream(labels, text, this.name, this.limits.streamRate);
    this.streams.set(text, stream);
    return stream.take(values);
  }
}

class Stream {
  /** By what makes two entries the same. */
  readonly kept = new Map<string, FakeEntry>();
  private readonly labels: Labels;
  private readonly text: string;
  private readonly user: string;
  private readonly rate: number;
  private readonly budget: Budget;
  private newest = 0;

  constructor(labels: Labels, text: string, user: string, rate: number) {
    [this.labels, this.text, this.user, this.rate, this.budget] = [labels, text, user, rate, new Budget(rate)];
  }

  take(values: readonly Value[]): Answer {
    const ignored: (readonly [status: number, text: string])[] = [];
    for (const value of values) {
      const [time, line, metadata = {}] = value;
      const at = Number(BigInt(time) / 1_000_000n);
      const oldest = this.newest - BEHIND_MS;
      if (at < oldest)
        ignored.push([
          400,
          `entry with timestamp ${rfc3339(at)} ignored, reason: 'entry too far behind, entry timestamp is: ${rfc3339(at)}, oldest acceptable timestamp is: ${rfc3339(oldest)}'`,
        ]);
      else if (!this.budget.takes(lineBytes(value)))
        ignored.push([
          429,
          `entry with timestamp ${rfc3339(at)} ignored, reason: 'Per stream rate limit exceeded (limit: ${this.rate / 1024}KB/sec) while attempting to ingest for stream '${this.text}' totaling ${lineBytes(value)}B, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased'`,
        ]);
      else {
        this.newest = Math.max(this.newest, at);
        this.kept.set(JSON.stringify([time, line, metadata]), { stream: { ...this.labels, ...metadata }, time, line });
      }
    }
    if (ignored.length === 0) return [204, ''];
    const told = ignored.slice(0, 10).map(([, why]) => why);
    return [
      ignored.at(-1)?.[0] ?? 400,
      `${told.join(',\n')},\nuser '${this.user}', total ignored: ${ignored.length} out of ${values.length} for stream: ${this.text}`,
    ];
  }
}

/** So much at once, and so much again each second. */
class Budget {
  private readonly rate: number;
  private left: number;
  private since = Date.now();

  constructor(rate: number) {
    [this.rate, this.left] = [rate, rate];
  }

  takes(bytes: number): boolean {
    if (this.rate === Infinity) return true;
    const now = Date.now();
    this.left = Math.min(this.rate, this.left + ((now - this.since) / 1000) * this.rate);
    this.since = now;
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }
}

function protobufBytes(labels: Labels, values: readonly Value[]): number {
  return labelText(labels).length + values.reduce((sum, value) => sum + lineBytes(value) + 16, 0);
}

function lineBytes([, line, metadata = {}]: Value): number {
  return Buffer.byteLength(line) + Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

/** Cut to the second, as its messages have it. */
function rfc3339(time: number): string {
  return new Date(Math.floor(time / 1000) * 1000).toISOString().replace('.000', '');
}

function matching(query: string): (entry: FakeEntry) => boolean {
  const tests = [...query.matchAll(/(\w+)(=|!=)(?:"([^"]*)"|`([^`]*)`)/g)];
  return ({ stream }) => tests.every(([, name = '', operator, quoted, ticked]) => (stream[name] === (quoted ?? ticked)) === (operator === '='));
}
