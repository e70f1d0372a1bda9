import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as library from '../../src/index.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { sinkExporter } from '../../src/exporter/exporter.ts';
import { openSink } from '../../src/config/open-sink.ts';
import { SINK_SETTINGS } from '../../src/sink/kinds.ts';
import { NEVER } from '../support/mistyped.ts';
import { freshDir } from '../support/run-portlog.ts';

/* What a program passes is looked at as the configuration file is. */

const TARGETS: Readonly<Record<string, string>> = {
  alertmanager: 'http://127.0.0.1:9093',
  elasticsearch: 'http://127.0.0.1:9200',
  exec: 'unused',
  file: join(freshDir(), 'out'),
  http: 'http://127.0.0.1:8080',
  loki: 'http://127.0.0.1:3100',
  opensearch: 'http://127.0.0.1:9200',
  otlp: 'http://127.0.0.1:4318',
  syslog: 'tcp://127.0.0.1:514',
  wazuh: join(freshDir(), 'out'),
};
const NEEDED: Readonly<Record<string, object>> = { exec: { command: ['/bin/true'] } };
const KINDS = Object.keys(SINK_SETTINGS).filter((type) => type !== 'stdout');

const open = (type: string, options: object): Promise<unknown> => openSink(type as 'http', TARGETS[type] ?? '', { ...NEEDED[type], ...options });

describe.each(KINDS)('%s', (type) => {
  const own = Object.entries(SINK_SETTINGS[type as 'http'].properties);

  test('opens as it is', async () => {
    await expect(open(type, {})).resolves.toBeDefined();
    await expect(open(type, { timeoutMs: 250, tenant: undefined })).resolves.toBeDefined();
  });

  test.each(['constructor', 'toString', '__proto__', 'frob', 'apiKey', 'url'])('there is no option %s', async (name) => {
    const options = JSON.parse(`{ ${JSON.stringify(name)}: "x" }`) as object;
    await expect(open(type, options)).rejects.toMatchObject({ code: 'sink-options', message: expect.stringContaining(name) });
  });

  test('a choice is one of those that there are', async () => {
    for (const [name, { enum: words }] of own) {
      if (words === undefined) continue;
      for (const value of ['constructor', '__proto__', '', 0, null, [], {}])
        await expect(open(type, { [name]: value }), name).rejects.toMatchObject({ code: 'sink-options', message: expect.stringContaining(name) });
    }
  });

  test('a number is one, and within its limits', async () => {
    const numbers = own.filter(([, { type: kind }]) => kind === 'number' || kind === 'integer').map(([name]) => OPTION.get(name) ?? name);
    for (const name of [...numbers, 'timeoutMs'])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, '5', null, [], {}])
        await expect(open(type, { [name]: value }), `${name} ${JSON.stringify(value)}`).rejects.toMatchObject({
          code: 'sink-options',
          message: expect.stringContaining(`${name}: must be`),
        });
    for (const name of ['eventsPerSecond', 'concurrency', 'keepFiles'].filter((one) => numbers.includes(one)))
      await expect(open(type, { [name]: 0 }), name).rejects.toMatchObject({ code: 'sink-options', message: expect.stringContaining('1 or more') });
  });

  test.for([
    [{ namespace: 'A B' }, 'namespace: only lower-case'],
    [{ namespace: '' }, 'namespace: only lower-case'],
    [{ datasets: ['nmap.prot'] }, 'did you mean "nmap.port"?'],
    [{ datasets: [] }, 'datasets: must not be empty'],
    [{ only: { severity: Number.NaN } }, 'only.severity: must be a number'],
    [{ only: { rule: ['x'] } }, 'did you mean "rules"?'],
    [{ credentials: { kind: 'constructor' } }, 'credentials.kind: must be one of'],
    [{ credentials: { kind: 'bearer', secret: 'x' } }, 'credentials.secret must be a function'],
    [{ credentials: { kind: 'basic', secret: () => 'x' } }, 'credentials.user must be a string'],
    [{ credentials: 'x' }, 'credentials: must be a group of settings'],
    [{ clock: {} }, 'clock.now must be a function'],
    [{ caFile: 5 }, 'caFile: must be a string'],
    [{ allowPlaintext: 'no' }, 'allowPlaintext: must be true or false'],
    [{ compression: 'zstd' }, 'compression: must be one of gzip, none'],
    [{ headers: { 'A B': 'c' } }, 'headers: "A B" cannot be a name there'],
  ] as const)('%j', async ([options, words]) => {
    const error: unknown = await open(type, options).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: 'sink-options', message: expect.stringContaining(words) });
    expect((error as Error).message).not.toMatch(NEVER);
  });
});

