import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';
import { debianMirror } from './debian.ts';

const RELEASE = 'bookworm';

/** The architecture that this machine is not: as Node, Debian and QEMU call it. */
export const OTHER = process.arch === 'x64' ? { node: 'arm64', debian: 'arm64', qemu: 'aarch64' } : { node: 'x64', debian: 'amd64', qemu: 'x86_64' };
const ROOT = join(CACHE, `emulated-${OTHER.debian}`);

/** How a program of that architecture is called here. */
export interface Emulator {
  readonly program: string;
  readonly args: readonly string[];
}

/** Unpacks QEMU and the libraries of that architecture from Debian's packages into the cache, once; nothing is installed. */
export async function installEmulator(): Promise<Emulator> {
  if (!existsSync(ROOT)) await unpack();
  return { program: join(ROOT, 'qemu/usr/bin', `qemu-${OTHER.qemu}-static`), args: ['-L', join(ROOT, 'libraries')] };
}

async function unpack(): Promise<void> {
  const work = join(CACHE, `unpack-emulator-${process.pid}`);
  await mkdir(work, { recursive: true });
  await run('apt-get', ['download', 'qemu-user-static'], { cwd: work });
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get left no package of QEMU in ${work}`);
  await run('dpkg', ['-x', join(work, archive), join(work, 'qemu')]);
  await rm(join(work, archive));
  // The first half of debootstrap unpacks, and runs nothing of it.
  const options = [`--arch=${OTHER.debian}`, '--foreign', '--variant=minbase', '--include=libstdc++6'];
  await run('debootstrap', [...options, RELEASE, join(work, 'libraries'), await debianMirror()], { maxBuffer: 1 << 26 });
  for (const unneeded of ['var', 'debootstrap', 'usr/share', 'usr/bin', 'usr/sbin']) await rm(join(work, 'libraries', unneeded), { recursive: true });
  await rename(work, ROOT).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(ROOT)) throw error;
  });
}

if (import.meta.main) console.log((await installEmulator()).program);
