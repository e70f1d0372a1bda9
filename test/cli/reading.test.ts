import { execFile, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fixture, FOOTER, host, port, scan } from '../support/scans.ts';
import { finished, freshDir, portlog, ROOT, startPortlog, untilPrinted, until } from '../support/run-portlog.ts';
import { EXAMPLE, file, events, lines, THREE } from '../support/printed.ts';

describe('reading', () => {
  test('a file, standard input, - and gzip give the same bytes but for event.created', async () => {
    const example = readFileSync(EXAMPLE);
    const runs = await Promise.all([
      portlog([EXAMPLE]),
      portlog([], { input: example }),
      portlog(['-'], { input: example }),
      portlog(['ship', file('other-name.xml.gz', gzipSync(example))]),
      portlog([], { input: gzipSync(example) }),
    ]);
    for (const { stdout, code } of runs) {
      expect(code).toBe(0);
      expect(events(stdout)).toEqual(events(runs[0].stdout));
    }
    expect(events(runs[0].stdout)).toHaveLength(13);
    expect(runs[0].stderr).toBe(
      `portlog: ${EXAMPLE}: 1 run, 3 hosts listed, 5 open ports, 4 findings\nportlog: stdout: read 13 = delivered 13 + already 0 + dead 0\n`,
    );
  });

  test('a large file, which threads read, and the same from standard input', async () => {
    const hosts = Array.from({ length: 8000 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(i + 1), `starttime="${1760000000 + i}"`));
    hosts[5000] = '<host><address addr="192.0.2.9"></host>\n';
    const large = scan(hosts.join('<taskprogress task="SYN Stealth Scan" time="1760000003" percent="12.50"/>\n'));
    const [threads, alone, stored] = await Promise.all([
      portlog([file('large.xml', large)]),
      portlog([], { input: large }),
      portlog([file('large.xml.gz', gzipSync(large, { level: 0 }))]),
    ]);
    expect(lines(threads.stdout)).toEqual(lines(alone.stdout));
    expect(lines(stored.stdout)).toEqual(lines(alone.stdout));
    expect(threads.stderr.replace(/^portlog: \S*large.xml/gm, 'portlog: standard input')).toBe(alone.stderr);
    expect(threads.stderr).toContain(`the host element of 192.0.2.9 at byte ${large.indexOf(hosts[5000])} could not be read`);
    expect(threads.code).toBe(alone.code);
  });

  test('a file and standard input', async () => {
    const { stderr, code } = await portlog([file('a.xml', THREE), '-'], { input: readFileSync(EXAMPLE) });
    expect(stderr).toContain('standard input: 1 run, 3 hosts listed, 5 open ports');
    expect(stderr).toContain('stdout: read 20 = delivered 20 + already 0 + dead 0');
    expect(code).toBe(0);
  });

  test('several files, one sum', async () => {
    const { stderr, code } = await portlog([file('a.xml', THREE), EXAMPLE]);
    expect(stderr).toContain('stdout: read 20 = delivered 20 + already 0 + dead 0');
    expect(code).toBe(0);
  });

  const useless: readonly (readonly [what: string, content: string | Uint8Array, says: string])[] = [
    ['an empty file', '', 'it is empty'],
    ['JSON', '{"a":1}', 'it looks like JSON'],
    ['a list of masscan', '#masscan\nopen tcp 80 192.0.2.1 1764000001\n# end', 'it is what masscan writes, and not as XML'],
    [
      'grepable output of masscan',
      '# Masscan 1.3.2 scan initiated Mon Nov 24\n# Ports scanned: TCP(1;80)',
      'it is what masscan writes, and not as XML',
    ],
    ['JSON of masscan', '[\n{   "ip": "192.0.2.1",   "timestamp": "1764000001"', 'it is what masscan writes, and not as XML'],
    ['a binary file of masscan', 'masscan/1.1\ns:1764000001', 'it is what masscan writes, and not as XML'],
    ['grepable output', '# Nmap 7.93 scan initiated Mon as: nmap -oG -\nHost: 192.0.2.1 ()', "it is nmap's normal or grepable output"],
    ['screen output', 'Starting Nmap 7.93 ( https://nmap.org )', "it is nmap's screen output"],
    ['HTML', '<!DOCTYPE html><html></html>', 'it is HTML'],
    ['other XML', '<?xml version="1.0"?><rss/>', 'it is XML without an <nmaprun>'],
    ['noise', Buffer.from([1, 2, 3, 250, 251]), 'there is no <nmaprun> in it'],
    ['gzip of nothing', gzipSync(''), 'it is empty'],
  ];
  test.for(useless)('%s: a sentence, what to do, and exit 3', async ([, content, says]) => {
    const path = file('input', content);
    const { stdout, stderr, code } = await portlog([path]);
    expect([stdout, code]).toEqual(['', 3]);
    expect(stderr).toMatch(new RegExp(`^portlog: ${path} is not a scan: ${says}\nportlog:   → `));
  });

  test('a directory and a missing file', async () => {
    const { stderr, code } = await portlog([ROOT, '/no/such/file.xml']);
    expect(code).toBe(3);
    expect(stderr).toContain('could not be read: it is a directory\nportlog:   → name the files in it, for example DIR/*.xml');
    expect(stderr).toContain('/no/such/file.xml could not be read: there is no such file');
  });

  test('standard input that is a file is read as one, and a directory is none', async () => {
    const shell = promisify(execFile);
    const redirected = (path: string): Promise<{ stdout: string; stderr: string }> =>
      shell('sh', ['-c', 'exec "$0" bin/portlog.js < "$1"', process.execPath, path], { cwd: ROOT, env: { PATH: process.env['PATH'] } });
    expect(events((await redirected(EXAMPLE)).stdout)).toEqual(events((await portlog([EXAMPLE])).stdout));
    expect(events((await redirected(file('scan.xml.gz', gzipSync(readFileSync(EXAMPLE))))).stdout)).toHaveLength(13);
    await expect(redirected(ROOT)).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('portlog: standard input could not be read: it is a directory\n'),
    });
  });

  test('a pipe without a writer is waited for until interrupted', async () => {
    const pipe = join(freshDir(), 'nobody');
    await promisify(execFile)('mkfifo', [pipe]);
    const state = freshDir();
    const child = startPortlog(['-v', '--state-dir', state, '--to', `file=${join(state, 'out')}`, pipe]);
    const ended = finished(child);
    // It reads next, and says nothing of it.
    await until(() => existsSync(join(state, 'portlog.db')));
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('interrupted') });
  });

  test.for<readonly [string, readonly string[]]>([
    ['a device that never ends', ['/dev/zero']],
    ['a device of noise', ['/dev/urandom']],
    ['a device in a comparison', ['diff', EXAMPLE, '/dev/zero']],
  ])('%s is no scan, which is known after 64 MiB', async ([, args]) => {
    const { code, stderr } = await portlog(args);
    // Noise may begin like JSON.
    expect([code, stderr.includes(`${args.at(-1)} is not a scan: `)]).toEqual([3, true]);
  });

  test('a socket is refused with a sentence', async () => {
    const path = join(freshDir(), 'socket');
    const server = createServer().listen(path);
    const { code, stderr } = await portlog([path]);
    server.close();
    expect([code, stderr]).toEqual([3, expect.stringContaining(`${path} could not be read: it is a socket, or a device that is not there\n`)]);
  });

  test('a named pipe is reported while it waits', async () => {
    const pipe = join(freshDir(), 'nmap');
    await promisify(execFile)('mkfifo', [pipe]);
    const child = startPortlog([pipe]);
    const ended = finished(child);
    const [begun = '', rest = ''] = THREE.split(/(?=<host [^>]*>.*192\.0\.2\.3)/);
    const writer = createWriteStream(pipe);
    writer.write(begun);
    await untilPrinted(child, 'stdout', '192.0.2.2 443/tcp open');
    writer.end(rest);
    const { stderr, code } = await ended;
    expect(stderr).toContain(`${pipe}: 1 run, 3 hosts listed, 3 open ports`);
    expect(code).toBe(0);
  });

  test('memory does not grow with the number of hosts', async () => {
    const env = { PATH: process.env['PATH'], NODE_OPTIONS: '--max-old-space-size=44' };
    const child = spawn(process.execPath, ['bin/portlog.js'], { cwd: ROOT, env, stdio: ['pipe', 'ignore', 'pipe'] });
    const ended = finished(child);
    const masscan = function* (): Generator<string> {
      yield '<nmaprun scanner="masscan" start="1760000000" version="1.0-BETA" xmloutputversion="1.03">\n';
      for (let i = 0; i < 200; i++) yield Array.from({ length: 1000 }, (_, j) => host(`10.${i}.${j >> 8}.${j & 255}`, port(80))).join('');
      yield `${FOOTER}</nmaprun>\n`;
    };
    await pipeline(masscan, child.stdin).catch(() => undefined);
    const { stderr, code } = await ended;
    expect(stderr).toContain('standard input: 1 run, 200,000 hosts listed, 200,000 open ports');
    expect(code).toBe(0);
  });

  test('one bad input among good ones: the good ones ship, exit 1', async () => {
    const { stdout, code } = await portlog(['/no/such/file.xml', EXAMPLE]);
    expect(events(stdout)).toHaveLength(13);
    expect(code).toBe(1);
  });

  test('a cut file ships its finished hosts, says what is missing, and exits 1', async () => {
    const cut = THREE.slice(0, THREE.indexOf('192.0.2.3'));
    const { stdout, stderr, code } = await portlog([file('cut.xml', cut)]);
    expect(events(stdout).map((event) => event.event.action)).toEqual([
      'host-observed',
      'port-observed',
      'host-observed',
      'port-observed',
      'scan-incomplete',
    ]);
    expect(stderr).toContain('nmap 7.93 scan incomplete: the input ends inside the host element that begins at byte');
    expect(code).toBe(1);
  });

  test('a cut gzip file too', async () => {
    const bytes = gzipSync(readFileSync(EXAMPLE));
    const { stdout, code } = await portlog([file('cut.xml.gz', bytes.subarray(0, bytes.length - 400))]);
    expect(events(stdout).at(-1).event.action).toBe('scan-incomplete');
    expect(code).toBe(1);
  });

  describe('damaged gzip: what gzip -dc gives ships, and the damage is said', () => {
    const text = Buffer.from(scan(Array.from({ length: 3000 }, (_, i) => host(`198.51.${i >> 8}.${i & 255}`, port(80))).join('')));
    const [first, second] = [gzipSync(text.subarray(0, 400_000)), gzipSync(text.subarray(400_000))];
    const whole = (): Buffer => Buffer.concat([first, second]);
    const inTheMiddle = whole().fill(0xff, first.length >> 1, (first.length >> 1) + 200);
    const checksum = whole();
    checksum.writeUInt32LE(0, first.length - 8);
    test.for([
      ['in the middle', inTheMiddle, 'member 1'],
      ['a checksum in the middle of two members', checksum, 'the checksum of member 1 is wrong'],
      ['megabytes appended', Buffer.concat([whole(), Buffer.alloc(2_000_000, 'x')]), 'what follows its member 2 is not gzip'],
    ] as const)('%s', async ([, bytes, said]) => {
      const path = file('bad.xml.gz', bytes);
      const { stdout: content } = spawnSync('gzip', ['-dc', path], { maxBuffer: 1e9 });
      const expected = lines((await portlog(['-'], { input: content })).stdout).filter(isObserved);
      expect(expected.length).toBeGreaterThan(500);
      for (const { stdout, stderr, code } of [await portlog([path]), await portlog(['-'], { input: bytes })]) {
        expect(lines(stdout).filter(isObserved).slice(0, expected.length)).toEqual(expected);
        expect(stderr).toContain('is damaged: ');
        expect(stderr).toContain(said);
        expect([1, 3]).toContain(code);
      }
    });
    const isObserved = (line: string): boolean => /"dataset":"nmap\.(?:host|port)"/.test(line);
  });

  test('a host that cannot be read is named with its byte, exit 1', async () => {
    const { stderr, code } = await portlog([file('broken.xml', THREE.replace('portid="443"', 'portid=443'))]);
    expect(stderr).toMatch(/the host element of 192\.0\.2\.2 at byte \d+ could not be read: attribute "portid" is not quoted \(byte \d+\)/);
    expect(code).toBe(1);
  });

  test('a run that nmap ended with an error is exit 3', async () => {
    const text = '<nmaprun>\n<runstats><finished time="1760000000" exit="error" errormsg="No such device"/></runstats></nmaprun>';
    const { stdout, stderr, code } = await portlog([], { input: text });
    expect(events(stdout)[0]).toMatchObject({ event: { action: 'scan-failed', outcome: 'failure' } });
    expect(stderr).toContain('nmap scan failed: No such device');
    expect(code).toBe(3);
  });

  test('zero hosts with success is success', async () => {
    expect((await portlog([], { input: scan('') })).code).toBe(0);
  });
});

test('masscan through the command', async () => {
  const { stdout, code } = await portlog([], { input: fixture('masscan.xml') });
  expect(events(stdout).map((event) => event.message)).toEqual([
    '192.0.2.9 0/icmp open',
    '192.0.2.9 80/tcp open',
    '192.0.2.9 80/tcp open',
    '192.0.2.9 80/tcp open http',
    'masscan 1.3.2 scan finished: 1 host (1 up), 1 open port, 1 open protocol in 10 s',
  ]);
  expect(code).toBe(0);
});

test('a file that threads read comes out whole: a line for each event', async () => {
  const path = join(freshDir(), 'big.xml');
  writeFileSync(path, scan(Array.from({ length: 30_000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
  const { stdout, stderr, code } = await portlog([path]);
  const lines = stdout.trimEnd().split('\n');
  expect([code, lines.filter((line) => line.includes('"port-observed"')).length]).toEqual([0, 30_000]);
  expect([lines.length, stderr]).toEqual([60_001, expect.stringContaining('stdout: read 60,001 = delivered 60,001 ')]);
});
