import { expect, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import { PortlogError } from '../../src/core/errors.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { HealthReporter } from '../../src/pipeline/health-reporter.ts';
import type { InputReport } from '../../src/pipeline/input-report.ts';
import { SinkError } from '../../src/sink/sink.ts';
import { clockAt, openStore, scriptedSink, storingSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';

const PATIENCE_MS = 60_000;

test('a sink that fails is reported once, and again when it has worked meanwhile: each time another event', async () => {
  const clock = clockAt();
  const told: LogEvent[] = [];
  const good = storingSink([], {
    encode(event) {
      told.push(event);
      return { parts: [event.id], bytes: event.id.length, partition: '' };
    },
  });
  const bad = scriptedSink(() => new SinkError('permanent', 'down'), { name: 'bad', identity: { type: 'scripted', target: 'bad', scope: '' } });
  const store = openStore(fastDir(), {}, clock.now);
  const delivery = Delivery.to([good, bad], { clock, store, retryForMs: PATIENCE_MS, signal: new AbortController().signal });
  const reporter = new HealthReporter(delivery, store, { ...DEFAULT_OPTIONS, now: clock.now }, PATIENCE_MS);
  const { health } = delivery.pipelines[1]!;
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    if (reporter.hasUnreportedFailure) await reporter.watch();
  };
  for (let outage = 0; outage < 3; outage++) {
    health.failed(new SinkError('temporary', 'down'));
    await pass(PATIENCE_MS - 1);
    await pass(10);
    await pass(30 * 86_400_000);
    health.succeeded();
    await pass(1000);
  }
  health.failed(new SinkError('temporary', 'down'));
  await reporter.reportEnd({ inputs: [], notRead: [] });
  await delivery.finish();
  const problems = told.filter(({ action }) => action === 'delivery-problem');
  expect(problems.map(({ message }) => message)).toEqual(Array.from({ length: 3 }, () => 'bad: events cannot be delivered: down'));
  expect(new Set(problems.map(({ id }) => id)).size).toBe(3);
  store.close();
});

test('an outage of many runs is reported once, again after a day, and again when the sink has worked meanwhile', async () => {
  const clock = clockAt();
  const folder = fastDir();
  const told: LogEvent[] = [];
  const good = storingSink([], {
    encode(event) {
      if (event.action === 'delivery-problem') told.push(event);
      return { parts: [event.id], bytes: event.id.length, partition: '' };
    },
  });
  const bad = scriptedSink(() => new SinkError('permanent', 'down'), { name: 'bad', identity: { type: 'scripted', target: 'bad', scope: '' } });
  const input = { problem: new PortlogError('input-unreadable', 'cut'), misdated: [] } as unknown as InputReport;
  /** A run with a scan; `up`: the sink works at its end. */
  const run = async (hours: number, up = false): Promise<number> => {
    clock.advance(hours * 3_600_000);
    const before = told.length;
    const store = openStore(folder, {}, clock.now);
    const delivery = Delivery.to([good, bad], { clock, store, retryForMs: PATIENCE_MS, signal: new AbortController().signal });
    const reporter = new HealthReporter(delivery, store, { ...DEFAULT_OPTIONS, now: clock.now }, PATIENCE_MS);
    const { health } = delivery.pipelines[1]!;
    health.failed(new SinkError('temporary', 'down'));
    if (up) health.succeeded();
    await reporter.reportEnd({ inputs: [input], notRead: [] });
    await delivery.finish();
    store.close();
    return told.length - before;
  };
  expect([await run(0), await run(1), await run(1), await run(20), await run(2), await run(1)]).toEqual([1, 0, 0, 0, 1, 0]);
  expect([await run(1, true), await run(1), await run(1)]).toEqual([0, 1, 0]);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
});
