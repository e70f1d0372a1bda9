import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serviceState } from '../../src/cli/session/service-state.ts';
import { whoElseWrites } from '../../src/config/trust.ts';
import { canMount } from '../support/can-mount.ts';
import { portlog } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';

function rootWith(files: Readonly<Record<string, string>>): string {
  const root = freshDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('where the service keeps its state', () => {
  const unit = '[Service]\nExecStart=/usr/bin/portlog run --config /etc/portlog/portlog.yaml\nEnvironment=XDG_STATE_HOME=/var/lib\n';

  test.for<readonly [what: string, files: Readonly<Record<string, string>>, from: string | undefined, values: object]>([
    ['no service', {}, undefined, {}],
    [
      'a configuration alone',
      { 'etc/portlog/portlog.yaml': '' },
      'etc/portlog/portlog.yaml',
      { config: expect.stringMatching(/etc\/portlog\/portlog\.yaml$/) },
    ],
    [
      'the unit of a package',
      { 'usr/lib/systemd/system/portlog.service': unit },
      'usr/lib/systemd/system/portlog.service',
      { config: '/etc/portlog/portlog.yaml' },
    ],
    [
      "an administrator's",
      {
        'usr/lib/systemd/system/portlog.service': unit,
        'etc/systemd/system/portlog.service': unit.replace('--config /etc/portlog/portlog.yaml', '\\\n  --state-dir=/srv/state'),
      },
      'etc/systemd/system/portlog.service',
      { 'state-dir': '/srv/state' },
    ],
    [
      'a change beside it',
      {
        'usr/lib/systemd/system/portlog.service': unit,
        'etc/systemd/system/portlog.service.d/10.conf': '[Service]\nExecStart=\nExecStart=portlog run --config=/srv/p.yaml\n',
      },
      'usr/lib/systemd/system/portlog.service',
      { config: '/srv/p.yaml' },
    ],
    [
      'variables',
      {
        'etc/systemd/system/portlog.service': '[Service]\nExecStart=portlog run\nEnvironment="PORTLOG_CONFIG=/srv/p.yaml" PORTLOG_STATE_DIR=/srv/s\n',
      },
      'etc/systemd/system/portlog.service',
      { 'config': '/srv/p.yaml', 'state-dir': '/srv/s' },
    ],
    [
      'run by a timer',
      { 'etc/systemd/system/portlog-once.service': unit },
      'etc/systemd/system/portlog-once.service',
      { config: '/etc/portlog/portlog.yaml' },
    ],
  ])('%s', ([, files, from, values]) => {
    const root = rootWith(files);
    const found = serviceState(root);
    expect(found?.from).toBe(from === undefined ? undefined : join(root, from));
    if (found !== undefined) expect([found.values, found.env]).toEqual([values, { XDG_STATE_HOME: '/var/lib' }]);
  });
});

test.skipIf(process.getuid?.() !== 0)('a user who may not read the configuration of the service sees nothing of it, and can use portlog', () => {
  const root = rootWith({ 'etc/portlog/portlog.yaml': 'site: berlin\n' });
  chmodSync(join(root, 'etc/portlog'), 0o700);
  expect(serviceState(root)).toBeDefined();
  process.seteuid?.(65_534);
  try {
    expect(serviceState(root)).toBeUndefined();
    expect(whoElseWrites(join(root, 'etc/portlog/portlog.yaml'), { uid: 65_534, gid: 65_534 })).toBeUndefined();
  } finally {
    process.seteuid?.(0);
  }
});

test.skipIf(!canMount())('status shows the state of the service, and says so (needs the right to mount)', async () => {
  const etc = rootWith({ 'portlog/portlog.yaml': 'site: berlin\nstateDir: /opt/portlog-state\nsites: { berlin: { maxAgeHours: 1 } }\n' });
  const opt = freshDir();
  await portlog([
    join(ROOT, 'examples/loopback.xml'),
    '--site',
    'berlin',
    '--state-dir',
    join(opt, 'portlog-state'),
    '--to',
    `file=${join(opt, 'x')}`,
  ]);
  const program = process.env['PORTLOG_PROGRAM'] ?? `${process.execPath} ${join(ROOT, 'bin/portlog.js')}`;
  const inside = (command: string): string =>
    execFileSync(
      'unshare',
      [
        '-m',
        'bash',
        '--norc',
        '-c',
        `mount --bind ${etc} /etc && mount --bind ${opt} /opt && export HOME=${freshDir()} && { ${command}; } 2>&1; echo exit $?`,
      ],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      },
    );
  const said = inside(`${program} status`);
  expect(said).toContain(
    'portlog: this is the state of the service (/etc/portlog/portlog.yaml); other commands find it with --config /etc/portlog/portlog.yaml\n',
  );
  expect(said).toMatch(/^state {5}\/opt\/portlog-state\/portlog\.db, /m);
  expect(said).toMatch(/berlin: 3 hosts known, .* OVERDUE\nsink .*\nexit 1\n$/);
  expect(inside(`${program} status --state-dir /opt/portlog-state`)).not.toContain('this is');
  const own = inside(`${program} -q ${join(ROOT, 'examples/loopback.xml')} --to file=$HOME/x && ${program} status`);
  expect(own).toContain(
    'portlog: this is your own state; that of the service (/etc/portlog/portlog.yaml) is shown by portlog status --config /etc/portlog/portlog.yaml\n',
  );
  expect(own).toMatch(/default: 3 hosts known/);
  // A HOME that may not be read, as setpriv and su without a dash leave it. The user is the owner of this checkout, who can read it wherever it lies, and has no rights of root.
  const { uid } = statSync(ROOT);
  const elsewhere = inside(
    `chmod 755 /etc /opt && chown -R ${uid} /opt/portlog-state && chown ${uid} $HOME && chmod 000 $HOME && HOME=$HOME setpriv --reuid=${uid} --clear-groups --bounding-set=-all ${program} status`,
  );
  expect(elsewhere).toMatch(/portlog\.db cannot be opened: permission is denied\n[^]*this is the state of the service/);
  expect(elsewhere).toMatch(/berlin: 3 hosts known/);
});
