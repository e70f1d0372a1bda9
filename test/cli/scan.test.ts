import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nmapArguments } from '../../src/source/nmap-arguments.ts';
import { finished, freshDir, portlog, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const HAS_NMAP = (() => {
  try {
    execFileSync('nmap', ['--version']);
    return true;
  } catch {
    return false;
  }
})();
// CI installs nmap: a skipped test there would hide that it is gone.
const withoutNmap = !HAS_NMAP && process.env['CI'] === undefined;

const WHOLE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)));
const FIRST = WHOLE.slice(0, WHOLE.indexOf('<host', WHOLE.indexOf('192.0.2.1')));

/** A program that stands in for nmap: writes its arguments to a file, then does what the shell script says. */
function fakeNmap(script: string): { path: string; folder: string; args: () => string[] } {
  const folder = freshDir();
  const path = join(folder, 'nmap');
  writeFileSync(join(folder, 'first'), FIRST);
  writeFileSync(join(folder, 'whole'), WHOLE);
  writeFileSync(path, `#!/bin/sh\ncd "${folder}"\nfor a in "$@"; do printf '%s\\n' "$a"; done > args\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, folder, args: () => readFileSync(join(folder, 'args'), 'utf8').trim().split('\n') };
}

test.skipIf(withoutNmap)('targets from a file are known, because portlog can read it', async () => {
  const list = join(freshDir(), 'targets.txt');
  const state = ['--state-dir', freshDir()];
  const args = ['scan', ...state, '--changes', '--to', 'stdout', '--', '-n', '-sT', '-p', '9', '-iL', list];
  writeFileSync(list, '127.0.0.1-3 # loopback\n127.0.0.9\n');
  expect((await portlog(args)).stdout).toContain('4 hosts seen for the first time');
  writeFileSync(list, '127.0.0.1-3\n');
  // In another second, or nmap's header would say that it is the same run.
  await new Promise((resolve) => setTimeout(resolve, 1001));
  const { stdout } = await portlog(args);
  expect(stdout).toContain('the scan looked at less: 3 addresses, 4 the last time');
  // nmap says in a run of its own only that there is a list.
  const inventory = await portlog(['inventory', ...state, '--format', 'csv']);
  expect(inventory.stdout.trim().split('\r\n')).toHaveLength(5);
});

/** A process of that group is. */
function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

function actions(stdout: string): string[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: { action: string } }).event.action);
}

describe('what nmap is told', () => {
  test('-oX - and -v are added, once', () => {
    expect(nmapArguments(['-sV', '192.0.2.1'])).toEqual(['-oX', '-', '-v', '-sV', '192.0.2.1']);
    expect(nmapArguments(['-oX', '-', '-vv', 'a'])).toEqual(['-oX', '-', '-vv', 'a']);
    expect(nmapArguments(['-oN', 'f.txt', 'a'])).toEqual(['-oX', '-', '-v', '-oN', 'f.txt', 'a']);
  });
  test.for([
    ['-oX', 'f.xml'],
    ['-oX=f.xml'],
    ['--oX', 'f.xml'],
    ['--oX=f.xml'],
    ['-oXf.xml'],
    ['-n', '-oX'],
    ['-oA', 'base'],
    ['-oAbase'],
    ['-oA=base'],
    ['--oA', 'base'],
    ['--resume', 'log'],
    ['--resu', 'log'],
    ['-resume', 'log'],
    ['-oN', '-'],
    ['--oN=-'],
    ['-oG-'],
    ['-oS', '-'],
    ['-m', '-'],
    ['-o', '-'],
    ['-no', '-'],
    ['--append-output'],
    ['--append_output'],
    ['--app'],
    ['-append-output'],
    ['192.0.2.1', '--append'],
    ['--stylesheet', 'x.xsl'],
    ['-styl=x.xsl'],
    ['--script-updatedb'],
    ['-script-up'],
  ])('%j is refused with a reason', (args) => {
    expect(() => nmapArguments(args)).toThrow(/^nmap's option --?\S+ .*cannot be used with portlog scan: ./);
  });

  // A word behind an option is its value, as nmap sees it.
  test.for([
    ['--script-args', '--append-output'],
    ['-p', '-oX'],
    ['-e', '-oA'],
    ['-sV', '--', '--append-output', '-oX'],
    ['-oX=-'],
    ['--oX', '-'],
    ['--oN', 'f.txt'],
    ['--script', 'http-title', '--open'],
  ])('%j passes', (args) => {
    expect(nmapArguments(args).slice(-args.length)).toEqual(args);
  });

  test('it is as verbose as it was told to be, however that is spelled', () => {
    for (const word of ['-v2', '-nv', '--verb', '-debug=3', '-d']) expect(nmapArguments([word, 'a']), word).not.toContain('-v');
    for (const word of ['--version-trace', '-oN=verbose', '-sV']) expect(nmapArguments([word, 'a']), word).toContain('-v');
  });

  test('it gets of the environment what it needs, and no secret', async () => {
    const nmap = fakeNmap('env > environment; cat whole');
    const env = { PORTLOG_ELASTICSEARCH_API_KEY: 's3cr3t', AWS_SECRET_ACCESS_KEY: 's3cr3t', LC_ALL: 'C.UTF-8', NMAP_PRIVILEGED: '' };
    expect((await portlog(['scan', '--nmap', nmap.path, '--', 'x'], { env })).code).toBe(0);
    const got = readFileSync(join(nmap.folder, 'environment'), 'utf8');
    expect(got).toMatch(/^LC_ALL=C\.UTF-8$/m);
    expect(got).toMatch(/^NMAP_PRIVILEGED=$/m);
    expect(got).toMatch(/^PATH=./m);
    expect(got).not.toContain('s3cr3t');
  });

  test('arguments reach it as they are, without a shell', async () => {
    const nmap = fakeNmap('cat whole');
    await portlog(['scan', '--nmap', nmap.path, '--', '--script-args', 'a=$(id);b=`id`', '192.0.2.0/24']);
    expect(nmap.args()).toEqual(['-oX', '-', '-v', '--script-args', 'a=$(id);b=`id`', '192.0.2.0/24']);
  });
});

describe('while nmap runs', () => {
  test('the first host ships before nmap is done', async () => {
    const nmap = fakeNmap('cat first; sleep 20');
    const child = startPortlog(['scan', '--nmap', nmap.path, '--', 'x']);
    const done = finished(child);
    await untilPrinted(child, 'stdout', '"192.0.2.1 80/tcp open http"');
    child.kill('SIGTERM');
    const { stdout, code } = await done;
    expect(actions(stdout)).toEqual(['scan-started', 'host-observed', 'port-observed', 'scan-incomplete']);
    expect(code).toBe(130);
  });

  test('an nmap that does not stop on SIGINT is ended', async () => {
    const nmap = fakeNmap("trap '' INT; cat first; while :; do sleep 0.2; done");
    const child = startPortlog(['scan', '--nmap', nmap.path, '--', 'x']);
    const done = finished(child);
    await untilPrinted(child, 'stdout', '"192.0.2.1 80/tcp open http"');
    child.kill('SIGINT');
    const { stdout, code } = await done;
    expect(actions(stdout).at(-1)).toBe('scan-incomplete');
    expect(code).toBe(130);
  });

  test.for([
    ['SIGKILL', null],
    ['SIGHUP', 130],
  ] as const)('nmap ends with portlog: %s', async ([signal, code]) => {
    const nmap = fakeNmap('echo $$ > pid; cat first; sleep 100');
    const child = startPortlog(['scan', '--nmap', nmap.path, '--', 'x']);
    const done = finished(child);
    await untilPrinted(child, 'stdout', '"192.0.2.1 80/tcp open http"');
    const group = Number(readFileSync(join(nmap.folder, 'pid'), 'utf8'));
    expect(isThere(group)).toBe(true);
    child.kill(signal);
    expect((await done).code).toBe(code);
    await until(() => !isThere(group));
  });

  // The shell stands for nmap, the sleep, which a shell starts so that it is deaf to SIGINT, for what nmap starts.
  test.for(['SIGKILL', 'SIGTERM'] as const)('child processes of nmap that ignore signals end with portlog, too: %s', async (signal) => {
    const nmap = fakeNmap('echo $$ > pid; cat first; sleep 100 & wait');
    const child = startPortlog(['scan', '--nmap', nmap.path, '--', 'x']);
    await untilPrinted(child, 'stdout', '"192.0.2.1 80/tcp open http"');
    const group = Number(readFileSync(join(nmap.folder, 'pid'), 'utf8'));
    child.kill(signal);
    await until(() => !isThere(group));
  });

  test('the scanner host is named, because portlog ran it here', async () => {
    const { stdout, code } = await portlog(['scan', '--nmap', fakeNmap('cat whole').path, '--', 'x']);
    expect(actions(stdout)).toEqual(['scan-started', 'host-observed', 'port-observed', 'host-observed', 'port-observed', 'scan-finished']);
    expect(JSON.parse(stdout.split('\n', 1)[0] as string).observer.hostname).toMatch(/.+/);
    expect(code).toBe(0);
  });

  test("nmap's stderr and exit code are reported, exit 3", async () => {
    const { stderr, code } = await portlog(['scan', '--nmap', fakeNmap('echo "dnet: Failed to open device" >&2; exit 1').path, '--', 'x']);
    expect(stderr).toContain('portlog: nmap: dnet: Failed to open device\n');
    expect(stderr).toContain('nmap ended with exit code 1');
    expect(code).toBe(3);
    // It is portlog that runs nmap: there is nothing to be written otherwise.
    expect(stderr).toContain('portlog: nmap did not start a scan\nportlog:   → nmap says why, above\n');
    expect(stderr).not.toContain('-oX');
  });

  test('no nmap: a sentence, exit 3', async () => {
    const { stderr, code } = await portlog(['scan', '--nmap', '/no/nmap', '--', 'x']);
    expect(stderr).toContain('there is no program "/no/nmap"\nportlog:   → install nmap, or name it with --nmap PATH');
    expect(code).toBe(3);
  });

  test('an nmap that may not be run: a sentence, exit 3', async () => {
    const { path } = fakeNmap('');
    chmodSync(path, 0o644);
    const { stderr, code } = await portlog(['scan', '--nmap', path, '--', 'x']);
    expect(stderr).toContain(`portlog: ${path} could not be run: permission is denied\n`);
    expect(code).toBe(3);
  });
});

describe.skipIf(withoutNmap)('a real nmap on loopback', () => {
  test('down to the events', async () => {
    const { stdout, stderr, code } = await portlog(['scan', '--all', '--', '-sT', '-p', '1', '127.0.0.1']);
    expect(code, stderr).toBe(0);
    expect(actions(stdout)).toEqual(['scan-started', 'host-observed', 'port-observed', 'scan-finished']);
    expect(stdout).toContain('"127.0.0.1 1/tcp closed tcpmux"');
  });

  test('an interface that does not exist fails with its reason', async () => {
    const { stdout, stderr, code } = await portlog(['scan', '--', '-e', 'nosuch0', '127.0.0.1']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/scan failed|nmap ended/);
    expect(existsSync('nosuch0')).toBe(false);
    expect(stdout === '' || actions(stdout).includes('scan-failed')).toBe(true);
  });
});
