import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ecsLine } from '../../src/event/ecs.ts';
import { fileSink } from '../../src/sink/file.ts';
import type { SinkOptions } from '../../src/sink/options.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runLane } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const LINES = EVENTS.map((event) => `${ecsLine(event)}\n`).join('');

function open(path: string, more: Partial<SinkOptions> = {}): Sink {
  return fileSink(sinkOptions('file', { target: path, ...more }));
}

describe('the contract', () => sinkContract(async () => open(join(freshDir(), 'events.ndjson'))));
describe('the contract, with fsync', () => sinkContract(async () => open(join(freshDir(), 'events.ndjson'), { fsync: true })));

test('one line an event, in a directory that it makes, appended', async () => {
  const path = join(freshDir(), 'a/b/events.ndjson');
  await runLane(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(LINES);
  await runLane(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(LINES + LINES);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('half a line of a writer that was killed is cut off', async () => {
  const path = join(freshDir(), 'events.ndjson');
  writeFileSync(path, '{"a":1}\n{"half":');
  utimesSync(path, new Date(), new Date(Date.now() - 60_000));
  await runLane(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(`{"a":1}\n${LINES}`);
});

test('a line that another process is just writing is not', async () => {
  const path = join(freshDir(), 'events.ndjson');
  writeFileSync(path, '{"a":1}\n{"half":');
  const other = setTimeout(() => appendFileSync(path, 'true}\n'), 300);
  await runLane(open(path), EVENTS);
  clearTimeout(other);
  expect(readFileSync(path, 'utf8')).toBe(`{"a":1}\n{"half":true}\n${LINES}`);
});

test('puts a large file aside, compressed, and keeps so many', async () => {
  const folder = freshDir();
  const path = join(folder, 'events.ndjson');
  const sink = open(path, { rotateBytes: 1000, keepFiles: 2 });
  for (let i = 0; i < 5; i++) {
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await sink.close();
  const aside = readdirSync(folder).filter((name) => name !== 'events.ndjson');
  expect(aside).toHaveLength(2);
  for (const name of aside) {
    expect(name).toMatch(/^events\.ndjson\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.gz$/);
    expect(gunzipSync(readFileSync(join(folder, name))).toString()).toBe(LINES);
  }
  expect(readFileSync(path, 'utf8')).toBe(LINES);
});

test('follows when somebody else puts the file aside', async () => {
  const folder = freshDir();
  const path = join(folder, 'events.ndjson');
  const sink = open(path);
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  const { renameSync } = await import('node:fs');
  renameSync(path, `${path}.1`);
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  await sink.close();
  expect(readFileSync(path, 'utf8')).toBe(LINES);
});

test('what cannot be written is a sentence', async () => {
  const folder = freshDir();
  mkdirSync(join(folder, 'directory'));
  await expect(open(join(folder, 'directory')).check(NEVER)).rejects.toThrow('cannot be written: it is a directory');
  writeFileSync(join(folder, 'file'), '');
  await expect(open(join(folder, 'file/events')).check(NEVER)).rejects.toMatchObject({ kind: 'permanent' });
  expect(() => open('')).toThrow('the sink "file" needs a path');
});

test('a full disk is a sink that fails for a while: no half line, everything waits', async () => {
  const lane = await runLane(open('/dev/full'), EVENTS, { retryForMs: 1000 });
  expect(lane.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length });
  expect(lane.failure?.message).toBe('/dev/full cannot be written: the disk is full');
});
