import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const RELEASE = 'bookworm';
/** A small machine of an operations team: a shell, apt, nmap, and no Node. With the rpm that Red Hat has, for packages of that kind. */
const PACKAGES = ['adduser', 'bash-completion', 'ca-certificates', 'man-db', 'nmap', 'rpm', 'systemd'];
/** Named after what is in it: with other packages it is another. */
const ROOT = join(CACHE, `debian-${RELEASE}-${createHash('sha256').update(PACKAGES.join(' ')).digest('hex').slice(0, 8)}`);

/** Makes a Debian in the cache, once; returns its root. From where this machine has its own packages. */
export async function installDebian(): Promise<string> {
  if (existsSync(ROOT)) return ROOT;
  await mkdir(CACHE, { recursive: true });
  const draft = join(CACHE, `debootstrap-${process.pid}`);
  await run('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, RELEASE, draft, await debianMirror()], { maxBuffer: 1 << 26 });
  await run('chroot', [draft, 'apt-get', 'clean']);
  await rename(draft, ROOT).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(ROOT)) throw error;
  });
  await rm(draft, { recursive: true, force: true });
  return ROOT;
}

export async function debianMirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(REPO_URI)']);
  const uri = stdout.split('\n').find((line) => line.startsWith(`Packages|Debian|${RELEASE}|`));
  if (uri === undefined) throw new Error(`apt knows no source of Debian ${RELEASE}; run apt-get update`);
  return uri.slice(uri.lastIndexOf('|') + 1);
}

if (import.meta.main) console.log(await installDebian());
