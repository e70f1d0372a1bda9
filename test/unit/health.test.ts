import { describe, expect, test } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { deliveryProblemEvent } from '../../src/event/health.ts';
import { runSummaryEvent } from '../../src/event/run-summary.ts';
import { otelRecord } from '../../src/event/otel.ts';
import { ecs } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const OPTIONS = { ...DEFAULT_OPTIONS, now: () => NOW, tags: ['dmz'], labels: { team: 'net' } };
const RUN = '5f0c3f4a1d2b7c9e8a6d5b4c3f2e1d0a';
const NONE = { read: 0, delivered: 0, already: 0, dead: 0, spooled: 0, discarded: 0, withheld: 0 };
const COUNTS = { hosts: 3, openPorts: 5, openProtocols: 0, portScans: 1, problems: 0 };
const FACTS = { key: RUN, started: NOW - 2000, inputs: 1, unfinished: 0, scans: 1, ...COUNTS };

describe('run-summary', () => {
  const summary = runSummaryEvent(OPTIONS, {
    ...FACTS,
    sinks: [
      { name: 'loki http://loki:3100', acknowledges: false, sums: { ...NONE, read: 9, delivered: 9 }, replayed: NONE },
      { name: 'elasticsearch https://es:9200', acknowledges: true, sums: { ...NONE, read: 9, already: 1, spooled: 8 }, replayed: NONE },
    ],
  });

  test('has the sums, and a message for people', () => {
    expectValidEvent(summary);
    expect(ecs(summary)).toMatchObject({
      '@timestamp': '2026-01-31T12:00:00.000Z',
      'event': { kind: 'event', category: ['host'], type: ['info'], action: 'run-summary', outcome: 'failure', duration: 2e9, severity: 47 },
      'nmap': {
        run: { id: RUN, inputs: 1, scans: 1, hosts: 3, open_ports: 5, problems: 0 },
        delivery: { sink: ['loki http://loki:3100', 'elasticsearch https://es:9200'], read: 18, delivered: 9, already: 1, spooled: 8, dead: 0 },
      },
      'message':
        'portlog run ended with problems: 1 scan, 3 hosts listed, 5 open ports; loki http://loki:3100: read 9 = sent 9; elasticsearch https://es:9200: read 9 = already 1 + spooled 8',
    });
  });

  test('has the events of earlier runs that were sent now, with or without others', () => {
    const replayed = { ...NONE, read: 8, delivered: 3, already: 5 };
    const said = (sums: typeof NONE): unknown =>
      ecs(runSummaryEvent(OPTIONS, { ...FACTS, sinks: [{ name: 'loki', acknowledges: true, sums, replayed }] }))['message'];
    expect(said({ ...NONE, read: 2, delivered: 2 })).toMatch(/; loki: read 2 = delivered 2, of earlier runs delivered 3 \+ already 5$/);
    expect(said(NONE)).toMatch(/; loki: of earlier runs delivered 3 \+ already 5$/);
  });

  test('of a run that was stopped says so, and is not said to have ended well', () => {
    const { message } = runSummaryEvent(OPTIONS, { ...FACTS, inputs: 2, unfinished: 1, problems: 1, sinks: [] });
    expect(message).toContain('ended with problems: 1 scan, 3 hosts listed, 5 open ports, stopped early: 1 input not read to the end; ');
  });

  test('of another run is another event, of the same run the same', () => {
    const again = runSummaryEvent(OPTIONS, { ...FACTS, sinks: [] });
    expect(again.id).toBe(summary.id);
    expect(runSummaryEvent(OPTIONS, { ...FACTS, key: `${RUN}x`, sinks: [] }).id).not.toBe(summary.id);
    expect(again.severity).toBe(0);
  });
});

describe('delivery-problem', () => {
  test('names the sink, the kind and the reason; control characters of a server reach nobody', () => {
    const problem = deliveryProblemEvent(OPTIONS, RUN, {
      kind: 'dead-letters',
      sink: 'loki http://loki:3100',
      reason: 'too \u001B[2Jlong',
      events: 3,
    });
    expectValidEvent(problem);
    expect(ecs(problem)).toMatchObject({
      event: { action: 'delivery-problem', outcome: 'failure', severity: 73 },
      nmap: { delivery: { sink: ['loki http://loki:3100'], problem: 'dead-letters', events: 3 } },
      message: 'loki http://loki:3100: 3 events permanently rejected: too \\x1B[2Jlong',
    });
    expect(otelRecord(problem).eventName).toBe('nmap.delivery_problem');
  });

  test('each kind of each sink is one event a run', () => {
    const id = (kind: 'sink-failing' | 'discarded', sink: string): string =>
      deliveryProblemEvent(OPTIONS, RUN, { kind, sink, reason: 'x', events: undefined }).id;
    expect(new Set([id('sink-failing', 'a'), id('discarded', 'a'), id('sink-failing', 'b'), id('sink-failing', 'a')]).size).toBe(3);
  });
});
