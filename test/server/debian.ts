import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './cache.ts';
import { installDebian } from './install/debian.ts';
import { bootMachine, type Machine } from './machine.ts';

/** A Debian in a folder that has booted. */
export interface Debian extends Machine {
  /** The folder, as this machine sees it. */
  readonly path: string;
  read(path: string): string;
  remove(): Promise<void>;
}

export async function bootDebian(): Promise<Debian> {
  const base = await installDebian();
  const path = mkdtempSync(join(tmpdir(), 'portlog-debian-'));
  await run('cp', ['-a', '--reflink=auto', `${base}/.`, path]);
  // Whoever is not root looks through it as well.
  await run('chmod', ['755', path]);
  writeFileSync(join(path, 'etc/hosts'), '127.0.0.1 localhost\n');
  const machine = await bootMachine(path);
  return {
    ...machine,
    path,
    read: (file) => readFileSync(join(path, file), 'utf8'),
    async remove() {
      await machine.stop();
      await rm(path, { recursive: true, force: true });
    },
  };
}
