import { appendFileSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { page } from '../support/docs.ts';
import { run } from './cache.ts';
import { bootDebian, type Debian } from './debian.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { buildProgram, CONFIG, journalOf, NEWER, packageOf, processesOf, PROGRAM, serviceOf, VERSION } from './packaged.ts';

/* A machine without Node, with systemd, from the package to events of a scheduled scan in Elasticsearch, and back again. The tests are steps, one after the other. */

const ADMIN = `PORTLOG_ELASTICSEARCH_USER=admin PORTLOG_ELASTICSEARCH_PASSWORD=${PASSWORD}`;
const AS_PORTLOG = 'setpriv --reuid=portlog --regid=portlog --init-groups';
/** Of the unit, so that nobody waits a minute for what is started again. */
const QUICKLY = '/run/systemd/system/portlog.service.d/quickly.conf';

let debian: Debian;
let server: ElasticsearchServer;

beforeAll(async () => {
  buildProgram();
  [debian, server] = await Promise.all([bootDebian(), startElasticsearch()]);
});
afterAll(() => Promise.all([debian?.remove(), server?.stop()]));

/** The commands of a section of install.md, word for word; `edited` is what becomes of the file that a person edits. */
function commandsOf(section: string, edited?: string): string {
  const [, block = ''] = new RegExp(`^## ${section}\\n[^]*?^\`\`\`\\n([^]*?)^\`\`\``, 'm').exec(page('docs/how-to/install.md')) ?? [];
  expect(block).not.toBe('');
  const edit = edited === undefined ? '' : `; cat > "$1" <<'END'\n${edited}\nEND\n`;
  return `sudo() { if [ "$1" = -u ]; then shift 2; ${AS_PORTLOG} "$@"; else "$@"; fi; }
sudoedit() { test -f "$1"${edit}
}; apt-get() { command apt-get -y "$@"; }
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

const service = (...properties: readonly string[]): ReturnType<typeof serviceOf> => serviceOf(debian, ...properties);
const journal = (...options: readonly string[]): Promise<string> => journalOf(debian, ...options);
const processes = (word: string): Promise<string> => processesOf(debian, word);

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await isSo()) return;
    await sleep(500);
  }
  throw new Error(`it did not come to that: ${what}\n${await journal('-n', '30')}`);
}

describe('the package for Debian', () => {
  test('installs on a machine that has no Node', async () => {
    await expect(debian.run('command -v node nodejs')).rejects.toThrow();
    const folder = join(debian.path, 'tmp/release');
    mkdirSync(folder);
    const files = [await packageOf(VERSION, 'deb'), PROGRAM];
    for (const path of files) copyFileSync(path, join(folder, basename(path)));
    await run('bash', ['-c', 'sha256sum * > SHA256SUMS; echo "0 a-file-that-was-not-taken" >> SHA256SUMS'], { cwd: folder });
    expect(await debian.run(commandsOf('Check the files'))).toMatch(
      /^portlog_\S+\.deb: OK\nportlog-linux-\S+: OK$|^portlog-linux-\S+: OK\nportlog_\S+\.deb: OK$/m,
    );
    await debian.run('apt-get install -y /tmp/release/portlog_*.deb');
    expect(await debian.run('command -v portlog; portlog --version')).toBe(`/usr/bin/portlog\n${VERSION}\n`);
    expect(await debian.run('getent passwd portlog')).toMatch(/:\/var\/lib\/portlog:\/usr\/sbin\/nologin$/m);
    expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog`)).toBe('640 root:portlog\n700 portlog:portlog\n');
    // Nothing is started that nobody has configured.
    expect(await service('ActiveState', 'UnitFileState')).toEqual({ ActiveState: 'inactive', UnitFileState: 'disabled' });
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
    expect(await debian.run(`cd /usr/lib/systemd/system; systemd-analyze verify ${units} 2>&1`)).toBe('');
    for (const unit of ['portlog.service', 'portlog-once.service']) {
      const said = await debian.run(`cd /usr/lib/systemd/system; systemd-analyze security --offline=true --no-pager ${unit}`);
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1])).toBeLessThanOrEqual(2.5);
    }
  });

  test('has a configuration that is right as it comes, and the service says what is to be done, once', async () => {
    expect(await debian.run(`${AS_PORTLOG} portlog check --config ${CONFIG} 2>&1`)).toMatch(/^ok +configuration/m);
    await expect(debian.run('systemctl start portlog')).rejects.toThrow();
    expect(await journal()).toContain('there is nothing to do: the configuration has no schedules');
    expect(await service('ActiveState', 'ExecMainStatus', 'NRestarts')).toEqual({ ActiveState: 'failed', ExecMainStatus: '2', NRestarts: '0' });
    await debian.run('systemctl reset-failed portlog');
  });
});

