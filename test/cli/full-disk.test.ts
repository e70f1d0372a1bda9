import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canMount } from '../support/can-mount.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';

const EXAMPLE = join(ROOT, 'examples/loopback.xml');

/** What `work` gives on a file system of 4 MB without room. */
async function onFullDisk(work: (mount: string) => Promise<void>, before: (mount: string) => Promise<void> = async () => undefined): Promise<void> {
  const mount = freshDir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', mount]);
  try {
    await before(mount);
    const file = openSync(join(mount, 'ballast'), 'a');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch {
      // Full.
    } finally {
      closeSync(file);
    }
    await work(mount);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
}

test.skipIf(!canMount()).for(['a new state', 'one that is there'])(
  'a disk that is full before it begins: %s. What a destination takes is delivered, and exit 4 (needs the right to mount)',
  { timeout: 60_000 },
  async (which) => {
    const out = join(freshDir(), 'out.ndjson');
    const args = (mount: string): string[] => ['--state-dir', mount, '--to', `file=${out}`, EXAMPLE];
    const before = async (mount: string): Promise<void> => {
      if (which === 'one that is there') expect((await portlogHere(args(mount))).code).toBe(0);
      rmSync(out, { force: true });
    };
    await onFullDisk(async (mount) => {
      const { code, stderr } = await portlogHere(args(mount));
      expect(stderr).toMatch(/the disk is full: events are delivered without state, and those that a destination does not accept now are lost\n/);
      expect(stderr).toContain('read 13 = delivered 13 + already 0 + dead 0\n');
      expect(stderr).toContain('changes were not looked for; ship the same again once this is fixed');
      expect([code, readFileSync(out, 'utf8').split('\n').length - 1]).toEqual([4, 13]);
      rmSync(join(mount, 'ballast'));
      expect((await portlogHere(args(mount))).code).toBe(0);
    }, before);
  },
);

test.skipIf(!canMount())('a full disk and a destination that is down: what is lost is in the sum', { timeout: 60_000 }, async () => {
  await onFullDisk(async (mount) => {
    const { code, stderr } = await portlogHere(['--state-dir', mount, '--to', 'loki=http://127.0.0.1:1', '--retry-for-seconds', '0', EXAMPLE]);
    expect(stderr).toContain('read 13 = delivered 0 + already 0 + dead 0 + discarded 13\n');
    expect([code, stderr.includes('waits on disk')]).toEqual([4, false]);
  });
});

test.skipIf(!canMount())(
  'a full disk: watch says so, ends with exit 4, and the files are shipped when there is room',
  { timeout: 60_000 },
  async () => {
    const folder = freshDir();
    writeFileSync(join(folder, 'a.xml'), readFileSync(EXAMPLE));
    await onFullDisk(async (mount) => {
      const args = ['watch', '--once', '--state-dir', mount, '--to', `file=${join(freshDir(), 'out')}`, folder];
      expect(await portlogHere(args)).toMatchObject({ code: 4, stderr: expect.stringContaining('the disk is full') });
      rmSync(join(mount, 'ballast'));
      expect(await portlogHere(args)).toMatchObject({ code: 0, stderr: expect.stringContaining('read 15 = delivered 15') });
    });
  },
);

test.skipIf(!canMount())(
  'no room for another file: what a destination takes is delivered, and what is known can be read',
  { timeout: 60_000 },
  async () => {
    const mount = freshDir();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=40,mode=0700', 'tmpfs', mount]);
    try {
      const out = join(freshDir(), 'out.ndjson');
      const args = ['--state-dir', mount, '--to', `file=${out}`, EXAMPLE];
      expect((await portlogHere(args)).code).toBe(0);
      const made = fill(mount);
      rmSync(out);
      const { code, stderr } = await portlogHere(args);
      expect(stderr).toContain('the disk is full: events are delivered without state');
      expect([code, readFileSync(out, 'utf8').split('\n').length - 1]).toEqual([4, 13]);
      expect(await portlogHere(['status', '--state-dir', mount])).toMatchObject({ code: 0, stdout: expect.stringContaining('3 hosts known') });
      for (const name of made) rmSync(name);
      expect((await portlogHere(args)).code).toBe(0);
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  },
);

/** Makes empty files until there is no room for another. */
function fill(mount: string): readonly string[] {
  const made: string[] = [];
  try {
    for (;;) {
      const name = join(mount, `f${made.length}`);
      writeFileSync(name, '');
      made.push(name);
    }
  } catch {
    return made;
  }
}
