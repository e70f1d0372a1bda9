import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Batcher } from '../src/delivery/batcher.ts';
import { DEFAULT_OPTIONS } from '../src/event/context.ts';
import type { LogEvent } from '../src/event/event.ts';
import { hostContext } from '../src/event/host.ts';
import { EventMapper } from '../src/event/map.ts';
import type { ScanItem } from '../src/nmap/item.ts';
import { ScanReader } from '../src/nmap/read.ts';
import { batchBody, BufferPool } from '../src/sink/transport/body.ts';
import { elasticsearchSink } from '../src/sink/elasticsearch/elasticsearch.ts';
import { fileSink } from '../src/sink/file/file.ts';
import { lokiBody } from '../src/sink/loki/entry.ts';
import { lokiSink } from '../src/sink/loki/loki.ts';
import type { Batch, Entry, Sink } from '../src/sink/sink.ts';
import { PASSWORD, startElasticsearch } from '../test/server/elasticsearch.ts';
import { hasLoki, startLoki } from '../test/server/loki.ts';
import { sinkOptions } from '../test/support/sink-options.ts';
import { writeScan } from './generate.ts';
import { median, type Run, runNode, runPortlog } from './run.ts';

/**
 * Shipping a scan into a real Elasticsearch, a real Loki and a file, beside a bare loop that sends
 * ready-made, ready-compressed bodies over as many connections (or writes them): what reading, mapping,
 * encoding, accounting and the ledger cost on top. In pairs, in one run. `npm run bench:ship -- 50`
 * names the size in MB; 20 is the default.
 */
const MEGABYTES = Number(process.argv[2] ?? 20);
const ROUNDS = 3;
const HERE = fileURLToPath(new URL('..', import.meta.url));
const folder = join(tmpdir(), 'portlog-bench');
mkdirSync(folder, { recursive: true });
const scan = join(folder, `ship-${MEGABYTES}.xml`);
// Times of now, or Loki would refuse them and be sent everything twice.
if (!existsSync(scan)) writeScan(scan, MEGABYTES);
const recent = join(folder, `ship-${MEGABYTES}-now.xml`);
writeFileSync(
  recent,
  readFileSync(scan, 'latin1').replaceAll(/(start|starttime|endtime|time)="17[67]\d{7}"/g, (_, name) => `${name}="${Math.floor(Date.now() / 1000)}"`),
  'latin1',
);

interface Target {
  readonly name: string;
  /** What `--to` takes. */
  readonly to: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ready-made requests, for a namespace or tenant of their own. */
  bodies(round: number): readonly Buffer[];
  readonly request:
    | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly caFile?: string }
    | { readonly path: string };
}

const elasticsearch = await startElasticsearch();
const loki = hasLoki ? await startLoki() : undefined;
try {
  const auth = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: elasticsearch.caFile };
  await runNode([join(HERE, 'bin', 'portlog.js'), 'setup', 'elasticsearch', '--url', elasticsearch.url], auth);
  const basic = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
  const out = join(mkdtempSync(join(tmpdir(), 'portlog-bench-')), 'events.ndjson');
  const targets: readonly Target[] = [
    {
      name: 'elasticsearch',
      to: `elasticsearch=${elasticsearch.url}`,
      env: auth,
      bodies: (round) =>
        batches(elasticsearchSink(sinkOptions('elasticsearch', { target: elasticsearch.url, namespace: `bare_${round}` }))).map((batch) =>
          zipped(plain(batch)),
        ),
      request: {
        url: `${elasticsearch.url}/_bulk?filter_path=errors`,
        headers: { 'authorization': basic, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
        caFile: elasticsearch.caFile,
      },
    },
    ...(loki === undefined ? [] : [lokiTarget(loki.url)]),
    {
      name: 'file',
      to: `file=${out}`,
      env: {},
      bodies: () => batches(fileSink(sinkOptions('file', { target: out }))).map(plain),
      request: { path: `${out}.bare` },
    },
  ];
  for (const target of targets) await measure(target);
} finally {
  await Promise.all([elasticsearch.stop(), loki?.stop()]);
}