test('one file is edited, and a scheduled scan is in Elasticsearch', async () => {
  copyFileSync(server.caFile, join(debian.path, 'etc/portlog/elasticsearch-ca.pem'));
  const setUp = await debian.run(`${ADMIN} portlog setup elasticsearch --url ${server.url} --ca-file /etc/portlog/elasticsearch-ca.pem --api-key`);
  const key = /^[\w+/=]{20,}$/m.exec(setUp)?.[0];
  const sink = `{ type: elasticsearch, url: "${server.url}", apiKey: "${key}", caFile: /etc/portlog/elasticsearch-ca.pem }`;
  const schedule = `{ name: each-minute, cron: "* * * * *", nmap: [-sS, -p, "${new URL(server.url).port}", 127.0.0.1] }`;
  const edited = debian.read(CONFIG).replace('sinks: []', `sinks:\n  - ${sink}`).replace('schedules: []', `schedules:\n  - ${schedule}`);
  const said = await debian.run(commandsOf('Debian and Ubuntu', edited));
  expect(said).toMatch(/^ok +these credentials may write events/m);
  expect(await service('ActiveState', 'UnitFileState')).toEqual({ ActiveState: 'active', UnitFileState: 'enabled' });

  await until('a scan in Elasticsearch', async () => (await documents({ term: { 'event.action': 'scan-finished' } })).length > 0);
  const [port] = await documents({ term: { 'event.dataset': 'nmap.port' } });
  expect(port).toMatchObject({
    server: { ip: '127.0.0.1', port: Number(new URL(server.url).port) },
    nmap: { port: { state: 'open', reason: 'syn-ack' } },
  });
  const [scan] = await documents({ term: { 'event.action': 'scan-finished' } });
  // With raw sockets, and not as root.
  expect(scan.nmap.scan.info).toMatchObject([{ type: 'syn' }]);
}, 180_000);

describe('under systemd the service', () => {
  test('notifies its status, has no more privileges than its unit says, and logs with priorities', async () => {
    await until('a status', async () => /^1 schedule; shipped \d+ scans?, /.test((await service('StatusText'))['StatusText'] ?? ''));
    const { MainPID: pid } = await service('MainPID');
    const about = await debian.run(`cat /proc/${pid}/status; stat -c %U /proc/${pid}`);
    // CAP_NET_BIND_SERVICE and CAP_NET_RAW: https://man7.org/linux/man-pages/man7/capabilities.7.html
    expect(about).toMatch(/^CapBnd:\t0000000000002400$/m);
    expect(about).toMatch(/^CapEff:\t0000000000002400$/m);
    expect(about).toMatch(/^NoNewPrivs:\t1$/m);
    expect(about).toMatch(/^Seccomp:\t2$/m);
    expect(about).toMatch(/^Umask:\t0077$/m);
    expect(about).toMatch(/^portlog$/m);
    expect(await debian.run('find /var/lib/portlog -type f ! -perm 600 -o -type f ! -user portlog')).toBe('');
    expect(await journal('-p', 'err')).toContain('there is nothing to do');
    expect(await journal('-p', 'err')).not.toContain('delivered');
    expect(await journal('-p', 'info')).toContain('= delivered');
  });

  test('is found by portlog status, as its user; root is told how to ask', async () => {
    expect(await debian.run(`cd /; ${AS_PORTLOG} portlog status 2>&1`)).toMatch(/this is the state of the service[^]*^schedule +each-minute/m);
    expect(await debian.run('portlog status 2>&1 || true')).toContain('sudo -u portlog portlog status');
  });

  test('reloads its configuration on systemctl reload; a wrong one is reported, and changes nothing', async () => {
    const right = debian.read(CONFIG);
    const { MainPID: pid } = await service('MainPID');
    writeFileSync(join(debian.path, CONFIG), `${right}direktories: []\n`);
    await debian.run('systemctl reload portlog');
    await until('the old one is kept', async () => (await journal('-p', 'warning')).includes('the previous configuration stays in force'));
    expect(await journal('-p', 'err')).toContain('direktories');
    const more = right.replace('schedules:\n', 'schedules:\n  - { name: weekly, cron: "0 3 * * 0", nmap: [-sV, -p, "9", 127.0.0.1] }\n');
    writeFileSync(join(debian.path, CONFIG), more);
    await debian.run('systemctl reload portlog');
    await until('two schedules', async () => (await service('StatusText'))['StatusText']?.startsWith('2 schedules') === true);
    expect(await service('ActiveState', 'MainPID', 'NRestarts')).toEqual({ ActiveState: 'active', MainPID: pid, NRestarts: '0' });
  });

  test('is started again when it was killed, and when it is stuck', async () => {
    await debian.run(
      `mkdir -p $(dirname ${QUICKLY}); printf '[Service]\\nRestartSec=1\\nWatchdogSec=6\\nTimeoutStopSec=5\\n' > ${QUICKLY}; systemctl daemon-reload; systemctl restart portlog`,
    );
    const restarted = async (signal: string): Promise<void> => {
      const { MainPID: pid, NRestarts: before } = await service('MainPID', 'NRestarts');
      await debian.run(`kill -${signal} ${pid}`);
      await until(`started again after ${signal}`, async () => {
        const now = await service('ActiveState', 'MainPID', 'NRestarts');
        return now['ActiveState'] === 'active' && now['MainPID'] !== pid && Number(now['NRestarts']) === Number(before) + 1;
      });
    };
    await restarted('KILL');
    await restarted('STOP');
    expect(await debian.run('journalctl -u portlog.service --no-pager')).toContain('Watchdog timeout');
    // It is well, and says so: nobody starts it again.
    const { NRestarts: before } = await service('NRestarts');
    await sleep(9000);
    expect((await service('NRestarts'))['NRestarts']).toBe(before);
  }, 120_000);

  test('stops with its nmap, and leaves nothing behind', async () => {
    const slow = '  - { name: slow, cron: "* * * * *", nmap: [-sT, --max-rate, "1", -p-, 127.0.0.1] }\n';
    writeFileSync(join(debian.path, CONFIG), debian.read(CONFIG).replace('schedules:\n', `schedules:\n${slow}`));
    await debian.run('systemctl restart portlog');
    await until('nmap runs', async () => (await processes('max-rate')) !== '');
    await debian.run('systemctl stop portlog');
    expect(await service('ActiveState', 'Result', 'MainPID')).toEqual({ ActiveState: 'inactive', Result: 'success', MainPID: '0' });
    expect(await processes('nmap')).toBe('');
    writeFileSync(join(debian.path, CONFIG), debian.read(CONFIG).replace(slow, ''));
  }, 180_000);

  test('does all of it once by its timer, too', async () => {
    await debian.run('systemctl start portlog-once.timer');
    expect(await debian.run('systemctl list-timers --no-pager')).toMatch(/02:0\d.*portlog-once\.timer/);
    await debian.run('systemctl stop portlog-once.timer; systemctl start portlog-once.service');
    expect(await debian.run('systemctl show -p Result portlog-once.service')).toBe('Result=success\n');
    expect(await debian.run('journalctl -u portlog-once.service -o cat --no-pager')).toContain('schedule each-minute: scanning');
  });
});

