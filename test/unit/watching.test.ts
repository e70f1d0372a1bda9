import { appendFileSync, linkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDatabase, stateFile } from '../../src/state/store.ts';
import { Directory, MemorySightings } from '../../src/source/directory.ts';
import { contentDigest } from '../../src/source/content-digest.ts';
import { foundSource } from '../../src/source/file.ts';
import type { Source } from '../../src/source/source.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { watchLoop } from '../../src/unattended/watch-loop.ts';
import { ScheduledScans } from '../../src/state/scheduled-scans.ts';
import { SeenFiles } from '../../src/state/seen-files.ts';
import { UnfinishedFiles } from '../../src/state/unfinished-files.ts';
import { freshDir } from '../support/run-portlog.ts';
import { database } from '../support/own-database.ts';
import { put, watcherOf, report, path, WHOLE, HOUR, ownDirectory } from '../support/watched.ts';

ownDirectory();

describe('each sink gets each file', () => {
  test('a sink that is added later gets the existing files, and the others nothing again', async () => {
    put('a.xml', 'b.xml');
    const trial = watcherOf(report, { sinks: ['stdout  ecs'] });
    await trial.look();
    put('c.xml');
    const both = watcherOf(report, { sinks: ['stdout  ecs', 'loki http://loki:3100 '] });
    expect([await both.look(), await both.look()]).toEqual([true, false]);
    expect([...trial.shipped, ...both.shipped]).toEqual([
      ['a.xml', 'b.xml', '→', 'stdout  ecs'],
      ['a.xml', 'b.xml', '→', 'loki http://loki:3100 '],
      ['c.xml', '→', 'stdout  ecs', 'loki http://loki:3100 '],
    ]);
  });

  test('--again: what lies there when it begins goes again, once, what comes then as always', async () => {
    put('a.xml');
    await watcherOf(report).look();
    const again = watcherOf(report, { again: true });
    await again.look();
    await again.look();
    put('b.xml');
    await again.look();
    expect(again.shipped[0]).toEqual(['a.xml', '→', 'file a', 'again']);
    expect(again.shipped.slice(1).map(([name]) => name)).toEqual(['b.xml']);
    // Another version of what went again is shipped as always.
    appendFileSync(join(path, 'a.xml'), ' ');
    await again.look();
    expect(again.shipped.at(-1)).toEqual(['a.xml', '→', 'file a']);
  });

  test('three processes on one state ship a file once', async () => {
    put('a.xml');
    const others = [2, 3].map((pid) => watcherOf(report, { pid }));
    const first = watcherOf(report, {
      ship: async (sources) => {
        for (const other of others) await other.look();
        return report(sources.map(({ name }) => name));
      },
    });
    await first.look();
    for (const other of others) await other.look();
    expect(others.flatMap(({ shipped }) => shipped)).toEqual([]);
  });
});

