import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export const ARCHITECTURES = ['x64', 'arm64'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

/** The program of the Node that development uses, for an architecture. npm installs that of this machine; others are downloaded into a cache. */
export function nodeFor(architecture: Architecture): string {
  const installed = join(ROOT, 'node_modules', nameOf(architecture), 'bin', 'node');
  return existsSync(installed) ? installed : fetched(architecture);
}

/** npm does not install packages for other architectures, but `npm pack` gets them; the lockfile has the checksum. */
function fetched(architecture: Architecture): string {
  const name = nameOf(architecture);
  const { version, integrity } = locked(name);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'portlog-build', `${name}-${version}`);
  const program = join(cache, 'package', 'bin', 'node');
  if (existsSync(program)) return program;
  const draft = `${cache}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', draft, `${name}@${version}`], {
    cwd: draft,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const archive = join(draft, `${name}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${version} is not the package of package-lock.json: ${found}`);
  execFileSync('tar', ['-xzf', archive, '-C', draft, 'package/bin/node']);
  renameSync(draft, cache);
  return program;
}

function nameOf(architecture: Architecture): string {
  return `node-linux-${architecture}`;
}

function locked(name: string): Locked {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}`);
  return entry;
}
