import { describe, expect, test } from 'vitest';
import type { Document } from '../../src/alert/fires.ts';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { SEVERITY } from '../../src/event/event.ts';
import { alertmanagerSink } from '../../src/sink/alertmanager/alertmanager.ts';
import { KnownAlerts } from '../../src/sink/alertmanager/known-alerts.ts';
import { endForgotten } from '../../src/sink/alertmanager/forgotten.ts';
import { labelsOf } from '../../src/sink/alertmanager/statement.ts';
import { inMemory } from '../../src/sink/memory.ts';
import { told } from '../support/alert-events.ts';
import { runPipeline } from '../support/delivery.ts';
import { faultContract } from '../support/fault-contract.ts';
import { NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { HOUR, NOW, against, taken, alertsIn, send, opened, MANY, isOver } from '../support/alertmanager.ts';

describe('the contract', () => sinkContract(async () => (await against(taken)).sink, MANY));

describe('through a pipeline', () => {
  faultContract({
    events: MANY,
    open: (url) => alertmanagerSink(sinkOptions('alertmanager', { target: url.href, timeoutMs: 300 })),
    ids: (seen) => alertsIn(seen).map(({ annotations }) => annotations['event_id'] as string),
    accept: (seen, response) => taken(seen, response, 0),
  });
});

test('an alert has the id of its rule, few labels, and what people need', async () => {
  const { sink, seen } = await against(taken, { runbooks: 'https://wiki/runbooks/' });
  const event = told({
    action: 'finding-opened',
    time: NOW - HOUR,
    site: 'berlin',
    ip: '192.0.2.10',
    port: 23,
    zone: 'dmz',
    rule: { id: 'nmap-telnet', name: 'Telnet', category: 'cleartext' },
    message: '192.0.2.10 23/tcp Telnet\u001B[2J [high]',
  });
  expect(await send(sink, event)).toMatchObject({ delivered: 1, already: 0 });
  expect(seen[0]).toMatchObject({ method: 'POST', path: '/am/api/v2/alerts' });
  expect(seen[0]?.headers['content-encoding']).toBeUndefined();
  const [alert] = alertsIn(seen[0]!);
  expect(alert).toMatchObject({
    labels: {
      alertname: 'Clear-text administration',
      rule: 'portlog-cleartext-administration',
      job: 'portlog',
      severity: 'high',
      site: 'berlin',
      zone: 'dmz',
      instance: '192.0.2.10',
      port: '23',
      transport: 'tcp',
      finding: 'nmap-telnet',
    },
    annotations: {
      summary: 'Clear text: Telnet at 192.0.2.10 23/tcp',
      message: '192.0.2.10 23/tcp Telnet\\x1B[2J [high]',
      description: 'Close it.',
      runbook_url: 'https://wiki/runbooks/cleartext-administration.md',
    },
    startsAt: new Date(event.time).toISOString(),
  });
  expect(alert?.annotations).not.toHaveProperty('host_dashboard');
  expect(Date.parse(alert!.endsAt) - Date.now()).toBeGreaterThan(7 * 24 * HOUR);
});

test.each(ALERT_RULES.map((rule) => [rule.id, rule] as const))('%s: labels tell apart what the key of the rule tells apart', (_, rule) => {
  const document = (changed: string): Document => {
    const nested: Record<string, any> = {};
    for (const field of rule.key) {
      const path = field.split('.');
      const last = path.pop() ?? '';
      path.reduce((inner, name) => (inner[name] ??= {}), nested)[last] = field === changed ? 'other' : 'one';
    }
    return nested;
  };
  const labels = new Set(['', ...rule.key].map((changed) => JSON.stringify(labelsOf(rule, document(changed)))));
  expect(labels.size).toBe(rule.key.length + 1);
});

test('alerts about a forgotten host end, and with the last host of a site its scans are no longer overdue', async () => {
  const memory = inMemory();
  const { sink, seen } = await against(taken);
  sink.renewal?.remember(memory);
  const gone = opened({ action: 'host-missing', port: undefined, time: NOW - 4 * HOUR });
  await send(
    sink,
    opened({}),
    opened({ ip: '192.0.2.11' }),
    opened({ site: 'elsewhere' }),
    gone,
    told({ action: 'scan-finished', time: NOW - HOUR }),
  );
  const alerts = (): string[] => alertsIn(seen.at(-1)!).map((alert) => `${ruleOf(alert.labels)} ${alert.labels['instance']} ${isOver(alert)}`);
  expect(endForgotten(memory, [{ site: 'default', host: '192.0.2.10' }], NOW)).toBe(2);
  sink.renewal?.remember(memory);
  expect(sink.renewal?.due()).toBeLessThanOrEqual(Date.now());
  await sink.renewal?.renew(NEVER);
  expect(alerts().toSorted()).toEqual([
    'host-missing 192.0.2.10 true',
    // Another site has a host at that address.
    'new-open-port 192.0.2.10 false',
    'new-open-port 192.0.2.10 true',
    'new-open-port 192.0.2.11 false',
  ]);
  // Told once; what a later scan finds there is news again.
  await sink.renewal?.renew(NEVER);
  expect(alerts()).toHaveLength(2);
  expect(endForgotten(memory, [{ site: 'default', host: '192.0.2.10' }], NOW)).toBe(0);
  expect(await send(sink, opened({ time: Date.now() + 1000 }))).toMatchObject({ delivered: 1 });
  expect(new KnownAlerts(memory).scanned().map(({ site }) => site)).toEqual(['default']);
  expect(endForgotten(memory, [{ site: 'default' }], NOW)).toBe(2);
  expect(new KnownAlerts(memory).scanned()).toEqual([]);
});

test('untrusted text mentions nobody in a chat and makes no disguised links; labels and addresses stay', async () => {
  const { sink, seen } = await against(taken, { runbooks: 'https://wiki/runbooks' });
  const event = opened({ time: NOW - HOUR });
  const said = '<!channel> [bank](https://x.example) @here <b>';
  await send(sink, { ...event, own: { ...event.own, message: said } });
  const [alert] = alertsIn(seen[0]!);
  expect(alert?.annotations['message']).toBe('\u2039!channel\u203A [bank] (https://x.example) @ here \u2039b\u203A');
  expect(alert?.annotations['runbook_url']).toBe('https://wiki/runbooks/new-open-port.md');
  expect(JSON.stringify(alert?.labels)).not.toContain('\u2039');
});

test('an alert about a host leads to its dashboard, where somebody has said where that is', async () => {
  const { sink, seen } = await against(taken, { hostDashboard: 'https://grafana/d/portlog-host?var-address={address}' });
  await send(
    sink,
    opened({ action: 'port-opened', time: NOW - HOUR, ip: 'fe80::1%eth0' }),
    opened({ action: 'mass-change', time: NOW, port: undefined }),
  );
  expect(alertsIn(seen[0]!).map(({ annotations }) => annotations['host_dashboard'])).toEqual([
    'https://grafana/d/portlog-host?var-address=fe80%3A%3A1%25eth0',
    undefined,
  ]);
});

test.each([
  ['port-opened', 'port-closed', {}, ['new-open-port']],
  ['port-reopened', 'port-closed', {}, ['port-reopened']],
  ['host-missing', 'host-back', { port: undefined }, ['host-missing']],
  ['host-new', 'host-missing', { port: undefined }, ['new-host']],
  ['port-closed', 'port-opened', { nmap: { expected: true } }, ['expected-port-closed']],
  ['finding-opened', 'finding-resolved', { rule: { id: 'weak', category: 'certificate' } }, ['certificate-problem']],
  ['exposure-unexpected', 'finding-resolved', { rule: { id: 'nmap-exposure-unexpected', category: 'exposure' } }, ['exposure-unexpected']],
  ['exposure-expired', 'finding-resolved', { rule: { id: 'nmap-exposure-expired', category: 'exposure' } }, ['exposure-expired']],
])('%s stands until %s, at the same place only', async (action, end, more, rules) => {
  const { sink, seen } = await against(taken);
  await send(sink, opened({ action, time: NOW - 5 * HOUR, ...more }));
  // Elsewhere, or earlier, it ends nothing.
  await send(sink, opened({ action: end, time: NOW - 4 * HOUR, ...more, ip: '192.0.2.99' }), opened({ action: end, time: NOW - 6 * HOUR, ...more }));
  const ending = opened({ action: end, time: NOW - 3 * HOUR, ...more });
  expect(await send(sink, ending)).toMatchObject({ delivered: 1 });
  const all = seen.flatMap(alertsIn).filter(({ labels }) => rules.includes(ruleOf(labels)) && labels['instance'] === '192.0.2.10');
  expect(all.map(isOver)).toEqual([false, true]);
  expect(all[1]).toEqual({ ...all[0], endsAt: new Date(ending.time).toISOString() });
});

test('the same event again posts nothing, and an older event does not raise an alert that has ended', async () => {
  const { sink, seen } = await against(taken);
  const [first, end, again] = [opened(), opened({ action: 'port-closed', time: NOW - HOUR + 1 }), opened({ time: NOW })];
  await send(sink, first);
  expect(await send(sink, first)).toMatchObject({ delivered: 0, already: 1 });
  await send(sink, end);
  expect(await send(sink, first, end)).toMatchObject({ delivered: 0, already: 2 });
  expect(seen).toHaveLength(2);
  expect(await send(sink, again)).toMatchObject({ delivered: 1 });
  expect(alertsIn(seen[2]!)).toMatchObject([{ startsAt: new Date(NOW).toISOString() }]);
});

test('an event that arrives after its end does not raise an alert', async () => {
  const { sink, seen } = await against(taken);
  expect(await send(sink, opened({ action: 'port-closed', time: NOW }))).toMatchObject({ already: 1 });
  expect(await send(sink, opened())).toMatchObject({ already: 1 });
  expect(seen).toEqual([]);
});

test('an alert about an incident lasts for the window of its rule, and a second incident is posted again', async () => {
  const { sink, seen } = await against(taken);
  const changed = (time: number): LogEvent => opened({ action: 'service-changed', time });
  await send(sink, changed(NOW - 48 * HOUR));
  const [alert] = alertsIn(seen[0]!);
  expect(Date.parse(alert!.endsAt) - Date.now()).toBeGreaterThan(23 * HOUR);
  expect(Date.parse(alert!.endsAt) - Date.now()).toBeLessThanOrEqual(24 * HOUR);
  expect(await send(sink, changed(NOW - 47 * HOUR))).toMatchObject({ delivered: 1 });
  expect(await send(sink, changed(NOW - 48 * HOUR))).toMatchObject({ already: 1 });
});

test('a time in the future is no start, because Alertmanager would refuse the end', async () => {
  const { sink, seen } = await against(taken);
  await send(sink, opened({ time: NOW + 30 * 24 * HOUR }));
  const [alert] = alertsIn(seen[0]!);
  expect(Date.parse(alert!.startsAt)).toBeLessThanOrEqual(Date.now());
  await send(sink, opened({ action: 'port-closed', time: NOW + 31 * 24 * HOUR }));
  const [over] = alertsIn(seen[1]!);
  expect(Date.parse(over!.endsAt)).toBeGreaterThanOrEqual(Date.parse(over!.startsAt));
  expect(isOver(over!)).toBe(true);
});

describe('answers', () => {
  test.each([
    [401, 'permanent', 'no'],
    [404, 'permanent', '404 page not found'],
    [405, 'permanent', ''],
    [302, 'permanent', ''],
    [429, 'temporary', ''],
    [503, 'temporary', 'not ready'],
    [200, 'temporary', '<html>log in</html>'],
    [200, 'temporary', '{"status":"success"}'],
    [204, 'temporary', ''],
    [400, 'permanent', '<html>Bad Request</html>'],
  ])('%i is %s with the body %j', async (status, kind, body) => {
    const { sink } = await against((_, response) => void response.writeHead(status).end(body));
    await expect(send(sink, opened())).rejects.toMatchObject({ name: 'SinkError', kind });
  });

  test.each([
    [400, '"start time must be before end time"', 'start time must be before end time'],
    [422, '{"code":602,"message":"alerts.0.labels in body is required"}', 'alerts.0.labels in body is required'],
  ])('%i for one of them is found by halves, and the others arrive', async (status, body, reason) => {
    const { sink, seen } = await against((one, response) => {
      const isBad = alertsIn(one).some(({ labels }) => labels['instance'] === '192.0.2.3');
      response.writeHead(isBad ? status : 200).end(isBad ? body : '');
    });
    const pipeline = await runPipeline(sink, MANY.slice(0, 8));
    expect(pipeline.account.tally).toMatchObject({ read: 8, delivered: 7, dead: 1 });
    expect(pipeline.firstRejection).toBe(reason);
    expect(new Set(seen.flatMap(alertsIn).map(({ labels }) => labels['instance'])).size).toBe(8);
  });

  test('check sends no alert', async () => {
    const { sink, seen } = await against((_, response) => void response.writeHead(200).end('{"versionInfo":{"version":"0.25.0"}}'));
    expect(await sink.check(NEVER)).toEqual([{ level: 'ok', message: expect.stringContaining('Alertmanager 0.25.0 at http://127.0.0.1') }]);
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /am/api/v2/status']);
  });
});

test('narrowed, it raises less, and ends all the same', async () => {
  const only = { rules: ['new-open-port'], severity: SEVERITY.medium, zones: ['dmz'] };
  const { sink, seen } = await against(taken, { only });
  const external = opened({ zone: 'dmz', nmap: { external: true } });
  expect(sink.wants!(external)).toBe(true);
  expect(sink.wants!(opened({ zone: 'lan', action: 'host-new' }))).toBe(false);
  expect(sink.wants!(opened({ zone: 'dmz', action: 'service-changed' }))).toBe(false);
  expect(sink.wants!(opened({ zone: 'lan', action: 'port-closed' }))).toBe(true);
  await send(sink, external);
  expect(alertsIn(seen[0]!).map(({ labels }) => ruleOf(labels))).toEqual(['new-open-port']);
});

/** The id of the rule that raised an alert. */
function ruleOf(labels: Readonly<Record<string, unknown>>): string {
  return String(labels['rule']).replace('portlog-', '');
}
