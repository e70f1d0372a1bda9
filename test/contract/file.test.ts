import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ecsLine } from '../../src/event/ecs.ts';
import { rotate } from '../../src/sink/file/rotation.ts';
import type { Tally } from '../../src/state/tally.ts';
import { fileSink } from '../../src/sink/file/file.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { clockAt, runPipeline } from '../support/delivery.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, fixture, host, scan } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const LINES = EVENTS.map((event) => `${ecsLine(event)}\n`).join('');

function open(path: string, more: Partial<OptionsOf<'file'>> = {}): Sink {
  return fileSink(sinkOptions('file', { target: path, ...more }));
}

describe('the contract', () => sinkContract(async () => open(join(freshDir(), 'events.ndjson'))));
describe('the contract, with fsync', () => sinkContract(async () => open(join(freshDir(), 'events.ndjson'), { fsync: true })));

test('one line an event, in a directory that it makes, appended', async () => {
  const path = join(freshDir(), 'a/b/events.ndjson');
  await runPipeline(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(LINES);
  await runPipeline(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(LINES + LINES);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

const [FIRST_LINE = ''] = LINES.split(/(?<=\n)/);
test.for([
  ['behind whole lines', LINES, FIRST_LINE.slice(0, 400)],
  ['alone', '', FIRST_LINE.slice(0, 400)],
  ['that is a byte long', FIRST_LINE, '{'],
] as const)('half a line that a killed portlog has left is cut off: %s', async ([, whole, half]) => {
  const path = join(freshDir(), 'events.ndjson');
  writeFileSync(path, whole + half);
  utimesSync(path, new Date(), new Date(Date.now() - 60_000));
  await runPipeline(open(path), EVENTS);
  expect(readFileSync(path, 'utf8')).toBe(whole + LINES);
});

test.for(['my notes', '{"a":1}\n{"half":', 'x'.repeat(100_000), 'line\n\nno end'])(
  'what somebody else has written stays, whole or half',
  async (text) => {
    const path = join(freshDir(), 'notes.txt');
    writeFileSync(path, text);
    utimesSync(path, new Date(), new Date(Date.now() - 60_000));
    await runPipeline(open(path), EVENTS);
    expect(readFileSync(path, 'utf8')).toBe(`${text}\n${LINES}`);
  },
);

test('check makes nothing and changes nothing', async () => {
  const folder = freshDir();
  const notes = join(folder, 'notes.txt');
  writeFileSync(notes, 'half a line');
  utimesSync(notes, new Date(), new Date(Date.now() - 60_000));
  const before = statSync(notes);
  expect(await open(notes).check(NEVER)).toEqual([{ level: 'ok', message: `${notes} can be written` }]);
  expect(await open(join(folder, 'a/b/new')).check(NEVER)).toEqual([
    {
      level: 'warning',
      message: `there is no directory ${join(folder, 'a/b')}: it will be made for new`,
      hint: 'that is right unless it is mistyped',
    },
  ]);
  expect(await open(join(folder, 'new')).check(NEVER)).toEqual([{ level: 'ok', message: `${join(folder, 'new')} will be made` }]);
  expect([readFileSync(notes, 'utf8'), statSync(notes).mtimeMs, readdirSync(folder)]).toEqual(['half a line', before.mtimeMs, ['notes.txt']]);
});

test('a directory that nobody can make ends in a sentence, and at once', async () => {
  await expect(open('/proc/nope/x').check(NEVER)).rejects.toThrow('/proc/nope/x cannot be written: permission is denied');
  const pipeline = await runPipeline(open('/proc/nope/x'), EVENTS);
  expect(pipeline.failure?.message).toBe('/proc/nope/x cannot be written: no directory can be made there');
});

test('a link that others may have put there is not followed; one of our own is', async () => {
  const folder = freshDir();
  const target = join(folder, 'secret');
  writeFileSync(target, '');
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  symlinkSync(target, join(shared, 'events.ndjson'));
  await expect(open(join(shared, 'events.ndjson')).check(NEVER)).rejects.toThrow('it is a link in a directory where others could have created it');
  const pipeline = await runPipeline(open(join(shared, 'events.ndjson')), EVENTS);
  expect([pipeline.failure?.kind, readFileSync(target, 'utf8')]).toEqual(['permanent', '']);
  symlinkSync(target, join(folder, 'mine.ndjson'));
  await runPipeline(open(join(folder, 'mine.ndjson')), EVENTS);
  expect(readFileSync(target, 'utf8')).toBe(LINES);
});

test('a line that another process is just writing is not', async () => {
  const path = join(freshDir(), 'events.ndjson');
  writeFileSync(path, '{"a":1}\n{"half":');
  const other = setTimeout(() => appendFileSync(path, 'true}\n'), 300);
  await runPipeline(open(path), EVENTS);
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

test.each([0o644, 0o640, 0o600, 0o666])(
  'a file of mode %o is followed by one that the same people may read, and so is what was put aside',
  async (mode) => {
    const folder = freshDir();
    const path = join(folder, 'events.ndjson');
    writeFileSync(path, '');
    chmodSync(path, mode);
    const umask = process.umask(0o077);
    for (let i = 0; i < 3; i++) {
      const sink = open(path, { rotateBytes: 1000 });
      await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
      await sink.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.umask(umask);
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    // What others may write, they may not write in the next one.
    const next = mode === 0o666 ? 0o644 : mode;
    expect([...modes].sort((a, b) => a - b)).toEqual([next, next, mode].sort((a, b) => a - b));
  },
);

test("nothing is revealed about somebody else's file", async () => {
  const folder = freshDir();
  const path = join(folder, 'events.ndjson');
  symlinkSync('/etc/hostname', `${path}.2026-01-31T12-00-00.000Z`);
  const sink = open(path);
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  await sink.close();
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test('rotating deletes nothing unless keepFiles is set; then the sum says what was deleted', async () => {
  const rotateBytes = Buffer.byteLength(LINES);
  const shipped = async (path: string, keepFiles?: number): Promise<Tally> => {
    const sink = open(path, { rotateBytes, keepFiles });
    const { tally } = (await runPipeline(sink, EVENTS)).account;
    await sink.close();
    return tally;
  };
  const [all, some] = [freshDir(), freshDir()];
  for (let run = 0; run < 4; run++) {
    expect(await shipped(join(all, 'events.ndjson'))).toMatchObject({ delivered: EVENTS.length, removed: 0 });
    const tally = await shipped(join(some, 'events.ndjson'), 1);
    expect(tally).toMatchObject({ delivered: EVENTS.length, removed: run < 2 ? 0 : EVENTS.length });
  }
  expect([readdirSync(all).length, readdirSync(some).length]).toEqual([4, 2]);
});

test('what keepFiles has deleted is in the printed sum, in the JSON summary, and in a health event', async () => {
  const folder = freshDir();
  const [path, config, input] = [join(folder, 'events.ndjson'), join(folder, 'portlog.yml'), join(folder, 'scan.xml')];
  writeFileSync(config, `sinks:\n  - { type: file, path: ${path}, rotateMib: 1, keepFiles: 1 }\n`);
  const long = `<hostscript><script id="s" output="${'long '.repeat(4000)}"/></hostscript>`;
  writeFileSync(input, scan(Array.from({ length: 200 }, (_, i) => host(`192.0.2.${i}`, long)).join('')));
  const { code, stderr } = await portlogHere(['--json', '--config', config, '--state-dir', join(folder, 'state'), input]);
  expect(code).toBe(0);
  const [, deleted = ''] = /: (\d+) events that had been delivered were deleted again, with the oldest files\n/.exec(stderr) ?? [];
  expect(Number(deleted)).toBeGreaterThan(0);
  expect(stderr).toMatch(/read 202 = delivered 202 \+ already 0 \+ dead 0.*deleted again/);
  const { sinks } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '{}') as { sinks: { removed: number }[] };
  expect(sinks[0]?.removed).toBe(Number(deleted));
  const events = readFileSync(path, 'utf8').trim().split('\n');
  expect(events.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({
      event: expect.objectContaining({ action: 'delivery-problem' }),
      nmap: expect.objectContaining({ delivery: expect.objectContaining({ problem: 'removed', events: Number(deleted) }) }),
    }),
  );
});

test('a file is put aside under the time of the clock that the sink is given', async () => {
  const folder = freshDir();
  const path = join(folder, 'events.ndjson');
  const sink = open(path, { rotateBytes: 1, clock: clockAt(Date.UTC(2030, 0, 31)) });
  await runPipeline(sink, EVENTS.slice(0, 1));
  await runPipeline(open(path, { rotateBytes: 1, clock: clockAt(Date.UTC(2030, 0, 31)) }), EVENTS.slice(1, 2));
  expect(readdirSync(folder).filter((name) => name.startsWith('events.ndjson.2030-01-31T'))).toHaveLength(1);
});

test('files that are put aside in the same millisecond are all there', async () => {
  const folder = freshDir();
  const path = join(folder, 'events.ndjson');
  for (let i = 0; i < 3; i++) {
    writeFileSync(path, `${i}`);
    await rotate(path, undefined, clockAt());
  }
  expect(
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .toSorted(),
  ).toEqual(['0', '1', '2']);
});

test('follows when somebody else rotates the file', async () => {
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

test.each(['https://u:hunter2@siem.example/x', '//u:hunter2@siem.example/x', 'u:hunter2@siem.example:9200'])(
  'an address is not a path, and what it hides is not shown: %s',
  (address) => {
    const message = 'the sink "file" takes a path, and "';
    expect(() => open(address)).toThrow(message);
    expect(() => open(address)).not.toThrow('hunter2');
  },
);

test('a full disk is a sink that fails for a while: no half line, everything waits', async () => {
  const pipeline = await runPipeline(open('/dev/full'), EVENTS, { retryForMs: 1000 });
  expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length });
  expect(pipeline.failure?.message).toBe('/dev/full cannot be written: the disk is full');
});
