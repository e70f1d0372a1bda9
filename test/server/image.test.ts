import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../support/run-portlog.ts';
import { CACHE, run } from './cache.ts';
import { installDebian } from './install/debian.ts';
import { installHadolint } from './install/hadolint.ts';

/* The image, built by buildah. Its base, which comes from a registry, is the Debian that the tests of the packages have. */

const BASE = 'docker.io/library/debian:12-slim';
const STORE = join(CACHE, 'images');
const NAME = 'localhost/portlog-test';

async function buildah(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('buildah', ['--root', STORE, '--runroot', join(STORE, 'run'), '--storage-driver', 'overlay', ...args], {
    cwd: ROOT,
    maxBuffer: 1 << 26,
  });
  return stdout.trim();
}

async function baseImage(): Promise<void> {
  mkdirSync(STORE, { recursive: true });
  if ((await buildah('images', '--quiet', '--filter', `reference=${BASE}`)) !== '') return;
  const container = await buildah('from', 'scratch');
  await buildah('copy', '--quiet', container, await installDebian(), '/');
  await buildah('commit', '--quiet', '--rm', container, BASE);
}

let container: string;
beforeAll(async () => {
  if (!existsSync(join(ROOT, 'release/THIRD-PARTY-LICENSES.txt'))) execFileSync('npm', ['run', '--silent', 'release'], { cwd: ROOT });
  await baseImage();
  const options = ['--quiet', '--isolation', 'chroot', '--pull=never', '--build-arg', `PORTLOG_ARCH=${process.arch}`];
  await buildah('build', ...options, '--file', 'packaging/Containerfile', '--ignorefile', '.containerignore', '--tag', NAME, '.');
  container = await buildah('from', '--pull=never', NAME);
});
afterAll(async () => {
  if (container === undefined) return;
  await buildah('rm', container);
  await buildah('rmi', '--force', NAME);
});

test('hadolint finds nothing wrong with the Containerfile', async () => {
  const { stdout } = await run(await installHadolint(), ['packaging/Containerfile'], { cwd: ROOT });
  expect(stdout).toBe('');
});

test('the image is of a user without rights, and keeps state in a volume', async () => {
  const { OCIv1 } = JSON.parse(await buildah('inspect', '--type', 'image', NAME)) as { readonly OCIv1: { readonly config: object } };
  expect(OCIv1.config).toMatchObject({
    User: '10001:10001',
    Volumes: { '/var/lib/portlog': {} },
    Entrypoint: ['/usr/bin/portlog'],
    Cmd: ['run', '--config', '/etc/portlog/portlog.yaml'],
  });
  expect(await buildah('run', '--isolation', 'chroot', container, '--', 'portlog', '--version')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(await buildah('run', '--isolation', 'chroot', container, '--', 'id', '-u')).toBe('10001');
});

test('it scans with raw sockets, and writes nowhere but in its volume', async () => {
  const root = await buildah('mount', container);
  // A view of it that cannot be written to, with an empty volume: what podman run --read-only --cap-add NET_RAW -v … makes.
  const script = `mount --bind "${root}" /mnt && mount -o remount,bind,ro /mnt && mount -t proc proc /mnt/proc
mount -t tmpfs -o mode=700,uid=10001,gid=10001 volume /mnt/var/lib/portlog
exec chroot /mnt setpriv --reuid=10001 --regid=10001 --clear-groups --bounding-set=-all,+net_raw "$@"`;
  const portlog = [
    'env',
    'PATH=/usr/bin',
    'XDG_STATE_HOME=/var/lib',
    'NMAP_PRIVILEGED=1',
    'portlog',
    'scan',
    '--to',
    'file=/var/lib/portlog/events.ndjson',
  ];
  const nmap = ['--', '-sS', '-p', '1', '127.0.0.1'];
  const { stderr } = await run('unshare', ['--mount', 'bash', '-euc', script, 'bash', ...portlog, ...nmap]);
  await buildah('umount', container);
  expect(stderr).toMatch(/read (\d+) = delivered \1 \+ already 0 \+ dead 0$/m);
});
