import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
    [{ credentials: { kind: 'basic', secret: () => 'x' } }, 'credentials.user must be a text'],
    [{ credentials: 'x' }, 'credentials: must be a group of settings'],
    [{ clock: {} }, 'clock.now must be a function'],
    [{ caFile: 5 }, 'caFile: must be a text'],
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
    message: 'the sink "loki" cannot be opened so: its options must be an object',
  });
});
