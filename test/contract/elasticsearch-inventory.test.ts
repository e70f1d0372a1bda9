import { expect, test } from 'vitest';
import { elasticsearchAgainst } from '../support/elasticsearch-against.ts';
import { host, port, scan } from '../support/scans.ts';
import { answer, bulkFates } from '../support/scripted-server.ts';
import { World } from '../support/world.ts';

test('records of the inventory replace themselves, in an index, by the time of what was seen', async () => {
  const { sink, seen } = await elasticsearchAgainst(({ body }, response) =>
    answer(
      response,
      200,
      bulkFates(body, (_, i) => (i === 0 ? { status: 200 } : { status: 409, error: { type: 'version_conflict' } })),
    ),
  );
  const world = new World({ sinks: [sink] });
  await world.run([scan(host('192.0.2.7', port(80)))], { retryForMs: 0 });
  const { path = '', body = '' } = seen.find((one) => one.body.includes('nmap-inventory')) ?? {};
  expect(path).not.toContain('require_data_stream');
  const lines = body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const id = lines[0].index._id as string;
  expect(lines[0]).toEqual({ index: { _index: 'nmap-inventory-default', _id: id, version: 1_760_000_002_000 * 1024 + 1, version_type: 'external' } });
  expect(lines[1].nmap).toMatchObject({
    entity: { id },
    inventory: { kind: 'host', state: 'up', open_ports: 1, first_seen: '2025-10-09T08:53:22.000Z' },
  });
  expect(lines[2].index._id).toBe(`${id}.tcp.80`);
  expect(lines[3].nmap.inventory).toMatchObject({ kind: 'port', state: 'open', since: '2025-10-09T08:53:22.000Z' });
});

test('a host of the inventory carries the risk of its gravest weakness', async () => {
  const risks: unknown[] = [];
  const { sink } = await elasticsearchAgainst(({ body }, response) => {
    for (const line of body
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one)))
      if (line.nmap?.inventory?.kind === 'host') risks.push(line.host.risk);
    answer(
      response,
      200,
      bulkFates(body, () => ({ status: 201 })),
    );
  });
  await new World({ sinks: [sink] }).run(
    [
      scan(
        host('192.0.2.7', port(80)) +
          host('192.0.2.8', port(23, 'open', '<service name="telnet" product="BusyBox telnetd" method="probed" conf="10"/>')),
      ),
    ],
    { retryForMs: 0 },
  );
  expect(risks).toEqual([
    { calculated_level: 'info', calculated_score_norm: 0 },
    { calculated_level: 'high', calculated_score_norm: 73 },
  ]);
});
