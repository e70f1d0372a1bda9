import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { unknownHost } from '../../src/state/known-host.ts';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { openStore } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('what is known of a host is in memory for a transaction, and not longer, because its texts are parts of the scan', async () => {
  const { database } = openStore(freshDir());
  const hosts = new KnownHosts(database, 'default');
  const write = (key: string): WeakRef<object> =>
    database.transaction(() => {
      hosts.put({ ...unknownHost(key), time: 1 }, 1);
      return new WeakRef(hosts.find(key) as object);
    });
  const read = (key: string): WeakRef<object> => database.transaction(() => new WeakRef(hosts.find(key) as object));
  for (const held of [write('192.0.2.1'), read('192.0.2.1')]) {
    // A WeakRef holds its object until the current job ends.
    await new Promise(setImmediate);
    collectGarbage();
    expect(held.deref()).toBeUndefined();
  }
  expect(database.transaction(() => hosts.get('192.0.2.1')?.time)).toBe(1);
});
