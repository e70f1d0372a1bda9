import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import { alertmanagerSink } from '../../src/sink/alertmanager/alertmanager.ts';
import type { PostableAlert } from '../../src/sink/alertmanager/members.ts';
import { openSink } from '../../src/config/open-sink.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { told, type Told } from '../support/alert-events.ts';
import { againstServer } from '../support/against.ts';
import { runPipeline } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { type Script, scriptedServer, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

const HOUR = 3_600_000;
const NOW = Date.now();
const against = againstServer('alertmanager', alertmanagerSink, '/am');
const taken: Script = (_, response) => void response.writeHead(200).end();
const alertsIn = ({ body }: Pick<Seen, 'body'>): PostableAlert[] => JSON.parse(body) as PostableAlert[];
const send = (sink: Sink, ...events: readonly LogEvent[]) => sink.send(batchOf(entriesOf(sink, events)), NEVER);
const opened = (more: Partial<Told> = {}): LogEvent => told({ action: 'port-opened', time: NOW - HOUR, ip: '192.0.2.10', port: 7777, ...more });
const isOver = ({ endsAt }: PostableAlert): boolean => Date.parse(endsAt) <= Date.now();

describe('a cluster', () => {
  async function cluster(scripts: readonly Script[], more: Partial<OptionsOf<'alertmanager'>> = {}) {
    const servers = await Promise.all(scripts.map((script) => scriptedServer(script)));
    const target = servers.map(({ url }) => url.origin).join(',');
    const sink = await openSink('alertmanager', target, more);
    return { sink, servers, stop: async () => void (await Promise.all([sink.close(), ...servers.map(async (server) => server.stop())])) };
  }

  test('each member gets each alert; one acknowledgement is enough, and the other gets the end later', async () => {
    let isDown = true;
    const { sink, servers, stop } = await cluster([
      taken,
      (one, response) => (isDown ? void response.writeHead(503).end() : taken(one, response, 0)),
    ]);
    expect(await send(sink, opened())).toMatchObject({ delivered: 1 });
    expect(await send(sink, opened({ action: 'port-closed', time: NOW }))).toMatchObject({ delivered: 1 });
    expect(servers.map(({ seen }) => seen.length)).toEqual([2, 2]);
    isDown = false;
    await sink.renewal!.renew(NEVER);
    expect(alertsIn(servers[1]!.seen.at(-1)!).map(isOver)).toEqual([true]);
    const before = servers[1]!.seen.length;
    await sink.renewal!.renew(NEVER);
    expect(servers[1]!.seen).toHaveLength(before);
    await stop();
  });

  test('none of them works: it waits as for any other sink; check names the one that does not', async () => {
    const down: Script = (_, response) => void response.writeHead(503).end();
    const both = await cluster([down, down]);
    await expect(send(both.sink, opened())).rejects.toMatchObject({ kind: 'temporary' });
    await both.stop();
    const one = await cluster([(_, response) => void response.writeHead(200).end('{"versionInfo":{"version":"0.25.0"}}'), down]);
    expect((await one.sink.check(NEVER)).map(({ level }) => level)).toEqual(['ok', 'warning']);
    await one.stop();
  });

  test('it stays the same destination when members are added', async () => {
    const one = await openSink('alertmanager', 'http://a:9093');
    const two = await openSink('alertmanager', 'http://a:9093,http://b:9093');
    expect(two.identity).toEqual(one.identity);
    await Promise.all([one.close(), two.close()]);
    await expect(openSink('alertmanager', 'http://a:9093,b')).rejects.toMatchObject({ code: 'sink-options' });
  });
});

test('what was sent and not noted before kill -9 goes again, under the same labels and start', async () => {
  const first = await against(taken);
  await send(first.sink, opened());
  // Another process, to which nothing of that was left.
  const second = await against(taken);
  expect(await send(second.sink, opened())).toMatchObject({ delivered: 1 });
  const [before, after] = [first, second].map(({ seen }) => alertsIn(seen[0]!)[0]!);
  expect(after).toEqual({ ...before, endsAt: after!.endsAt });
});

test('shipped again with the state of an earlier run, it posts nothing, and the end finds the active alert', async () => {
  const stateDir = fastDir();
  const { sink, seen } = await against(taken);
  await runPipeline(sink, [opened()], { stateDir, crash: true });
  const after = await against(taken);
  const moved: Sink = { ...after.sink, identity: sink.identity };
  const again = await runPipeline(moved, [opened()], { stateDir });
  expect(again.account.tally).toMatchObject({ read: 1, already: 1 });
  await runPipeline({ ...(await against(taken)).sink, identity: sink.identity }, [opened({ action: 'port-closed', time: NOW })], { stateDir });
  expect([seen.length, after.seen.length]).toEqual([1, 0]);
});
