import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import { inMemory } from '../../src/sink/memory.ts';
import { told } from '../support/alert-events.ts';
import { NEVER } from '../support/sink-contract.ts';
import { HOUR, NOW, against, taken, alertsIn, send, opened, isOver } from '../support/alertmanager.ts';

describe('active alerts are renewed', () => {
  test('from what an earlier process knew, with the same labels and start, and not what is over', async () => {
    const memory = inMemory();
    const first = await against(taken);
    first.sink.renewal!.remember(memory);
    await send(first.sink, opened(), opened({ ip: '192.0.2.11' }));
    await send(first.sink, opened({ ip: '192.0.2.11', action: 'port-closed', time: NOW }));
    const second = await against(taken, { lifetimeMs: HOUR });
    second.sink.renewal!.remember(memory);
    const due = second.sink.renewal!.due()!;
    expect(due - Date.now()).toBeLessThanOrEqual(120_000);
    await second.sink.renewal!.renew(NEVER);
    const [before] = alertsIn(first.seen[0]!);
    const again = alertsIn(second.seen[0]!);
    expect(again).toEqual([{ ...before, endsAt: again[0]!.endsAt }]);
    expect(Date.parse(again[0]!.endsAt) - Date.now()).toBeLessThanOrEqual(HOUR);
    expect(second.sink.renewal!.due()!).toBeGreaterThan(due - 1);
  });

  test('an Alertmanager that is down is asked again later, and nothing is forgotten', async () => {
    let isDown = false;
    const { sink, seen } = await against((one, response) => (isDown ? void response.writeHead(503).end() : taken(one, response, 0)));
    await send(sink, opened());
    isDown = true;
    await expect(sink.renewal!.renew(NEVER)).rejects.toMatchObject({ kind: 'temporary' });
    expect(sink.renewal!.due()!).toBeGreaterThan(Date.now());
    isDown = false;
    await sink.renewal!.renew(NEVER);
    expect(alertsIn(seen.at(-1)!)).toHaveLength(1);
  });

  test('ten thousand alerts go in pieces', async () => {
    const { sink, seen } = await against(taken);
    for (let at = 0; at < 10_000; at += 200)
      await send(sink, ...Array.from({ length: 200 }, (_, i) => opened({ ip: `10.0.${Math.floor((at + i) / 250)}.${(at + i) % 250}` })));
    seen.length = 0;
    await sink.renewal!.renew(NEVER);
    expect(seen.flatMap(alertsIn)).toHaveLength(10_000);
    expect(Math.max(...seen.map((one) => alertsIn(one).length))).toBeLessThanOrEqual(200);
  });
});

describe('a scan that does not come', () => {
  const finished = (time: number, site = 'berlin'): LogEvent => told({ action: 'scan-finished', dataset: 'nmap.scan', time, site });

  test('raises an alert after the hours of the rule, which ends with the next newer scan', async () => {
    const memory = inMemory();
    const { sink, seen } = await against(taken);
    sink.renewal!.remember(memory);
    await send(sink, finished(NOW - 50 * HOUR));
    await sink.renewal!.renew(NEVER);
    expect(seen).toEqual([]);
    // It was heard of 27 hours ago.
    memory.put('site berlin', JSON.stringify({ ended: NOW - 50 * HOUR, heard: NOW - 27 * HOUR }));
    await sink.renewal!.renew(NEVER);
    expect(alertsIn(seen[0]!)).toMatchObject([{ labels: { rule: 'portlog-scan-overdue', severity: 'high', site: 'berlin' } }]);
    await send(sink, finished(NOW - 60 * HOUR));
    expect(seen).toHaveLength(1);
    await send(sink, finished(NOW - HOUR));
    expect(alertsIn(seen[1]!).map(isOver)).toEqual([true]);
    await sink.renewal!.renew(NEVER);
    expect(seen).toHaveLength(2);
  });

  test('is reported by portlog itself if the configuration sets a maximum age', async () => {
    const memory = inMemory();
    const { sink, seen } = await against(taken, { watchedSites: ['berlin'] });
    sink.renewal!.remember(memory);
    memory.put('site berlin', JSON.stringify({ ended: NOW - 50 * HOUR, heard: NOW - 27 * HOUR }));
    await sink.renewal!.renew(NEVER);
    expect(seen).toEqual([]);
    const last = new Date(NOW - 50 * HOUR).toISOString();
    await send(sink, told({ action: 'scan-overdue', dataset: 'nmap.health', time: NOW - HOUR, site: 'berlin', nmap: { overdue: { last } } }));
    expect(alertsIn(seen[0]!)).toMatchObject([{ labels: { rule: 'portlog-scan-overdue-reported' } }]);
    // It was there before it was missed, and comes only now.
    await send(sink, finished(NOW - 2 * HOUR));
    expect(alertsIn(seen[1]!).map(isOver)).toEqual([true]);
  });
});
