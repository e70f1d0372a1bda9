import { describe, expect, test } from 'vitest';
import { PortlogError } from '../../src/core/errors.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { SinkPipeline } from '../../src/delivery/sink-pipeline.ts';
import type { Database } from '../../src/state/database.ts';
import { openDatabase, type Store } from '../../src/state/store.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { clockAt, openStore, storingSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';

/* What is announced is committed before it is sent. The disk is full: nothing of it is on its way, and it is sent all the same. */

const SCAN_END = eventsOf(scan(host('192.0.2.1', port(80)))).at(-1)!;
const ENDS = [1, 2, 3].map((i) => ({ ...SCAN_END, id: `${i}`, ackGroup: `${i}`.repeat(32) }));

/** Where the next transactions fail: at a statement that begins like this, or (`commit`) at the end. */
interface Fault {
  at: string | undefined;
}

function failing(fault: Fault): (stateDir: string) => Database {
  const fail = (): never => {
    throw new PortlogError('state-unusable', 'database or disk is full');
  };
  let depth = 0;
  return (stateDir) =>
    new Proxy(openDatabase(stateDir), {
      get(database, key) {
        if (key === 'transaction')
          return <T>(work: () => T): T =>
            database.transaction(() => {
              depth++;
              try {
                const result = work();
                if (fault.at === 'commit' && depth === 1) fail();
                return result;
              } finally {
                depth--;
              }
            });
        if (key !== 'run' && key !== 'get') return Reflect.get(database, key, database) as unknown;
        return (sql: string, ...values: readonly string[]): unknown =>
          fault.at !== undefined && depth > 0 && sql.startsWith(fault.at) ? fail() : database[key](sql, ...values);
      },
    });
}

interface Started {
  readonly store: Store;
  readonly delivery: Delivery;
  readonly stored: readonly (readonly string[])[];
}

function start(fault: Fault, sinks = 2): Started {
  const stored = Array.from({ length: sinks }, (): string[] => []);
  const store = openStore(fastDir(), {}, undefined, failing(fault));
  const all = stored.map((ids, i) => storingSink(ids, { name: `sink ${i}`, identity: { type: 'scripted', target: `${i}`, scope: '' } }));
  const delivery = Delivery.to(all, { clock: clockAt(), store, retryForMs: 1000, signal: new AbortController().signal });
  return { store, delivery, stored };
}

function expectWhole(pipelines: readonly SinkPipeline[], delivered: number): void {
  for (const { account } of pipelines) {
    expect(Math.min(...Object.values(account.tally))).toBeGreaterThanOrEqual(0);
    expect([unaccounted(account.tally), account.tally]).toMatchObject([0, { read: delivered, delivered, already: 0, spooled: 0 }]);
  }
}

describe.each(['commit', 'INSERT INTO spool', 'INSERT OR REPLACE INTO ledger', 'UPDATE run'])('a full disk at %s', (at) => {
  test('undoes drafts: what they announce is sent, and the sum balances', async () => {
    const fault: Fault = { at: undefined };
    const { store, delivery, stored } = start(fault);
    fault.at = at;
    for (const end of ENDS) await delivery.push(end);
    await delivery.commit();
    fault.at = undefined;
    await delivery.finish();
    expect(stored).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
    expectWhole(delivery.pipelines, 3);
    store.close();
  });

  test('does not affect later announcements', async () => {
    const fault: Fault = { at: undefined };
    const { store, delivery, stored } = start(fault);
    fault.at = at;
    await delivery.push(ENDS[0]!);
    await delivery.commit();
    fault.at = undefined;
    await delivery.push(ENDS[1]!);
    await delivery.finish();
    expect(stored[0]).toEqual(['1', '2']);
    expectWhole(delivery.pipelines, 2);
    store.close();
  });
});

test('the state fails between the drafts of two sinks: the first one is undone, too', async () => {
  const fault: Fault = { at: undefined };
  const { store, delivery, stored } = start(fault);
  const [, second] = delivery.pipelines;
  const draft = second!.draft.bind(second);
  let times = 0;
  second!.draft = (events) => {
    if (++times === 1) throw new PortlogError('state-unusable', 'disk I/O error');
    return draft(events);
  };
  await delivery.push(ENDS[0]!);
  await delivery.finish();
  expect(stored).toEqual([['1'], ['1']]);
  expectWhole(delivery.pipelines, 1);
  store.close();
});
