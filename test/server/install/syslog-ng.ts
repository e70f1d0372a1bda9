import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '3.38';
const ROOT = join(CACHE, `syslog-ng-${VERSION}`);
/** What Debian's package needs beyond the C library and OpenSSL. Installed, it would push rsyslog out. */
const PACKAGES = ['syslog-ng-core', 'libivykis0', 'libnet1', 'libwrap0', 'libpcre3', 'libjson-c5', 'libglib2.0-0'];

export interface SyslogNgProgram {
  readonly program: string;
  readonly modules: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Unpacks syslog-ng of Debian 12 into the cache, once; nothing is installed. */
export async function installSyslogNg(): Promise<SyslogNgProgram> {
  if (!existsSync(ROOT)) await unpack();
  const libraries = ['lib', 'usr/lib'].flatMap((folder) => {
    const path = join(ROOT, folder);
    return existsSync(path) ? readdirSync(path).flatMap((name) => (name.endsWith('-linux-gnu') ? [join(path, name)] : [])) : [];
  });
  return {
    program: join(ROOT, 'usr/sbin/syslog-ng'),
    modules: join(ROOT, 'usr/lib/syslog-ng', VERSION),
    env: { ...process.env, LD_LIBRARY_PATH: [...libraries, join(ROOT, 'usr/lib/syslog-ng')].join(':') },
  };
}

async function unpack(): Promise<void> {
  const work = join(CACHE, `unpack-syslog-ng-${process.pid}`);
  await mkdir(join(work, 'root'), { recursive: true });
  await run('apt-get', ['download', ...PACKAGES], { cwd: work });
  for (const name of await readdir(work)) if (name.endsWith('.deb')) await run('dpkg', ['-x', join(work, name), join(work, 'root')]);
  await rename(join(work, 'root'), ROOT);
  await rm(work, { recursive: true, force: true });
}

if (import.meta.main) console.log((await installSyslogNg()).program);
