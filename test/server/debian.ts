import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './cache.ts';
import { installDebian } from './install/debian.ts';

/** A Debian in a folder, which shares network and processes with this machine, and nothing else. */
export interface DebianRoot {
  readonly path: string;
  /** What a command prints that root gives there. Throws when it fails, with what it said. */
  run(command: string): Promise<string>;
  /** Starts what a unit starts, as its user, with its environment and its capabilities. */
  start(unit: string): ChildProcess;
  read(path: string): string;
  remove(): Promise<void>;
}

export async function debianRoot(): Promise<DebianRoot> {
  const base = await installDebian();
  const path = mkdtempSync(join(tmpdir(), 'portlog-debian-'));
  await run('cp', ['-a', '--reflink=auto', `${base}/.`, path]);
  // Whoever is not root looks through it as well.
  await run('chmod', ['755', path]);
  await run('mount', ['-t', 'proc', 'proc', join(path, 'proc')]);
  await run('mount', ['--bind', '/dev', join(path, 'dev')]);
  writeFileSync(join(path, 'etc/hosts'), '127.0.0.1 localhost\n');
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  return {
    path,
    async run(command) {
      // It would take a socket for a remote terminal, and read what is for one.
      return (await run('chroot', [path, 'bash', '--norc', '-euc', command], { env, maxBuffer: 1 << 26 }).catch(withOutput)).stdout;
    },
    start(unit) {
      const text = readFileSync(join(path, 'usr/lib/systemd/system', unit), 'utf8');
      return spawn('chroot', [path, 'setpriv', ...privileges(text), ...commandOf(text)], {
        env: { ...environmentOf(text), PATH: env.PATH },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    read: (file) => readFileSync(join(path, file), 'utf8'),
    async remove() {
      for (const mounted of ['proc', 'dev']) await run('umount', ['--lazy', join(path, mounted)]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

function withOutput(error: Error & { readonly stdout?: string }): never {
  throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error });
}

/** The values of a setting of a unit. */
function settings(unit: string, name: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

function environmentOf(unit: string): Readonly<Record<string, string>> {
  return Object.fromEntries(settings(unit, 'Environment').map((pair) => pair.split('=') as [string, string]));
}

/** What systemd would take away and leave. */
function privileges(unit: string): readonly string[] {
  const [user = 'root'] = settings(unit, 'User');
  const kept = (name: string): string =>
    ['-all', ...settings(unit, name).flatMap((list) => list.split(' ').map((one) => one.toLowerCase().replace('cap_', '+')))].join(',');
  return [
    `--reuid=${user}`,
    `--regid=${user}`,
    '--init-groups',
    `--inh-caps=${kept('AmbientCapabilities')}`,
    `--ambient-caps=${kept('AmbientCapabilities')}`,
    `--bounding-set=${kept('CapabilityBoundingSet')}`,
    '--no-new-privs',
  ];
}

function commandOf(unit: string): readonly string[] {
  return settings(unit, 'ExecStart')[0]?.split(' ') ?? [];
}
