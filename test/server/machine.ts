import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './cache.ts';
import { startServer } from './start-server.ts';
import { ready } from './ready.ts';

/** A Debian with systemd as its first process, in namespaces of its own; it shares the network with this machine. */
export interface Machine {
  /** What a command prints that root gives there. Throws when it fails, with what it said. */
  run(command: string): Promise<string>;
  /** Ends everything that runs there. */
  stop(): Promise<void>;
}

const CGROUPS = '/sys/fs/cgroup';
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** What a container's first process finds: https://systemd.io/CONTAINER_INTERFACE */
const BOOT = `root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
# The kernel is this machine's: nothing of it is set, no module loaded, and of groups of processes there are only its own.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
if [ -f ${CGROUPS}/cgroup.controllers ]; then mount -t cgroup2 cgroup sys/fs/cgroup; else
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -o remount,ro sys/fs/cgroup
fi
mount -t tmpfs -o mode=755 tmpfs dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev/
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
exec env -i container=portlog-test /lib/systemd/systemd --system --unit=multi-user.target`;

/** Starts systemd in the folder, and waits until it is up. */
export async function bootMachine(root: string): Promise<Machine> {
  const group = ownGroup();
  const script = `echo $$ > "${group}/cgroup.procs"; exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child bash -euc "$0" bash "$1"`;
  const child = startServer('bash', ['-euc', script, BOOT, root], { stdio: 'ignore', detached: true });
  const machine = {
    async run(command: string): Promise<string> {
      // It would take a socket for a remote terminal, and read what is for one.
      const within = ['--target', String(firstProcess(child)), '--all', 'bash', '--norc', '-euc', command];
      return (await run('nsenter', within, { env: ENVIRONMENT, maxBuffer: 1 << 26 }).catch(withOutput)).stdout;
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      // A group can be removed when the last of its processes is gone.
      for (let tries = 0; tries < 50 && existsSync(group); tries++) {
        await run('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']).catch(() => undefined);
        await sleep(100);
      }
    },
  };
  const isUp = async (): Promise<boolean> => /^(?:running|degraded)$/m.test(await machine.run('systemctl is-system-running || true'));
  await ready(`systemd in ${root}`, isUp, child).catch(async (error: unknown) => {
    await machine.stop();
    throw error;
  });
  return machine;
}

/** Where systemd may make groups of processes, and nothing of this machine is. */
function ownGroup(): string {
  const base = existsSync(join(CGROUPS, 'cgroup.controllers')) ? CGROUPS : join(CGROUPS, 'systemd');
  const group = join(base, `portlog-test-${process.pid}`);
  mkdirSync(group, { recursive: true });
  return group;
}

/** Of the namespace, as this machine counts processes. */
function firstProcess({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return Number(children.split(' ')[0]);
}

function withOutput(error: Error & { readonly stdout?: string }): never {
  throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error });
}
