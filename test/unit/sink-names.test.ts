import { expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { sinkKey } from '../../src/state/seen-files.ts';

const AT = 'http://127.0.0.1:9';
const SINKS = [
  ...[
    {},
    { tenant: 'a' },
    { tenant: 'b' },
    { streamLabels: { room: 'x' } },
    { streamLabels: { room: 'y' } },
    { tenant: 'a', streamLabels: { room: 'x' } },
  ].map((more) => ['loki', AT, more] as const),
  ...[{}, { tenant: 'a' }, { name: 'one' }, { name: 'two' }].map((more) => ['otlp', AT, more] as const),
  ...[{}, { name: 'one' }, { datasets: ['nmap.change' as const] }, { only: { sites: ['x'] } }].map((more) => ['http', AT, more] as const),
];

test('each destination has a name of its own: outages and health events go by it', async () => {
  const sinks = await Promise.all(SINKS.map(async ([type, url, more]) => openSink(type, url, more)));
  expect(new Set(sinks.map(({ identity }) => sinkKey(identity))).size).toBe(SINKS.length);
  expect(new Set(sinks.map(({ name }) => name)).size).toBe(SINKS.length);
});