describe('what lies in a directory', () => {
  const read = async (source: Source): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of source.bytes(new AbortController().signal)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };

  test('a name that is no UTF-8 is shipped, too, and shown by its bytes', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/gr`), Buffer.from([0xfc]), Buffer.from('n.xml')]), WHOLE);
    const { ready } = await new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new MemorySightings() }).look(
      Date.now(),
      () => true,
    );
    expect(ready.map(({ name }) => name)).toEqual([String.raw`gr\xFCn.xml`]);
    const [file] = ready;
    if (file !== undefined) expect(await read(foundSource(file))).toBe(WHOLE);
  });

  test('of very many symbolic links some are named, and the others counted, once', async () => {
    for (let i = 0; i < 60; i++) symlinkSync('/etc/passwd', join(path, `${i}.xml`));
    const all = watcherOf(report);
    await all.look();
    await all.look();
    expect(all.leftAlone).toHaveLength(21);
    expect(all.leftAlone.at(-1)).toBe(`${basename(path)}: 40 more in it are ignored for the same reasons`);
  });

  test('symbolic links are not followed, and that is said once; nor is one that takes the place of a file', async () => {
    put('a.xml');
    const secret = join(freshDir(), 'secret.xml');
    writeFileSync(secret, WHOLE);
    symlinkSync(secret, join(path, 'link.xml'));
    linkSync(secret, join(path, 'hard.xml'));
    const all = watcherOf(report);
    await all.look();
    await all.look();
    expect(all.shipped).toEqual([['a.xml', 'hard.xml', '→', 'file a']].map((words) => expect.arrayContaining(words)));
    expect(all.leftAlone).toEqual(['link.xml: it is a symbolic link, and those are not followed']);
    const name = join(path, 'link.xml');
    await expect(read(foundSource({ path: name, at: name }))).rejects.toThrow(`${name} could not be read: it is a symbolic link`);
  });

  test('on a share whose clock is behind a scan that grows is not cut, whoever looks; one that does not is', async () => {
    const half = WHOLE.slice(0, WHOLE.length / 2);
    writeFileSync(join(path, 'a.xml'), half);
    const now = Date.now() + 5 * HOUR;
    // As `--once` looks, a process each time.
    const look = async (at: number): Promise<number> => {
      const directory = new Directory(path, { cutAfterMs: HOUR, isOurClock: () => false, sightings: new UnfinishedFiles(database, path) });
      return (await directory.look(at, () => true)).ready.length;
    };
    for (let i = 0; i < 4; i++) {
      expect(await look(now + i * 2 * HOUR)).toBe(0);
      appendFileSync(join(path, 'a.xml'), ' ');
    }
    expect([await look(now + 9 * HOUR), await look(now + 9.9 * HOUR), await look(now + 10 * HOUR)]).toEqual([0, 0, 1]);
  });

  test('a file that was copied with its old time, and still grows, is not cut', async () => {
    const half = WHOLE.slice(0, WHOLE.length / 2);
    const directory = new Directory(path, { cutAfterMs: HOUR, isOurClock: () => true, sightings: new MemorySightings() });
    for (let i = 1; i < 4; i++) {
      writeFileSync(join(path, 'a.xml'), half.slice(0, half.length - 4 + i));
      utimesSync(join(path, 'a.xml'), 1, 1);
      expect((await directory.look(Date.now(), () => true)).ready).toEqual([]);
    }
  });
});

describe('clocks that were wrong', () => {
  test('a start with a clock in the future does not stop a schedule for ever', () => {
    const scans = new ScheduledScans(database);
    const [now, future] = [Date.parse('2026-01-31T12:00:00Z'), Date.parse('2036-01-31T12:00:00Z')];
    scans.handledUntil('nightly', '0 2 * * *', future);
    scans.begin('nightly', 'lab', future + HOUR, 1, future + HOUR);
    scans.end('nightly', future + HOUR, undefined, future + 2 * HOUR);
    expect(scans.handledUntil('nightly', '0 2 * * *', now)).toBe(now);
    expect(scans.last('nightly', () => true)).toBeUndefined();
    // Clocks that are a little apart settle as they did.
    scans.begin('nightly', 'lab', now, 1, now + 60_000);
    expect(scans.handledUntil('nightly', '0 2 * * *', now)).toBe(now + 60_000);
  });

  test('a look that was paused, or through which the clock was set, is not followed by a long rest', async () => {
    let time = 0;
    const rests: number[] = [];
    const stop = new AbortController();
    const took = [0, 30_000, 0, 40 * 24 * HOUR, 0, -HOUR, 0];
    await watchLoop({ look: async () => ((time += took.shift() ?? 0), false) }, undefined, {
      pollMs: 1000,
      clock: {
        now: () => time,
        elapsed: () => time,
        random: () => 0,
        sleep: async (ms) => {
          rests.push(ms);
          if (took.length === 0) stop.abort();
        },
      },
      stop: stop.signal,
      onProblem: () => undefined,
    });
    expect(rests).toEqual(Array.from({ length: 7 }, () => 1000));
  });
});

test('a state of before knows what was shipped to the sinks that there were', () => {
  const folder = freshDir();
  const step = SCHEMA_VERSIONS.findIndex((one) => typeof one === 'string' && one.includes('CREATE TABLE shipped_file'));
  const old = Database.open(stateFile(folder), SCHEMA_VERSIONS.slice(0, step));
  old.run("INSERT INTO sink (type, target, scope) VALUES ('file', '/out', '')");
  old.run("INSERT INTO seen_file (directory, name, version, shipped) VALUES ('/scans', 'a.xml', '1', 1)");
  old.close();
  const upgraded = openDatabase(folder);
  expect(new SeenFiles(upgraded, '/scans').missing('a.xml', '1', ['file /out ', 'stdout  ecs', 'loki http://new '])).toEqual(['loki http://new ']);
  upgraded.close();
});

test('a file that became a pipe or a link has no digest, and holds nobody up', async () => {
  const folder = freshDir();
  const [pipe, link] = [join(folder, 'pipe.xml'), join(folder, 'link.xml')];
  execFileSync('mkfifo', [pipe]);
  symlinkSync('/etc/passwd', link);
  const { signal } = new AbortController();
  expect([await contentDigest(pipe, signal), await contentDigest(link, signal)]).toEqual([undefined, undefined]);
});
