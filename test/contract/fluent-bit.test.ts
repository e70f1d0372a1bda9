import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openSink } from '../../src/config/open-sink.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runPipeline } from '../support/delivery.ts';
import { page } from '../support/docs.ts';
import { type FakeFluentBit, startFakeFluentBit } from '../support/fake-fluent-bit.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { fastDir } from '../support/run-portlog.ts';
import { ecs, eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* Fluent Bit cannot be had where tests run. docs/how-to/http.md and opentelemetry.md against one that answers as its source says. */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const SNIPPETS = [...page('docs/how-to/http.md').matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml = '']) => yaml);
const [{ contentType }] = (parse(SNIPPETS.find((yaml) => yaml.includes('fluent-bit')) ?? '') as { sinks: [{ contentType: string }] }).sinks;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function fluentBit(...given: Parameters<typeof startFakeFluentBit>): Promise<FakeFluentBit> {
  const server = await startFakeFluentBit(...given);
  ends.push(() => server.stop());
  return server;
}

async function sinkTo<T extends 'http' | 'otlp'>(type: T, url: string, more: Partial<OptionsOf<T>> = {}): Promise<Sink> {
  const sink = await openSink(type, url, more as never);
  ends.push(() => sink.close());
  return sink;
}

const byId = (records: readonly any[]): readonly unknown[] => records.toSorted((a, b) => a.event.id.localeCompare(b.event.id));

describe('the input http', () => {
  test.each(['gzip', 'none'] as const)('takes all as the page says (compression: %s), and its 201 counts', async (compression) => {
    const server = await fluentBit('http');
    const sink = await sinkTo('http', `${server.url}/nmap`, { contentType, compression });
    const { account } = await runPipeline(sink, EVENTS, { clock: CLOCK });
    expect(account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length, dead: 0, spooled: 0 });
    expect([byId(server.records), new Set(server.statuses)]).toEqual([byId(EVENTS.map(ecs)), new Set([201])]);
  });

  test('check is answered with 400 and a body that HEAD has none of; what is sent then arrives', async () => {
    const server = await fluentBit('http');
    const sink = await sinkTo('http', `${server.url}/nmap`, { contentType });
    expect((await sink.check(NEVER))[0]).toMatchObject({ level: 'ok', message: expect.stringContaining('(400 to HEAD)') });
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(server.records.length).toBe(EVENTS.length);
  });

  test('without the type of content nothing becomes a dead letter: a sentence, and the events wait for it', async () => {
    const server = await fluentBit('http');
    const stateDir = fastDir();
    const without = await sinkTo('http', `${server.url}/nmap`);
    const { account, failure } = await runPipeline(without, EVENTS, { clock: CLOCK, stateDir });
    expect(account.tally).toMatchObject({ delivered: 0, dead: 0, spooled: EVENTS.length });
    expect(failure).toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining("does not accept application/x-ndjson (400: error: invalid 'Content-Type')"),
      hint: 'set contentType for this sink in the configuration: application/json, as most want it',
    });
    expect([...new Set(server.statuses), server.statuses.length < 5]).toEqual([400, true]);
    const set = await sinkTo('http', `${server.url}/nmap`, { contentType });
    const { account: next } = await runPipeline(set, [], { clock: CLOCK, stateDir });
    expect(next.replayed.delivered).toBe(EVENTS.length);
    expect(byId(server.records)).toEqual(byId(EVENTS.map(ecs)));
  });

  test('when its queue is full, events wait, and are there once', async () => {
    let asked = 0;
    const server = await fluentBit('http', { isBusy: () => ++asked <= 2 });
    const { account } = await runPipeline(await sinkTo('http', server.url, { contentType }), EVENTS, { clock: CLOCK });
    expect(account.tally).toMatchObject({ delivered: EVENTS.length, dead: 0, spooled: 0 });
    expect([server.records.length, server.statuses.slice(0, 3)]).toEqual([EVENTS.length, [503, 503, 201]]);
  });
});

describe('the input opentelemetry', () => {
  test.each(['protobuf', 'json'] as const)('takes %s, and check says so', async (encoding) => {
    const server = await fluentBit('opentelemetry');
    const sink = await sinkTo('otlp', server.url, { encoding });
    expect((await sink.check(NEVER)).map(({ level }) => level)).toEqual(['ok']);
    expect(server.records).toEqual([]);
    const { account } = await runPipeline(sink, EVENTS, { clock: CLOCK });
    expect(account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length, dead: 0 });
    expect([server.records.length, new Set(server.statuses)]).toEqual([EVENTS.length, new Set([201])]);
  });
});
