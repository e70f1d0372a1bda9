import { execFile, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fixture, FOOTER, host, port, scan } from '../support/scans.ts';
import { finished, freshDir, portlog, ROOT, startPortlog, untilPrinted } from '../support/run-portlog.ts';
import { answer, bulkAnswer, bulkFates, healthy, scriptedServer } from '../support/scripted-server.ts';

const EXAMPLE = join(ROOT, 'examples/loopback.xml');
const THREE = scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(443)) + host('192.0.2.3', port(22)));

/** Without `event.created`, which is the time of reading. */
function events(stdout: string): any[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { event, ...rest } = JSON.parse(line) as { event: { created?: string } };
      delete event.created;
      return { event, ...rest };
    });
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(freshDir(), name);
  writeFileSync(path, content);
  return path;
}

test('who says it: the sensor, else this host, and on standard output alone nobody in particular', async () => {
  const named = async (...args: readonly string[]): Promise<readonly unknown[]> => {
    const out = join(freshDir(), 'out');
    const { stdout } = await portlog([...args, '--state-dir', freshDir(), EXAMPLE].map((word) => (word === 'FILE' ? `file=${out}` : word)));
    const [first] = events(args.includes('FILE') ? readFileSync(out, 'utf8') : stdout);
    return [first.agent.name, first.observer.name];
  };
  expect(await named()).toEqual(['portlog', undefined]);
  expect(await named('--to', 'stdout')).toEqual(['portlog', undefined]);
  expect(await named('--to', 'FILE')).toEqual([hostname(), undefined]);
  expect(await named('--to', 'stdout', '--sensor', 'branch-3')).toEqual(['branch-3', 'branch-3']);
  expect(await named('--to', 'FILE', '--sensor', 'branch-3')).toEqual(['branch-3', 'branch-3']);
  const { code, stderr } = await portlog(['--sensor', 'a b', EXAMPLE]);
  expect([code, stderr.includes('--sensor "a b": only letters')]).toEqual([2, true]);
});

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
      `portlog: ${EXAMPLE}: 1 run, 3 hosts listed, 5 open ports\nportlog: stdout: read 13 = delivered 13 + already 0 + dead 0\n`,
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
    expect(events(threads.stdout)).toEqual(events(alone.stdout));
    expect(events(stored.stdout)).toEqual(events(alone.stdout));
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
    expect(stderr).toMatch(new RegExp(`^portlog: ${path} is no scan: ${says}\nportlog:   → `));
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

  test('a pipe into which nobody writes is waited for until somebody ends it', async () => {
    const pipe = join(freshDir(), 'nobody');
    await promisify(execFile)('mkfifo', [pipe]);
    const child = startPortlog(['-v', pipe]);
    const ended = finished(child);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('interrupted') });
  });

  test.for<readonly [string, readonly string[]]>([
    ['a device that never ends', ['/dev/zero']],
    ['a device of noise', ['/dev/urandom']],
    ['a device in a comparison', ['diff', EXAMPLE, '/dev/zero']],
  ])('%s is no scan, and that is known behind 64 MiB', async ([, args]) => {
    const { code, stderr } = await portlog(args);
    expect([code, stderr.includes(`${args.at(-1)} is no scan: there is no <nmaprun> in it`)]).toEqual([3, true]);
  });

  test('a socket is refused with a sentence', async () => {
    const path = join(freshDir(), 'socket');
    const server = createServer().listen(path);
    const { code, stderr } = await portlog([path]);
    server.close();
    expect([code, stderr]).toEqual([3, expect.stringContaining(`${path} could not be read: it is a socket, or a device that is not there\n`)]);
  });

  test('a pipe with a name is told of while it is written', async () => {
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
      ['megabytes appended', Buffer.concat([whole(), Buffer.alloc(2_000_000, 'x')]), 'what follows behind its member 2 is not gzip'],
    ] as const)('%s', async ([, bytes, said]) => {
      const path = file('bad.xml.gz', bytes);
      const { stdout: content } = spawnSync('gzip', ['-dc', path], { maxBuffer: 1e9 });
      const expected = events((await portlog(['-'], { input: content })).stdout).filter(isObserved);
      expect(expected.length).toBeGreaterThan(500);
      for (const { stdout, stderr, code } of [await portlog([path]), await portlog(['-'], { input: bytes })]) {
        expect(events(stdout).filter(isObserved).slice(0, expected.length)).toEqual(expected);
        expect(stderr).toContain('is damaged: ');
        expect(stderr).toContain(said);
        expect([1, 3]).toContain(code);
      }
    });
    const isObserved = ({ event }: any): boolean => event.dataset === 'nmap.host' || event.dataset === 'nmap.port';
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