describe('later', () => {
  test('an upgrade keeps configuration and state, and starts again what ran', async () => {
    const before = debian.read(CONFIG);
    await debian.run('systemctl start portlog');
    const { MainPID: pid } = await service('MainPID');
    await upgradeTo(await packageOf(NEWER, 'deb'));
    expect(await debian.run("dpkg-query -f '${Version}' -W portlog")).toBe(`${NEWER}-1`);
    expect(debian.read(CONFIG)).toBe(before);
    expect(await debian.run(`stat -c '%a %U:%G' ${CONFIG} /var/lib/portlog`)).toBe('640 root:portlog\n700 portlog:portlog\n');
    const now = await service('ActiveState', 'UnitFileState', 'MainPID');
    expect(now).toMatchObject({ ActiveState: 'active', UnitFileState: 'enabled' });
    expect(now['MainPID']).not.toBe(pid);
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
    expect(await processes('bin/portlog')).toBe('');
    expect(['usr/bin/portlog', 'usr/share/man/man1/portlog.1.gz', 'usr/lib/systemd/system/portlog.service'].filter(there)).toEqual([]);
    expect([CONFIG, 'var/lib/portlog/portlog.db'].filter(there)).toHaveLength(2);
    await debian.run('apt-get purge -y portlog 2>&1');
    expect(['etc/portlog', 'var/lib/portlog', 'usr/share/doc/portlog'].filter(there)).toEqual([]);
    expect(await debian.run('find /etc -name "*portlog*"')).toBe('');
    expect(await debian.run('getent passwd portlog')).toMatch(/^portlog:/);
    // Of the tests, not of the package.
    await debian.run(`rm -r $(dirname ${QUICKLY}); systemctl daemon-reload; systemctl reset-failed`);
  });
});

test('the single program is installed by copying it', async () => {
  expect(await debian.run(commandsOf('The single program'))).toBe(`${VERSION}\n`);
  await debian.run('rm ~/.local/bin/portlog');
});

test('install.md names the files of this version', () => {
  const named = [...page('docs/how-to/install.md').matchAll(/portlog[_-](\d+\.\d+\.\d+)[-.]/g)].map(([, version]) => version);
  expect(new Set(named)).toEqual(new Set([VERSION]));
});
