import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { startServer } from './start-server.ts';
import { ready } from './ready.ts';

/*
 * Real servers of Debian (redis, Samba, mountd) in a network namespace of our own, once open and once closed, and what nmap's
 * scripts say of them: the witnesses of the rules that read their output.
 */

const run = promisify(execFile);
const NAMESPACE = `pl-services-${process.pid}`;
const SCRIPTS = 'redis-info,smb-protocols,smb-security-mode,smb2-security-mode,nfs-showmount';
const children: ChildProcess[] = [];

beforeAll(() => {
  execFileSync('ip', ['netns', 'add', NAMESPACE]);
  execFileSync('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up']);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    const ended = new Promise((resolve) => child.once('close', resolve));
    // The group: what it has started as well.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  }
});
afterAll(() => execFileSync('ip', ['netns', 'del', NAMESPACE]));

/** In a mount namespace of its own too, which `ip netns exec` makes: what a script mounts is seen by nobody else. */
function start(script: string): void {
  children.push(startServer('ip', ['netns', 'exec', NAMESPACE, 'sh', '-euc', script], { detached: true, stdio: 'ignore' }));
}

function redis(password: string): void {
  start(
    `exec redis-server --port 6379 --bind 127.0.0.1 --protected-mode no --save '' --dir ${freshDir()} ${password === '' ? '' : `--requirepass ${password}`}`,
  );
}

function samba(settings: string): void {
  const folder = freshDir();
  const places = ['private', 'lock', 'state', 'cache', 'pid', 'ncalrpc', 'share'];
  for (const name of places) mkdirSync(join(folder, name));
  const directories = places
    .slice(0, -1)
    .map((name) => `${name === 'private' ? 'private dir' : name === 'ncalrpc' ? 'ncalrpc dir' : `${name} directory`} = ${folder}/${name}`);
  const lines = ['[global]', 'workgroup = LAB', 'map to guest = Bad User', `log file = ${folder}/log`, 'smb ports = 445', ...directories, settings];
  writeFileSync(join(folder, 'smb.conf'), `${[...lines, '[share]', `path = ${folder}/share`, 'guest ok = yes'].join('\n')}\n`);
  start(`exec smbd --foreground --no-process-group --debug-stdout --configfile=${folder}/smb.conf`);
}

function nfs(clients: string): void {
  const folder = freshDir();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'exports'), `${folder}/data ${clients}(ro,no_subtree_check)\n`);
  start(
    `mount -t tmpfs none /run; mount -t tmpfs none /var/lib/nfs; touch /etc/exports; mount --bind ${folder}/exports /etc/exports; exportfs -ra; rpcbind -f & until rpcinfo -p 127.0.0.1 >&2; do sleep 0.1; done; exec rpc.mountd -F -N 4`,
  );
}

/** What a command says there. */
async function says(...command: readonly string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', NAMESPACE, ...command])).stdout;
}

/** What nmap finds, and portlog makes of it, by rule. */
async function findings(): Promise<readonly string[]> {
  for (const port of [111, 445, 6379]) await ready(`port ${port}`, async () => (await says('ss', '-Hltn', `sport = :${port}`)) !== '');
  await ready('mountd', async () => (await says('rpcinfo', '-p', '127.0.0.1')).includes('mountd'));
  const args = [
    'netns',
    'exec',
    NAMESPACE,
    'nmap',
    '-n',
    '-sV',
    '--version-light',
    '-p',
    '111,445,6379',
    '--script',
    SCRIPTS,
    '-oX',
    '-',
    '127.0.0.1',
  ];
  const { stdout: xml } = await run('ip', args, { maxBuffer: 1 << 26 });
  const { stdout } = await portlog(['--to', 'stdout', '--format', 'ecs'], { input: xml });
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return events
    .filter(({ event }) => event.dataset === 'nmap.finding')
    .map(({ rule, server, nmap }) => `${server.port ?? 'host'} ${rule.id} ${nmap.finding.level} ${nmap.finding.confidence}`)
    .toSorted();
}

test('open to everybody: each is found', { timeout: 120_000 }, async () => {
  redis('');
  samba('server min protocol = NT1\nclient min protocol = NT1\nserver signing = disabled');
  nfs('*');
  expect(await findings()).toEqual([
    '111 nmap-access-nfs-showmount high checked',
    '111 nmap-service-portmapper low checked',
    '445 nmap-service-smb low checked',
    '6379 nmap-access-redis-info critical checked',
    '6379 nmap-service-redis medium checked',
    'host nmap-access-smb-protocols high checked',
    'host nmap-access-smb-security-mode medium checked',
    'host nmap-access-smb2-security-mode low checked',
  ]);
});

test('with a password, with signing, for one host: only that they can be reached', { timeout: 120_000 }, async () => {
  redis('long-and-secret');
  samba('server min protocol = SMB3_11\nserver signing = mandatory');
  nfs('192.0.2.7');
  expect(await findings()).toEqual([
    '111 nmap-service-portmapper low checked',
    '445 nmap-service-smb low checked',
    '6379 nmap-service-redis medium checked',
  ]);
});
