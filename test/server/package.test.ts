import { type ChildProcess, execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePackage, type Packager } from '../../tools/release/packages.ts';
import { page } from '../support/docs.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { run } from './cache.ts';
import { type DebianRoot, debianRoot } from './debian.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';

/* A machine without Node, from the package to events of a scheduled scan in Elasticsearch, and back again. The tests are steps, one after the other. */

const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
const NEWER = '99.0.0';
const PROGRAM = join(ROOT, 'release', `portlog-linux-${process.arch}`);
const CONFIG = '/etc/portlog/portlog.yaml';
const ADMIN = `PORTLOG_ELASTICSEARCH_USER=admin PORTLOG_ELASTICSEARCH_PASSWORD=${PASSWORD}`;
const AS_PORTLOG = 'setpriv --reuid=portlog --regid=portlog --init-groups';

const packages = freshDir();
let debian: DebianRoot;
let server: ElasticsearchServer;
let service: ChildProcess | undefined;

function packageOf(version: string, packager: Packager): Promise<string> {
  return makePackage({ packager, architecture: process.arch as 'x64' | 'arm64', version, program: PROGRAM, out: packages });
}

beforeAll(async () => {
  if (!existsSync(PROGRAM)) execFileSync(process.execPath, ['tools/binary/build.ts'], { cwd: ROOT, stdio: 'ignore' });
  [debian, server] = await Promise.all([debianRoot(), startElasticsearch()]);
});
afterAll(() => {
  service?.kill('SIGKILL');
  return Promise.all([debian?.remove(), server?.stop()]);
});

/** The commands of a section of install.md, word for word; what is asked of a person is done elsewhere, and systemd does not run here. */
function commandsOf(section: string): string {
  const [, block = ''] = new RegExp(`^## ${section}\\n[^]*?^\`\`\`\\n([^]*?)^\`\`\``, 'm').exec(page('docs/how-to/install.md')) ?? [];
  expect(block).not.toBe('');
  return `sudo() { if [ "$1" = -u ]; then shift 2; ${AS_PORTLOG} "$@"; else "$@"; fi; }
sudoedit() { test -f "$1"; }; apt-get() { command apt-get -y "$@"; }; systemctl() { command systemctl \${@/--now}; }
mkdir -p ~/.local/bin; PATH=$PATH:~/.local/bin; cd /tmp/release
{ ${block} } 2>&1`;
}

async function upgradeTo(path: string, ...options: readonly string[]): Promise<void> {
  copyFileSync(path, join(debian.path, 'tmp/newer.deb'));
  await debian.run(`apt-get install -y ${options.join(' ')} /tmp/newer.deb 2>&1`);
}

async function documents(query: object): Promise<readonly any[]> {
  await server.ask('POST', '/logs-nmap.*/_refresh');
  const { body } = await server.ask('POST', '/logs-nmap.*/_search', { size: 100, query });
  return body.hits?.hits.map(({ _source }: { _source: object }) => _source) ?? [];
}

