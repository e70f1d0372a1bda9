/** A program of somebody who has only the package: every option of its functions is built from what it exports. */
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import {
  addressSet,
  type ChangeOptions,
  type Dataset,
  DATASETS,
  DEFAULT_CHANGE_OPTIONS,
  type EventOptions,
  exposureOptions,
  exposurePolicy,
  fileSource,
  type FindingOptions,
  type InputReport,
  type LogEvent,
  openSink,
  openStore,
  PortlogError,
  type Progress,
  readScans,
  SEVERITY,
  ship,
  type ShipOptions,
  type ShipReport,
  type Sink,
  SinkError,
  type SinkReport,
  type Source,
  stdoutSink,
  type Store,
  type Tally,
  toEvents,
  vulnerabilityIntel,
} from 'portlog';

const [scan = '', stateDir = '', intelDir] = process.argv.slice(2);
const policy = exposurePolicy({
  networks: [{ network: '127.0.0.0/8', zone: 'loopback', owner: 'somebody' }],
  expected: [{ hosts: ['zone:loopback'], ports: ['22/tcp'], reason: 'SSH' }],
});
const event: Partial<EventOptions> = {
  site: 'library',
  namespace: 'test',
  tags: ['a'],
  labels: { team: 'net' },
  macNetworks: addressSet(['192.0.2.0/24', '2001:db8::/64']),
  ...exposureOptions(policy),
  all: true,
  sensor: 'sensor-1',
};
const findings: FindingOptions = {
  rules: new Map([['nmap-ssh-weak', { severity: SEVERITY.low, zones: new Map([['loopback', { silence: true }]]) }]]),
  guesses: 'silence',
  exposure: policy,
  ...(intelDir === undefined ? {} : { intel: vulnerabilityIntel(intelDir) }),
};
const changes: ChangeOptions = { ...DEFAULT_CHANGE_OPTIONS, confirm: 2, service: 'version' };

const seen: LogEvent[] = [];
/** A sink of one's own. */
const collecting: Sink = {
  name: 'collecting',
  identity: { type: 'collecting', target: 'memory', scope: '' },
  limits: { maxEvents: 100, maxBytes: 1 << 20, inFlight: 1, inFlightPerPartition: 1 },
  undeliverable: 'keep',
  accepts: (dataset: Dataset) => DATASETS.includes(dataset as (typeof DATASETS)[number]),
  encode(one) {
    seen.push(one);
    const body = JSON.stringify(one.own);
    return { parts: [body], bytes: Buffer.byteLength(body), partition: '' };
  },
  check: async () => [],
  send: async ({ entries }) => ({ delivered: entries.length, already: 0, retry: [], rejected: [] }),
  close: async () => undefined,
};

const store: Store = openStore(stateDir, 'the library');
const source: Source = fileSource(scan);
const progress: Progress[] = [];
const options: ShipOptions = {
  sources: [source],
  sinks: [collecting, stdoutSink(new PassThrough().resume(), 'ecs')],
  event,
  store,
  changes: { ...changes, everywhere: true },
  findings,
  maxAges: new Map([['library', 86_400_000]]),
  retryForMs: 1000,
  onProgress: (one) => void progress.push(one),
};
const report: ShipReport = await ship(options);
const inputs: readonly InputReport[] = report.inputs;
const [first]: readonly SinkReport[] = report.sinks;
const tally: Readonly<Tally> | undefined = first?.tally;
console.log(JSON.stringify({ inputs: inputs.length, read: tally?.read, delivered: tally?.delivered, seen: seen.length, store: typeof store.path }));
store.close();

let events = 0;
for await (const _ of toEvents(readScans(createReadStream(scan)), event)) events++;
const wrong = await openSink('nowhere' as 'file', 'x').catch((error: unknown) => error);
if (!(wrong instanceof PortlogError) || wrong instanceof SinkError) throw new Error('a sink that is not there');
console.log(events > 0, wrong.code, wrong.hint);