describe('printing', () => {
  test('--format otel: one request a line', async () => {
    const { stdout } = await portlog(['--format', 'otel', EXAMPLE]);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(13);
    for (const line of lines) expect(JSON.parse(line).resourceLogs[0].scopeLogs[0].logRecords).toHaveLength(1);
  });

  test('--format table: for people', async () => {
    const { stdout } = await portlog(['--format', 'table', EXAMPLE]);
    expect(stdout).toContain('127.0.0.1 (localhost) up: 4 open, 2 closed');
    expect(stdout).toMatch(/ {2}8443\/tcp +open +https +OpenSSL s_server/);
  });

  test('--quiet says nothing when all is well, --json says all in one line', async () => {
    expect((await portlog(['-q', EXAMPLE])).stderr).toBe('');
    const { stderr } = await portlog(['-q', '--json', EXAMPLE]);
    expect(JSON.parse(stderr)).toMatchObject({
      exit: 0,
      sinks: [{ sink: 'stdout', read: 13, delivered: 13, dead: 0 }],
      inputs: [{ hosts: 3, openPorts: 5 }],
    });
  });

  test('a closed pipe is no error', async () => {
    const shell = promisify(execFile);
    const big = file('big.xml', scan(Array.from({ length: 5000 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(80))).join('')));
    const { stdout } = await shell(
      'bash',
      [
        '-c',
        `set -o pipefail; "${process.execPath}" bin/portlog.js -q --json "${big}" 2>/tmp/portlog-pipe-$$ | head -1; echo "\${PIPESTATUS[0]}"; cat /tmp/portlog-pipe-$$; rm /tmp/portlog-pipe-$$`,
      ],
      { cwd: ROOT },
    );
    const [, code, summary] = stdout.trim().split('\n');
    expect(code).toBe('0');
    const { sinks } = JSON.parse(summary as string) as { sinks: Record<string, number>[] };
    expect(sinks[0]?.['read']).toBe((sinks[0]?.['delivered'] ?? 0) + (sinks[0]?.['discarded'] ?? 0));
    expect(sinks[0]?.['discarded']).toBeGreaterThan(0);
  });

  test('stdout touches no state', async () => {
    const home = freshDir();
    await portlog([EXAMPLE], { env: { HOME: home } });
    expect(readdirSync(home)).toEqual([]);
  });
});

describe('usage', () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [['--too', 'x'], 'there is no option --too\nportlog:   → did you mean --to?'],
    [
      ['--to', 'elastic=https://x', EXAMPLE],
      'there is no sink "elastic"\nportlog:   → there are: stdout, alertmanager, elasticsearch, exec, file, http, loki, opensearch, otlp, syslog, wazuh',
    ],
    [['--to', 'elasticsearch=nonsense', EXAMPLE], '"nonsense" is no URL for elasticsearch'],
    [['--to', 'elasticsearch=https://me:secret@host:9200', EXAMPLE], 'the URL for elasticsearch carries a user or password'],
    [['--format', 'xml', EXAMPLE], '--format "xml": there is no such choice'],
    [['--format', 'table', '--to', 'stdout', EXAMPLE], '--format table is for standard output without --to'],
    [['--site', 'a b', EXAMPLE], '--site "a b": only letters, digits, dots, hyphens and underscores, at most 64'],
    [['--namespace', 'A-B', EXAMPLE], '--namespace "A-B"'],
    [['--label', 'x', EXAMPLE], '--label x: write NAME=TEXT'],
    [['--retry-for-seconds', 'x', EXAMPLE], '--retry-for-seconds needs a number that is not negative'],
    [['--site', 'a', '--site', 'b', EXAMPLE], '--site was given twice'],
    [['scan'], 'portlog scan needs arguments for nmap'],
    [['scan', '-sV', '127.0.0.1'], "put nmap's arguments behind --"],
    [['setup', 'constructor'], 'there is nothing to set up for "constructor"'],
    [['setup', 'splunk'], 'there is nothing to set up for "splunk"'],
    [['--ca-file', '/no/ca.pem', '--to', 'elasticsearch=https://127.0.0.1:1', EXAMPLE], 'the CA file /no/ca.pem cannot be used'],
  ];
  test.for(wrong)('%j: exit 2 and a sentence', async ([args, says]) => {
    const { stdout, stderr, code } = await portlog(args);
    expect(stderr).toContain(says);
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).not.toContain('secret');
  });

  test('--help and --version', async () => {
    const help = await portlog(['--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const word of ['portlog scan', '--to', 'Examples:', 'Exit:']) expect(help.stdout).toContain(word);
    expect((await portlog(['--version'])).stdout).toBe('0.1.0\n');
  });
});