function lokiTarget(url: string): Target {
  return {
    name: 'loki',
    to: `loki=${url}`,
    env: { PORTLOG_LOKI_TENANT: 'fast' },
    bodies: (round) =>
      batches(lokiSink(sinkOptions('loki', { target: url, streamLabels: { round: `bare${round}` } }))).map((batch) => zipped(pushed(batch))),
    request: {
      url: `${url}/loki/api/v1/push`,
      headers: { 'x-scope-orgid': 'fast', 'content-type': 'application/json', 'content-encoding': 'gzip' },
    },
  };
}

async function measure(target: Target): Promise<void> {
  const ratios: number[] = [];
  const rows: Run[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const namespace = `round_${round}`;
    const shipped = await runPortlog(
      HERE,
      [
        '-q',
        '--json',
        // What comparing costs, bench/change.ts tells; the first scan of a site would ship a record for each port besides.
        '--no-changes',
        '--namespace',
        namespace,
        '--site',
        namespace,
        '--state-dir',
        mkdtempSync(join(tmpdir(), 'portlog-bench-')),
        '--to',
        target.to,
        recent,
      ],
      target.env,
    );
    const bare = await bareLoop(target, round);
    rows.push(shipped);
    ratios.push(bare / shipped.wall);
  }
  const row = rows.toSorted((a, b) => a.wall - b.wall)[Math.floor(ROUNDS / 2)]!;
  const perSecond = Math.round(row.events / row.wall).toLocaleString('en-US');
  const microseconds = ((row.cpu / row.events) * 1e6).toFixed(0);
  console.log(
    `${target.name}: ${row.events.toLocaleString('en-US')} events in ${row.wall.toFixed(2)} s, ${perSecond} events/s, ${microseconds} µs CPU an event, peak ${row.rssMb} MB, ${median(ratios).toFixed(2)} of the bare loop (${ratios.map((one) => one.toFixed(2)).join(' ')})`,
  );
}

/** Seconds that sending ready bodies takes, in a process of its own, from the first byte on. */
async function bareLoop(target: Target, round: number): Promise<number> {
  const work = mkdtempSync(join(tmpdir(), 'portlog-bare-'));
  const bodies = target.bodies(round);
  for (const [i, body] of bodies.entries()) writeFileSync(join(work, String(i).padStart(6, '0')), body);
  writeFileSync(join(work, 'request.json'), JSON.stringify(target.request));
  const stderr = await runNode([fileURLToPath(new URL('bare-loop.ts', import.meta.url)), work]);
  rmSync(work, { recursive: true });
  return Number(/SECONDS ([\d.]+)/.exec(stderr)?.[1]);
}

function eventsOf(mapper: EventMapper, item: ScanItem): Iterable<LogEvent> {
  if (item.kind !== 'host') return mapper.events(item);
  return mapper.run === undefined ? [] : mapper.hostEvents({ host: item.host, context: hostContext(mapper.run, item.host) });
}

/** The scan as batches of a sink. */
function batches(sink: Sink): readonly Batch[] {
  const mapper = new EventMapper(DEFAULT_OPTIONS);
  const batcher = new Batcher<Entry>(sink.limits);
  const all: Batch[] = [];
  const reader = new ScanReader();
  for (const item of [...reader.push(readFileSync(recent)), ...reader.end()]) {
    for (const event of eventsOf(mapper, item)) {
      const encoded = sink.encode(event);
      if ('refused' in encoded) continue;
      const full = batcher.add({ id: event.id, dataset: event.dataset, time: event.time, queued: event.created, ...encoded }, 0);
      if (full !== undefined) all.push(full);
    }
  }
  return [...all, ...batcher.takeOlderThan(0)];
}

function plain(batch: Batch): Buffer {
  return Buffer.from(batchBody(batch, new BufferPool(0)));
}

function pushed({ partition, entries }: Batch): Buffer {
  return Buffer.from(
    lokiBody(
      partition,
      entries.map(({ parts, time }) => ({ parts, time, scanTime: undefined })),
      new BufferPool(0),
    ),
  );
}

function zipped(body: Buffer): Buffer {
  return gzipSync(body, { level: 1 });
}
