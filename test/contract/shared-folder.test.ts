import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeWhole } from '../../src/cli/session/write-whole.ts';
import { ecsLine } from '../../src/event/ecs.ts';
import { fileSink } from '../../src/sink/file/file.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runPipeline } from '../support/delivery.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* The sink "file" in a directory where others may make files. */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const LINES = EVENTS.map((event) => `${ecsLine(event)}\n`).join('');

function open(path: string, more: Partial<OptionsOf<'file'>> = {}): Sink {
  return fileSink(sinkOptions('file', { target: path, ...more }));
}

test('a file with a second name is not written to where others could have made that, and one of our own is', async () => {
  const folder = freshDir();
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  for (const place of [shared, folder]) {
    writeFileSync(join(folder, 'precious'), '');
    linkSync(join(folder, 'precious'), join(place, 'events.ndjson'));
  }
  const trap = open(join(shared, 'events.ndjson'));
  await expect(trap.check(NEVER)).rejects.toThrow('it has another name, too (a hard link)');
  expect([(await runPipeline(trap, EVENTS)).failure?.kind, readFileSync(join(folder, 'precious'), 'utf8')]).toEqual(['permanent', '']);
  await runPipeline(open(join(folder, 'events.ndjson')), EVENTS);
  expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe(LINES);
});

const isRoot = process.getuid?.() === 0;
const STRANGER = 12_345;

test.skipIf(!isRoot).for([
  ['where everybody makes files', 0, 0o1777, 'permanent'],
  ['in a directory of somebody third', STRANGER + 1, 0o1777, 'permanent'],
  ['in a directory of theirs', STRANGER, 0o755, undefined],
  ['where a group makes files, as logrotate does for syslog', 0, 0o775, undefined],
] as const)('a file of somebody else is written to or not: %s', async ([, owner, mode, failure]) => {
  const folder = join(freshDir(), 'logs');
  mkdirSync(folder);
  chmodSync(folder, mode);
  const path = join(folder, 'events.ndjson');
  writeFileSync(path, '');
  chownSync(path, STRANGER, STRANGER);
  chownSync(folder, owner, owner);
  expect((await runPipeline(open(path), EVENTS)).failure?.kind).toBe(failure);
  expect(readFileSync(path, 'utf8')).toBe(failure === undefined ? LINES : '');
});

test.skipIf(!isRoot)('as root, nothing is written through a link that somebody else has created', async () => {
  const [folder, target] = [freshDir(), freshDir()];
  for (const [name, owner] of [
    ['theirs', STRANGER],
    ['ours', 0],
  ] as const) {
    const path = join(folder, name, 'events.ndjson');
    symlinkSync(target, join(folder, name));
    lchownSync(join(folder, name), owner, owner);
    const failure = owner === 0 ? undefined : 'permanent';
    expect((await runPipeline(open(path), EVENTS)).failure?.kind).toBe(failure);
    if (failure !== undefined) await expect(open(path).check(NEVER)).rejects.toThrow('or its path contains one');
    expect(readdirSync(target)).toEqual(owner === 0 ? ['events.ndjson'] : []);
    await expect(writeWhole(join(folder, name, 'report.html'), ['x']).catch((error: Error) => error.message)).resolves.toBe(
      owner === 0 ? undefined : `${join(folder, name)} is a link that belongs to somebody else`,
    );
  }
});

describe('others may write the directory', () => {
  /** Of files that were put aside, oldest first. */
  const ASIDE = ['2020-01-01T00-00-00.000Z', '2020-01-02T00-00-00.000Z'];

  async function rotated(plant: (path: string) => void, keepFiles: number): Promise<string> {
    const folder = freshDir();
    const path = join(folder, 'events.ndjson');
    for (const time of ASIDE) plant(`${path}.${time}`);
    chmodSync(folder, 0o777);
    const sink = open(path, { rotateBytes: 1000, keepFiles });
    for (let i = 0; i < 2; i++) await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    await sink.close();
    return folder;
  }

  test.each([1, 9])('a pipe with the name of a file that was put aside holds up nothing; %i are kept', async (keepFiles) => {
    const folder = await rotated((path) => execFileSync('mkfifo', [path]), keepFiles);
    expect(readdirSync(folder).filter((name) => name.endsWith('.gz'))).toHaveLength(1);
  });

  test('a link of that name leads to nothing that is packed', async () => {
    const secret = join(freshDir(), 'secret');
    writeFileSync(secret, 'a secret\n');
    const folder = await rotated((path) => symlinkSync(secret, path), 9);
    expect(readdirSync(folder).filter((name) => name.includes('2020'))).toEqual(ASIDE.map((time) => `events.ndjson.${time}`));
  });
});