describe('configuration', () => {
  const yaml = (text: string): string => file('portlog.yaml', text);

  test('flag before environment before file', async () => {
    const config = yaml('site: from-file\nnamespace: from_file\ntags: [from-file]\nlabels: { team: net }\n');
    const { stdout } = await portlog(['--config', config, '--site', 'from-flag', EXAMPLE], {
      env: { PORTLOG_SITE: 'from-env', PORTLOG_NAMESPACE: 'from_env' },
    });
    expect(events(stdout)[0]).toMatchObject({
      nmap: { site: 'from-flag' },
      data_stream: { namespace: 'from_env' },
      tags: ['from-file'],
      labels: { team: 'net' },
    });
  });

  test('a rule that there is not: exit 2 and the nearest one', async () => {
    const { stderr, code } = await portlog(['--config', yaml('findings: { rules: { nmap-service-telnett: { silence: true } } }\n'), EXAMPLE]);
    expect([code, stderr]).toEqual([
      2,
      'portlog: findings.rules: there is no rule "nmap-service-telnett"\nportlog:   → did you mean "nmap-service-telnet"?\n',
    ]);
    const silent = await portlog([
      '--config',
      yaml('findings: { rules: { nmap-service-telnet: { silence: true }, nmap-service-ftp: { severity: critical } } }\n'),
      EXAMPLE,
    ]);
    expect(
      events(silent.stdout)
        .filter(({ event }) => event.dataset === 'nmap.finding')
        .map(({ event }) => event.severity),
    ).toEqual([99, 21, 21]);
  });

  const wrong: readonly (readonly [text: string, says: string])[] = [
    ['sit: x\n', 'sit: there is no such setting; did you mean "site"?'],
    ['sinks:\n- type: elasticsearch\n  ulr: https://x\n', 'sinks.0.ulr: there is no such setting; did you mean "url"?'],
    ['all: maybe\n', 'all: must be true or false'],
    ['sinks:\n- url: https://x\n', 'sinks.0: "type" is missing'],
    [
      'sinks:\n- type: splunk\n',
      'sinks.0.type: must be one of alertmanager, elasticsearch, exec, file, http, loki, opensearch, otlp, stdout, syslog, wazuh',
    ],
    ['site: [\n', 'is not valid YAML'],
    ['sinks:\n- type: elasticsearch\n  apiKey: ${NO_SUCH_KEY}\n', 'sinks.0.apiKey needs the environment variable NO_SUCH_KEY, which is not set'],
  ];
  test.for(wrong)('%j: exit 2 and a sentence', async ([text, says]) => {
    const config = yaml(text);
    const { stderr, code } = await portlog(['--config', config, EXAMPLE]);
    expect(stderr).toContain(config);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test('a missing file', async () => {
    expect((await portlog(['--config', '/no/portlog.yaml', EXAMPLE])).stderr).toBe(
      'portlog: the configuration /no/portlog.yaml could not be read: there is no such file\nportlog:   → check its path and its permissions\n',
    );
  });
});

describe('shipping to a server', () => {
  test('secrets from environment, file and command reach the server and nothing else', async () => {
    const server = await scriptedServer((seen, response) => {
      if (!healthy(seen, response)) answer(response, 200, bulkAnswer(seen.body));
    });
    const to = `elasticsearch=${server.url.origin}`;
    const secretFile = file('key', 'aWQ6ZmlsZS1zZWNyZXQ=\n');
    const sources: readonly Record<string, string>[] = [
      { PORTLOG_ELASTICSEARCH_API_KEY: 'aWQ6ZW52LXNlY3JldA==' },
      { PORTLOG_ELASTICSEARCH_API_KEY_FILE: secretFile },
      { PORTLOG_ELASTICSEARCH_API_KEY_COMMAND: `cat ${secretFile}` },
      { PORTLOG_ELASTICSEARCH_USER: 'u', PORTLOG_ELASTICSEARCH_PASSWORD: 'pass-secret' },
      { PORTLOG_ELASTICSEARCH_BEARER: 'bearer-secret' },
    ];
    for (const env of sources) {
      const { stdout, stderr, code } = await portlog(['--verbose', '--json', '--to', to, EXAMPLE], { env });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(/secret|c2Vjcm/i);
    }
    await server.stop();
    const used = new Set(server.seen.map(({ headers }) => headers.authorization));
    const basic = `Basic ${Buffer.from('u:pass-secret').toString('base64')}`;
    expect(used).toEqual(new Set(['ApiKey aWQ6ZW52LXNlY3JldA==', 'ApiKey aWQ6ZmlsZS1zZWNyZXQ=', basic, 'Bearer bearer-secret']));
  });

  const NOWHERE = ['--to', 'elasticsearch=http://127.0.0.1:1', '--retry-for-seconds', '0'];

  test('nothing listens there: what was read waits on disk, exit 5 says what to do', async () => {
    const { stderr, code } = await portlog([...NOWHERE, EXAMPLE]);
    expect(stderr).toBe(
      [
        'portlog: http://127.0.0.1:1 cannot be reached: nothing listens there',
        'portlog:   → check host and port, and whether the server is running',
        'portlog: the scan is read all the same; what cannot be delivered waits on disk',
        `portlog: ${EXAMPLE}: 1 run, 3 hosts listed, 5 open ports`,
        'portlog: http://127.0.0.1:1 cannot be reached: nothing listens there',
        'portlog:   → check host and port, and whether the server is running',
        'portlog: elasticsearch http://127.0.0.1:1: 29 events wait on disk',
        'portlog:   → when it works again: portlog replay (the next run sends them, too)',
        'portlog: elasticsearch http://127.0.0.1:1: read 15 = delivered 0 + already 0 + dead 0 + spooled 15',
        '',
      ].join('\n'),
    );
    expect(code).toBe(5);
  });

  test('a wrong key: nothing is read from a file, exit 2', async () => {
    const server = await scriptedServer((_, response) => answer(response, 401, {}));
    const { stderr, code } = await portlog(['--to', `elasticsearch=${server.url.origin}`, EXAMPLE]);
    await server.stop();
    expect(stderr).toContain('does not accept the credentials');
    expect(stderr).toContain('nothing was read, so nothing is lost: ship again when this is mended');
    expect(code).toBe(2);
  });

  test('a sink that is down, or that hangs, costs the others nothing', async () => {
    const hanging = await scriptedServer(() => undefined);
    const config = file('portlog.json', JSON.stringify({ sinks: [{ type: 'elasticsearch', url: hanging.url.origin, timeoutSeconds: 1 }] }));
    const out = join(freshDir(), 'events.ndjson');
    const state = freshDir();
    const args = ['--config', config, '--to', 'elasticsearch', '--to', 'loki=http://127.0.0.1:1', '--to', `file=${out}`, '--to', 'stdout'];
    const { stdout, stderr, code } = await portlog([...args, '--retry-for-seconds', '0', '--state-dir', state, EXAMPLE]);
    await hanging.stop();
    expect(events(stdout)).toHaveLength(13);
    expect(stderr).toContain('stdout: read 13 = delivered 13 + already 0 + dead 0\n');
    expect(stderr).toContain(`file ${out}: read 15 = delivered 15 + already 0 + dead 0\n`);
    expect(stderr).toContain(`elasticsearch ${hanging.url.origin}: read 15 = delivered 0 + already 0 + dead 0 + spooled 15`);
    expect(stderr).toContain('loki http://127.0.0.1:1: read 15 = delivered 0 + already 0 + dead 0 + spooled 15');
    expect(code).toBe(5);
    // The file is told of both, and of how the run ended; standard output says the scan and nothing else.
    const health = events(readFileSync(out, 'utf8')).filter(({ event }) => event.dataset === 'nmap.health');
    expect(health.map(({ event }) => event.action)).toEqual(['delivery-problem', 'delivery-problem', 'run-summary']);
    expect(health[2].nmap.delivery).toMatchObject({ read: 45, delivered: 15, spooled: 30 });
  });

  test('a state directory that cannot be used: exit 4 before anything is read', async () => {
    const state = file('not-a-directory', '');
    const { stderr, code } = await portlog([...NOWHERE, '--state-dir', state], { input: THREE });
    expect(stderr).toBe(
      `portlog: ${state}/portlog.db cannot be made: a part of its path is no directory\nportlog:   → name another directory with --state-dir\n`,
    );
    expect(code).toBe(4);
  });

  test('a rejected event is a dead letter with the reason of the server, exit 1', async () => {
    const server = await scriptedServer((seen, response) => {
      if (healthy(seen, response)) return;
      const isBad = (i: number): boolean => seen.body.includes('nmap.host-default') && i === 0;
      const bad = { status: 400, error: { type: 'document_parsing_exception', reason: 'no' } };
      answer(
        response,
        200,
        bulkFates(seen.body, (_, i) => (isBad(i) ? bad : { status: 201 })),
      );
    });
    const { stderr, code } = await portlog(['--to', `elasticsearch=${server.url.origin}`, '--state-dir', freshDir(), EXAMPLE]);
    await server.stop();
    expect(stderr).toContain('1 event could not be delivered (document_parsing_exception: no)');
    expect(stderr).toContain('read 15 = delivered 14 + already 0 + dead 1');
    expect(code).toBe(1);
  });
});

describe('Ctrl-C', () => {
  test('delivers what was read, says the sum, exits 130', async () => {
    const child = startPortlog([]);
    const done = finished(child);
    const half = THREE.slice(0, THREE.indexOf('<host', THREE.indexOf('192.0.2.2')));
    child.stdin?.on('error', () => undefined).write(half);
    await untilPrinted(child, 'stdout', '192.0.2.2');
    child.kill('SIGINT');
    const { stdout, stderr, code } = await done;
    expect(events(stdout).map((event) => event.event.action)).toEqual([
      'host-observed',
      'port-observed',
      'host-observed',
      'port-observed',
      'scan-incomplete',
    ]);
    expect(stderr).toContain('stdout: read 5 = delivered 5 + already 0 + dead 0');
    expect(code).toBe(130);
  });

  test('what the other end of the pipe still wrote is read', async () => {
    const child = startPortlog([]);
    const done = finished(child);
    const half = THREE.indexOf('<host', THREE.indexOf('192.0.2.1'));
    child.stdin?.on('error', () => undefined).write(THREE.slice(0, half));
    await untilPrinted(child, 'stdout', '192.0.2.1');
    child.kill('SIGINT');
    await untilPrinted(child, 'stderr', 'interrupted: delivering what was read');
    child.stdin?.end(THREE.slice(half, -20));
    const { stdout, code } = await done;
    expect(events(stdout).filter((event) => event.event.action === 'host-observed')).toHaveLength(3);
    expect(code).toBe(130);
  });

  test('while a server is down: what was read is kept', async () => {
    const state = freshDir();
    const server = await scriptedServer((seen, response) => {
      if (!healthy(seen, response)) answer(response, 503, {});
    });
    const child = startPortlog(['--to', `elasticsearch=${server.url.origin}`, '--state-dir', state, '--verbose']);
    const done = finished(child);
    child.stdin?.on('error', () => undefined).write(THREE.slice(0, -30));
    while (!server.seen.some(({ method }) => method === 'POST')) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 1500);
    const { stderr, code } = await done;
    await server.stop();
    expect(code).toBe(130);
    expect(stderr).toMatch(/read 8 = delivered 0 \+ already 0 \+ dead 0 \+ spooled 8\n$/);
  });
});

test('an old Node gets one clear sentence', async () => {
  const script = `Object.defineProperty(process.versions, 'node', { value: '20.11.0' }); import(${JSON.stringify(join(ROOT, 'bin/portlog.js'))})`;
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', script]).catch((error: { stderr: string }) => error);
  expect(stderr).toBe(
    'portlog: needs Node 22.19 or newer, and this is 20.11.0; the single program and the packages for Debian and Red Hat need no Node (docs/how-to/install.md), or install a current one\n',
  );
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

test('check says what it found', async () => {
  const state = join(freshDir(), 'x');
  mkdirSync(state);
  const { stdout, code } = await portlog(['check', '--to', 'elasticsearch=http://127.0.0.1:1', '--state-dir', state]);
  expect(stdout).toContain('error   http://127.0.0.1:1 cannot be reached: nothing listens there');
  expect(stdout).toContain('does not survive a restart');
  expect(code).toBe(5);
});

test('a file that threads read comes out whole: a line for each event', async () => {
  const path = join(freshDir(), 'big.xml');
  writeFileSync(path, scan(Array.from({ length: 30_000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
  const { stdout, stderr, code } = await portlog([path]);
  const lines = stdout.trimEnd().split('\n');
  expect([code, lines.filter((line) => line.includes('"port-observed"')).length]).toEqual([0, 30_000]);
  expect([lines.length, stderr]).toEqual([60_001, expect.stringContaining('stdout: read 60,001 = delivered 60,001 ')]);
});