describe('the package for Debian', () => {
  test('installs on a machine that has no Node', async () => {
    await expect(debian.run('command -v node nodejs')).rejects.toThrow();
    const folder = join(debian.path, 'tmp/release');
    mkdirSync(folder);
    const files = [await packageOf(VERSION, 'deb'), PROGRAM];
    for (const path of files) copyFileSync(path, join(folder, basename(path)));
    await run('bash', ['-c', 'sha256sum * > SHA256SUMS; echo "0 a-file-that-was-not-taken" >> SHA256SUMS'], { cwd: folder });
    expect(await debian.run(commandsOf('See that it is what was published'))).toMatch(
      /^portlog_\S+\.deb: OK\nportlog-linux-\S+: OK$|^portlog-linux-\S+: OK\nportlog_\S+\.deb: OK$/m,
    );
    expect(await debian.run(commandsOf('Debian and Ubuntu'))).toMatch(/^ok +state directory \/var\/lib\/portlog/m);
    expect(await debian.run('command -v portlog; portlog --version')).toBe(`/usr/bin/portlog\n${VERSION}\n`);
    expect(await debian.run('getent passwd portlog')).toMatch(/:\/var\/lib\/portlog:\/usr\/sbin\/nologin$/m);
    expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog`)).toBe('640 root:portlog\n700 portlog:portlog\n');
  });

  test('brings manual and completion', async () => {
    expect(await debian.run('man -w portlog portlog-scan portlog-run')).toBe(
      '/usr/share/man/man1/portlog.1.gz\n/usr/share/man/man1/portlog-scan.1.gz\n/usr/share/man/man1/portlog-run.1.gz\n',
    );
    const completed =
      'set +e; source /usr/share/bash-completion/completions/portlog; COMP_WORDS=(portlog exp); COMP_CWORD=1; _portlog 2>/dev/null; echo "${COMPREPLY[@]}"';
    expect(await debian.run(completed)).toBe('exposure\n');
  });

  test('has units that systemd takes, and that close what nmap does not need', async () => {
    const units = 'portlog.service portlog-once.service portlog-once.timer';
    // systemd is there, and does not run.
    expect(await debian.run(`cd /usr/lib/systemd/system; systemd-analyze verify ${units} 2>&1`)).toBe('');
    for (const unit of ['portlog.service', 'portlog-once.service']) {
      const said = await debian.run(`cd /usr/lib/systemd/system; systemd-analyze security --offline=true --no-pager ${unit}`);
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1])).toBeLessThanOrEqual(2.5);
    }
  });

  test('has a configuration that is right as it comes, and the service says what is to be done', async () => {
    expect(await debian.run(`${AS_PORTLOG} portlog check --config ${CONFIG} 2>&1`)).toMatch(/^ok +configuration/m);
    const said = await ended(debian.start('portlog.service'));
    expect(said.text).toContain('there is nothing to do: the configuration has no schedules');
    // What the unit does not start again.
    expect(said.code).toBe(2);
    expect(debian.read('usr/lib/systemd/system/portlog.service')).toMatch(/^RestartPreventExitStatus=2$/m);
  });
});

test('one file is edited, and a scheduled scan is in Elasticsearch', async () => {
  copyFileSync(server.caFile, join(debian.path, 'etc/portlog/elasticsearch-ca.pem'));
  const setUp = await debian.run(`${ADMIN} portlog setup elasticsearch --url ${server.url} --ca-file /etc/portlog/elasticsearch-ca.pem --api-key`);
  const key = /^[\w+/=]{20,}$/m.exec(setUp)?.[0];
  writeFileSync(
    join(debian.path, CONFIG),
    debian
      .read(CONFIG)
      .replace('sinks: []', `sinks:\n  - { type: elasticsearch, url: "${server.url}", apiKey: "${key}", caFile: /etc/portlog/elasticsearch-ca.pem }`)
      .replace(
        'schedules: []',
        `schedules:\n  - { name: each-minute, cron: "* * * * *", nmap: [-sS, -p, "${new URL(server.url).port}", 127.0.0.1] }`,
      ),
  );
  expect(await debian.run(`NMAP_PRIVILEGED=1 ${AS_PORTLOG} portlog check --config ${CONFIG} 2>&1`)).toMatch(
    /^ok +these credentials may write events/m,
  );

  service = debian.start('portlog.service');
  const isOver = ended(service);
  await until(async () => (await documents({ term: { 'event.action': 'scan-finished' } })).length > 0, service);
  const [port] = await documents({ term: { 'event.dataset': 'nmap.port' } });
  expect(port).toMatchObject({
    server: { ip: '127.0.0.1', port: Number(new URL(server.url).port) },
    nmap: { port: { state: 'open', reason: 'syn-ack' } },
  });
  const [scan] = await documents({ term: { 'event.action': 'scan-finished' } });
  // With raw sockets, and not as root.
  expect(scan.nmap.scan.info).toMatchObject([{ type: 'syn' }]);
  service.kill('SIGTERM');
  expect([0, 130]).toContain((await isOver).code);
  expect(await debian.run('find /var/lib/portlog -type f ! -perm 600 -o -type f ! -user portlog')).toBe('');
}, 180_000);

describe('later', () => {
  test('an upgrade keeps configuration and state', async () => {
    const before = debian.read(CONFIG);
    await upgradeTo(await packageOf(NEWER, 'deb'));
    expect(await debian.run("dpkg-query -f '${Version}' -W portlog")).toBe(`${NEWER}-1`);
    expect(debian.read(CONFIG)).toBe(before);
    expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog`)).toBe('640 root:portlog\n700 portlog:portlog\n');
    expect(await debian.run('systemctl is-enabled portlog.service')).toBe('enabled\n');
    expect(await debian.run(`${AS_PORTLOG} portlog inventory --config ${CONFIG}`)).toContain('127.0.0.1');
  });

  test('a file that somebody has changed survives a version with another one', async () => {
    appendFileSync(join(debian.path, CONFIG), '# mine\n');
    await upgradeTo(join(debian.path, 'tmp/newer.deb'), '--reinstall', '-o', 'Dpkg::Options::=--force-confold');
    expect(debian.read(CONFIG)).toContain('# mine');
  });

  test('removed, configuration and state stay; purged, they go, and only the user stays', async () => {
    await debian.run('apt-get remove -y portlog 2>&1');
    const there = (path: string): boolean => existsSync(join(debian.path, path));
    expect(['usr/bin/portlog', 'usr/share/man/man1/portlog.1.gz', 'usr/lib/systemd/system/portlog.service'].filter(there)).toEqual([]);
    expect([CONFIG, 'var/lib/portlog/portlog.db'].filter(there)).toHaveLength(2);
    await debian.run('apt-get purge -y portlog 2>&1');
    expect(['etc/portlog', 'var/lib/portlog', 'usr/share/doc/portlog'].filter(there)).toEqual([]);
    expect(await debian.run('find /etc -name "*portlog*"')).toBe('');
    expect(await debian.run('getent passwd portlog')).toMatch(/^portlog:/);
  });
});

