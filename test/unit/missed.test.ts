import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AnnouncedChanges } from '../../src/change/announced.ts';
import { DEFAULT_CHANGE_OPTIONS } from '../../src/change/options.ts';
import type { LogEvent } from '../../src/event/event.ts';
import { ship } from '../../src/pipeline/ship.ts';
import { openSink } from '../../src/config/open-sink.ts';
import { fileSource } from '../../src/source/file.ts';
import { openStore } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const header = (start: number): string => `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/30" start="${start}"`;
const SERVICES = '<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>';
const at = (start: number): string => `starttime="${start + 1}" endtime="${start + 2}"`;
const SCANS = [
  scan(SERVICES + host('192.0.2.1', port(80, 'closed'), at(1_760_000_000)), header(1_760_000_000)),
  scan(SERVICES + host('192.0.2.1', port(80), at(1_760_000_500)), header(1_760_000_500)),
];

async function shipTo(stateDir: string, path: string, files: readonly string[]): Promise<readonly string[]> {
  const store = openStore(stateDir, {}, Date.now);
  const sinks = [await openSink('file', path)];
  const { inputs } = await ship({
    sources: files.map((file) => fileSource(file)),
    sinks,
    store,
    changes: { ...DEFAULT_CHANGE_OPTIONS, everywhere: false },
  });
  store.close();
  return inputs.flatMap(({ remarks }) => remarks);
}

function changesIn(path: string): readonly string[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"dataset":"nmap.change"'));
  return lines.map((line) => {
    const { event } = JSON.parse(line) as { event: { id: string; action: string } };
    return `${event.action} ${event.id}`;
  });
}

test('a sink that was not there gets the changes of a scan when the scan is shipped to it; once', async () => {
  const folder = fastDir();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const files = SCANS.map((text, index) => {
    const path = join(folder, `${index}.xml`);
    writeFileSync(path, text);
    return path;
  });
  const state = join(folder, 'state');
  await shipTo(state, a, files);
  const told = changesIn(a);
  expect(told.map((line) => line.split(' ')[0])).toContain('port-opened');
  await shipTo(state, b, files.slice(0, 1));
  expect(told.length).toBeGreaterThan(changesIn(b).length);
  await shipTo(state, b, files);
  expect(changesIn(b)).toEqual(told);
  // Each of them has all of it now.
  await shipTo(state, a, files);
  await shipTo(state, b, files);
  expect([changesIn(a), changesIn(b)]).toEqual([told, told]);
});

test('a sink that was added gets a remark about changes that are no longer kept, once; one that got them does not', async () => {
  const folder = fastDir();
  const [a, b, state] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'state')];
  const files = SCANS.map((text, index) => {
    const path = join(folder, `${index}.xml`);
    writeFileSync(path, text);
    return path;
  });
  await shipTo(state, a, files);
  const store = openStore(state, {}, Date.now);
  const announced = new AnnouncedChanges(store.database);
  const [event] = announced.all();
  // Another scan has had so many since.
  const others = Array.from({ length: 10_300 }, () => event as LogEvent);
  store.transaction(() => announced.add('another', others, []));
  store.close();

  const told = `file ${b} did not get all changes of this scan, and those that are missing are no longer kept (only the newest 10,000 are)`;
  expect([await shipTo(state, a, files), await shipTo(state, b, files), await shipTo(state, b, files)]).toEqual([[], [told, told], []]);
});

test('a sink that got all changes of a scan gets a later one of it once, though the earlier ones are no longer kept', async () => {
  const folder = fastDir();
  const [state, file] = [join(folder, 'state'), join(folder, '0.xml')];
  writeFileSync(file, SCANS[0] as string);
  await shipTo(state, join(folder, 'a'), [file]);
  const store = openStore(state, {}, Date.now);
  const announced = new AnnouncedChanges(store.database);
  const event = announced.all()[0] as LogEvent;
  const sink = { type: 'file', target: '/b', scope: '' };
  store.transaction(() => announced.add('this', [event], [sink]));
  store.transaction(() =>
    announced.add(
      'another',
      Array.from({ length: 10_300 }, () => event),
      [],
    ),
  );
  expect(announced.missed('this', sink)).toEqual({ events: [], areSomeDeleted: false });
  store.transaction(() => announced.add('this', [event], [sink]));
  expect(announced.missed('this', sink)).toEqual({ events: [], areSomeDeleted: false });
  store.close();
});
