import { expect, test } from 'vitest';
import { endAccepted } from '../../src/sink/alertmanager/accepted.ts';
import { inMemory } from '../../src/sink/memory.ts';
import { against, alertsIn, HOUR, isOver, NOW, opened, send, taken } from '../support/alertmanager.ts';
import { NEVER } from '../support/sink-contract.ts';

test('a port that is expected to be open raises no alert, and one that closes does', async () => {
  const { sink, seen } = await against(taken);
  const expected = { nmap: { expected: true } };
  await send(sink, opened(expected), opened({ action: 'port-reopened', port: 8888, ...expected }), opened({ port: 9999, nmap: { expected: false } }));
  await send(sink, opened({ action: 'port-closed', time: NOW, ...expected }));
  expect(seen.flatMap(alertsIn).map(({ labels }) => [labels['rule'], labels['port']])).toEqual([
    ['portlog-new-open-port', '9999'],
    ['portlog-expected-port-closed', '7777'],
  ]);
});

test('entered in the file later, a port ends its active alert with the next renewal, and no other one', async () => {
  const memory = inMemory();
  const { sink, seen } = await against(taken);
  sink.renewal!.remember(memory);
  await send(sink, opened(), opened({ port: 8888 }), opened({ action: 'port-reopened' }), opened({ action: 'host-new', port: undefined }));
  const asked: unknown[] = [];
  const ended = endAccepted(
    memory,
    (port) => {
      asked.push(port);
      return port.port === 7777;
    },
    NOW,
  );
  expect(ended).toBe(2);
  expect(asked).toContainEqual({ site: 'default', host: '192.0.2.10', port: 8888, transport: 'tcp' });
  seen.length = 0;
  sink.renewal!.remember(memory);
  expect(sink.renewal!.due()).toBe(NOW);
  await sink.renewal!.renew(NEVER);
  const over = seen.flatMap(alertsIn).filter(isOver);
  expect(over.map(({ labels }) => [labels['rule'], labels['port']])).toEqual([
    ['portlog-new-open-port', '7777'],
    ['portlog-port-reopened', '7777'],
  ]);
  expect(endAccepted(memory, () => true, NOW + HOUR)).toBe(1);
});