test('the package for Red Hat has the same in it, and installs with its scripts', async () => {
  const path = await packageOf(VERSION, 'rpm');
  const { stdout: files } = await run('rpm', ['-qlp', path]);
  expect(files.split('\n')).toEqual(
    expect.arrayContaining([
      '/usr/bin/portlog',
      CONFIG,
      '/usr/lib/systemd/system/portlog.service',
      '/usr/share/man/man1/portlog.1.gz',
      '/usr/share/zsh/site-functions/_portlog',
    ]),
  );
  const { stdout: about } = await run('rpm', ['-qip', path]);
  expect(about).toMatch(/^License +: Apache-2\.0$/m);
  const { stdout: config } = await run('rpm', ['-qcp', path]);
  expect(config.trim()).toBe(CONFIG);
  await debian.run('userdel portlog');
  // Its dependencies are of another distribution; its scripts are for any.
  const rpm = (...args: string[]): Promise<{ stdout: string }> => run('rpm', ['--root', debian.path, '--nodeps', ...args]);
  await rpm('--install', path);
  expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog; portlog --version`)).toMatch(/^640 root:portlog\n700 portlog:portlog\n\d/);
  expect((await rpm('--verify', 'portlog')).stdout).toBe('');
  await rpm('--erase', 'portlog');
  expect(existsSync(join(debian.path, 'usr/bin/portlog'))).toBe(false);
  expect(existsSync(join(debian.path, 'var/lib/portlog'))).toBe(true);
});

test('the single program is installed by copying it', async () => {
  expect(await debian.run(commandsOf('The single program'))).toBe(`${VERSION}\n`);
  await debian.run('rm ~/.local/bin/portlog');
});

test('install.md names the files of this version', () => {
  const named = [...page('docs/how-to/install.md').matchAll(/portlog[_-](\d+\.\d+\.\d+)[-.]/g)].map(([, version]) => version);
  expect(new Set(named)).toEqual(new Set([VERSION]));
});

async function until(isSo: () => Promise<boolean>, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 240 && child.exitCode === null; tries++) {
    if (await isSo()) return;
    await sleep(500);
  }
  throw new Error(`it did not come to that; portlog ended with ${child.exitCode ?? 'nothing yet'}`);
}

async function ended(child: ChildProcess): Promise<{ readonly text: string; readonly code: number | null }> {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve) => child.once('close', (code) => resolve({ text, code })));
}