/** What a file says in other units. */
const OPTION: ReadonlyMap<string, string> = new Map([
  ['timeoutSeconds', 'timeoutMs'],
  ['rotateMib', 'rotateBytes'],
  ['lifetimeHours', 'lifetimeMs'],
]);

test('a target is a text, and a kind is one that there is', async () => {
  for (const target of [undefined, 5, null, {}]) await expect(openSink('file', target as string)).rejects.toMatchObject({ code: 'sink-options' });
  for (const type of ['constructor', '__proto__', '', undefined, 5])
    await expect(openSink(type as 'file', 'x')).rejects.toMatchObject({ code: 'sink-unknown' });
});

test.for([[null], ['x'], [5], [[]]])('options that are no object are refused in a sentence: %j', async ([options]) => {
  await expect(openSink('loki', 'http://127.0.0.1:1', options as never)).rejects.toMatchObject({
    code: 'sink-options',
    message: 'the sink "loki" cannot be opened: its options must be an object',
  });
});

describe('a value of another kind is refused in a sentence, by every function', () => {
  const WRONG = [null, undefined, 5, Number.NaN, '', true, 10n, Symbol('s'), () => 1, {}, [null], [5], [[]], [{}]] as unknown as readonly never[];
  const drained = async (given: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of given);
  };
  const sink = library.stdoutSink(process.stdout, 'ecs');
  const expected = (one: unknown): unknown => library.exposurePolicy({ expected: [one] } as never);

  /** By function: each argument and its parts, and which of the wrong kinds are right there. */
  const CALLS: Readonly<Record<string, readonly (readonly [call: (wrong: never) => unknown, right?: readonly unknown[]])[]>> = {
    readScans: [[(wrong) => drained(library.readScans(wrong))], [(wrong) => drained(library.readScans([wrong]))]],
    toEvents: [
      [(wrong) => drained(library.toEvents(wrong))],
      [(wrong) => drained(library.toEvents([wrong]))],
      [(wrong) => drained(library.toEvents([], wrong)), [undefined, {}]],
      ...['site', 'namespace', 'tags', 'macNetworks', 'sensor'].map(
        (name) => [(wrong: never) => drained(library.toEvents([], { [name]: wrong })), [undefined]] as const,
      ),
    ],
    addressSet: [[(wrong) => library.addressSet(wrong)], [(wrong) => library.addressSet([wrong])]],
    exposurePolicy: [
      [(wrong) => library.exposurePolicy(wrong)],
      [(wrong) => library.exposurePolicy({ expected: wrong })],
      [(wrong) => library.exposurePolicy({ networks: wrong, expected: [] }), [undefined]],
      [(wrong) => library.exposurePolicy({ networks: [wrong], expected: [] })],
      [expected],
      [(wrong) => expected({ hosts: wrong, ports: ['1/tcp'], reason: 'r' })],
      [(wrong) => expected({ hosts: ['192.0.2.1'], ports: [wrong], reason: 'r' })],
    ],
    exposureOptions: [[(wrong) => library.exposureOptions(wrong)]],
    loadExposure: [[(wrong) => library.loadExposure(wrong)]],
    vulnerabilityIntel: [[(wrong) => library.vulnerabilityIntel(wrong)]],
    ecsLine: [[(wrong) => library.ecsLine(wrong)]],
    otelRecord: [[(wrong) => library.otelRecord(wrong)]],
    otlpLine: [[(wrong) => library.otlpLine(wrong)]],
    fileSource: [[(wrong) => library.fileSource(wrong)]],
    stdoutSink: [[(wrong) => library.stdoutSink(wrong, 'ecs')], [(wrong) => library.stdoutSink(process.stdout, wrong)]],
    openStore: [
      [(wrong) => library.openStore(wrong, 'test')],
      [(wrong) => library.openStore(join(freshDir(), 'state'), wrong)],
      [(wrong) => library.openStore(join(freshDir(), 'state'), 'test', wrong), [undefined]],
    ],
    openSink: [
      [(wrong) => library.openSink(wrong, 'x')],
      [(wrong) => library.openSink('file', wrong)],
      [(wrong) => library.openSink('file', 'x', wrong), [undefined, {}]],
    ],
    ship: [
      [(wrong) => library.ship(wrong)],
      [(wrong) => library.ship({ sources: wrong, sinks: [sink] })],
      [(wrong) => library.ship({ sources: [wrong], sinks: [sink] })],
      [(wrong) => library.ship({ sources: [], sinks: wrong })],
      [(wrong) => library.ship({ sources: [], sinks: [wrong] })],
      ...['event', 'findings', 'changes'].map(
        (name) => [(wrong: never) => library.ship({ sources: [], sinks: [], [name]: wrong }), [undefined, {}]] as const,
      ),
      ...['store', 'maxAges', 'clock', 'stop', 'giveUp'].map(
        (name) => [(wrong: never) => library.ship({ sources: [], sinks: [], [name]: wrong }), [undefined]] as const,
      ),
      [(wrong) => library.ship({ sources: [], sinks: [], retryForMs: wrong }), [undefined, 5]],
    ],
    sinkExporter: [
      [(wrong) => sinkExporter(wrong)],
      [(wrong) => sinkExporter(sink, wrong), [undefined, {}]],
      [(wrong) => sinkExporter(sink, { store: wrong }), [undefined]],
    ],
  };

  test('none is left out', () => {
    const functions = Object.entries(library).filter(([name, value]) => typeof value === 'function' && !/^[A-Z]/.test(name));
    expect(Object.keys(CALLS).toSorted()).toEqual([...functions.map(([name]) => name), 'sinkExporter'].toSorted());
  });

  test.each(Object.keys(CALLS))('%s', async (name) => {
    for (const [call, right = []] of CALLS[name] ?? [])
      for (const wrong of WRONG) {
        const error: unknown = await Promise.resolve()
          .then(() => call(wrong))
          .catch((refused: unknown) => refused);
        const isRight = right.some((one) => (typeof one === 'object' ? isEmpty(wrong) : one === wrong));
        if (isRight) continue;
        expect(error, `${call.toString()} with ${typeof wrong}`).toBeInstanceOf(PortlogError);
        expect((error as Error).message.replace(', and is missing', '')).not.toMatch(NEVER);
      }
  });

  test('an unknown option is refused with the nearest one', async () => {
    await expect(library.ship({ sources: [], sinks: [], strore: 1 } as never)).rejects.toMatchObject({
      code: 'usage',
      message: 'ship: there is no option strore',
      hint: 'did you mean store?',
    });
    await expect(library.ship({ sources: [], sinks: [], event: { sites: 'x' } } as never)).rejects.toMatchObject({
      message: 'ship: event: there is no option sites',
    });
    expect(() => library.fileSource(undefined as never)).toThrow('fileSource: path must be a non-empty string, and is missing');
  });

  test('and what is right is taken', async () => {
    await expect(
      drained(library.toEvents([], { site: 'berlin', tags: ['a'], macNetworks: library.addressSet(['192.0.2.0/24']), all: true })),
    ).resolves.toBeUndefined();
    await expect(drained(library.readScans([new Uint8Array(3), Buffer.from('<x/>')]))).resolves.toBeUndefined();
    const policy = library.exposurePolicy({ expected: [{ hosts: ['192.0.2.1'], ports: ['80,443/tcp'], reason: 'web' }] });
    const report = await library.ship({
      sources: [],
      sinks: [],
      findings: { exposure: policy },
      event: library.exposureOptions(policy),
      store: undefined,
    });
    expect(report.inputs).toEqual([]);
  });
});

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
