import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshDir } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { NEVER } from '../support/mistyped.ts';

describe('wrong in the configuration', () => {
  test.each([
    ['unknown settings', Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n'), 'and 49980 more\n'],
    [
      'a setting twice, behind very many',
      `${Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n')}\nk7: 2\n`,
      'line 50001: a setting occurs twice',
    ],
  ])(
    'very many %s are refused in seconds',
    async (_, yaml, sentence) => {
      const path = join(freshDir(), 'portlog.yaml');
      writeFileSync(path, yaml);
      const begun = performance.now();
      const { stderr, code } = await portlogHere(['run', '--config', path]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
      // An idle machine takes 2 s, and took more than 20.
      expect(performance.now() - begun).toBeLessThan(60_000);
    },
    120_000,
  );

  test.for<readonly [yaml: string, sentence: string, hint?: string]>([
    ['site: a b', 'site: only letters, digits, dots, hyphens and underscores, at most 64; for example berlin'],
    ['stie: berlin', 'stie: there is no such setting; did you mean "site"?'],
    ['frob: 1', 'frob: there is no such setting; there are: site, '],
    ['all: perhaps', 'all: must be true or false'],
    ['tags: one', 'tags: must be a list'],
    ['tags: [""]', 'tags.0: must not be empty'],
    ['retryForSeconds: -1', 'retryForSeconds: must be 0 or more'],
    ['retryForSeconds: 1000000', 'retryForSeconds: must be 86400 at most'],
    ['spool: { maxMib: 0 }', 'spool.maxMib: must be more than 0'],
    ['spool: { whenFull: wait }', 'spool.whenFull: must be one of block, drop-oldest'],
    [
      'labels: { "a b": x }',
      'labels: "a b" cannot be a name there: only letters, digits and underscores, no digit first, at most 64; for example team',
    ],
    ['sinks: { type: loki }', 'sinks: must be a list'],
    ['sinks: [{ url: "https://es:9200" }]', 'sinks.0: "type" is missing'],
    ['sinks: [{ type: lokki, url: "http://x" }]', 'sinks.0.type: must be one of '],
    [
      'sinks: [{ type: elasticsearch, url: es:9200 }]',
      'sinks.0.url: an address that begins with https://, http://, tls:// or tcp://; for example https://es:9200',
    ],
    ['sinks: [{ type: file, url: "https://x" }]', 'sinks.0: a sink of type file has no "url"; did you mean "path"?'],
    ['sinks: [{ type: loki, path: /x }]', 'sinks.0: a sink of type loki has no "path"; did you mean "url"?'],
    ['sinks: [{ type: loki, url: "http://x", rotateMib: 5 }]', 'sinks.0: a sink of type loki has no "rotateMib"; that is for: file, wazuh'],
    ['sinks: [{ type: syslog, url: "tcp://x:514", apiKey: k }]', 'sinks.0: a sink of type syslog has no "apiKey"; that is for: elasticsearch, '],
    ['sinks: [{ type: otlp, url: "http://x", streamLabels: { a: b } }]', 'sinks.0: a sink of type otlp has no "streamLabels"; that is for: loki'],
    ['sinks: [{ type: elasticsearch, url: "http://x", apikey: k }]', 'sinks.0.apikey: there is no such setting; did you mean "apiKey"?'],
    ['schedules: [{ name: a, cron: "0 2 * * *" }]', 'schedules.0: "nmap" is missing'],
    ['schedules: [{ name: a, cron: "0 25 * * *", nmap: [x] }]', 'schedules.0.cron: "0 25 * * *" is not a cron expression'],
    ['schedules: [{ name: a, cron: "@daily", nmap: [] }]', 'schedules.0.nmap: must not be empty'],
    ['schedules: [{ name: a, cron: "@daily", nmap: [{}] }]', 'schedules.0.nmap.0: must be a string or a whole number'],
    ['directories: [/scans]', 'directories.0: must be a group of settings'],
    ['changes: { confirmScans: 1.5 }', 'changes.confirmScans: must be a whole number'],
    ['changes: { macNetworks: [lan] }', 'changes.macNetworks: "lan" is not a network'],
    [
      'findings: { rules: { nmap-service-telnet: { zones: { dmz: { silence: true } } } } }',
      'findings.rules.nmap-service-telnet.zones: there is no zone "dmz"',
      'zones are those of the exposure file, and none is named',
    ],
    ['findings: { rules: { redsi-exposed: { silence: true } } }', 'findings.rules: there is no rule "redsi-exposed"'],
    ['site: ${NO_SUCH_VARIABLE}', 'site needs the environment variable NO_SUCH_VARIABLE, which is not set'],
    ['site: [', 'is not valid YAML: line 1: '],
    ['sinks:\n  - { type: stdout url: x }', 'is not valid YAML: line 2: within { } or [ ] a comma is missing'],
    ['site: "x', 'is not valid YAML: line 1: a quote or bracket is missing'],
    ['site: a\nsite: b', 'is not valid YAML: line 2: a setting occurs twice'],
    ['site: a\n\ttags: [x]', 'is not valid YAML: line 2: '],
    ['site: *pw', 'is not valid YAML: an alias (*name) has no anchor'],
    ['sites: berlin', 'sites: must be a group of settings'],
    ['sites: { "a b": { maxAgeHours: 5 } }', 'sites: "a b" cannot be a name there: only letters, digits, dots, hyphens and underscores, at most 64'],
    ['sites: { berlin: { maxAge: 5 } }', 'sites.berlin.maxAge: there is no such setting; there are: maxAgeHours'],
    ['sites: { berlin: { maxAgeHours: "5" } }', 'sites.berlin.maxAgeHours: must be a number'],
    ['namespace: Prod', 'namespace: only lower-case letters, digits, dots and underscores, at most 64; for example production'],
    ['sensor: ""', 'sensor: only letters, digits, dots, colons, hyphens and underscores, 1 to 64'],
    ['labels: { team: [a] }', 'labels.team: must be a string'],
    ['stateDir: 5', 'stateDir: must be a string'],
    ['site:', 'site: must be a string'],
    ['spool: { maxMiB: 5 }', 'spool.maxMiB: there is no such setting; did you mean "maxMib"?'],
    ['sinks: [elasticsearch]', 'sinks.0: must be a group of settings'],
    ['sinks: [null]', 'sinks.0: must be a group of settings'],
    ['sinks: [{ type: loki, url: "ftp://x" }]', 'sinks.0.url: an address that begins with https://, http://, tls:// or tcp://'],
    ['sinks: [{ type: elasticsearch, url: "https://x", timeoutMs: 5 }]', 'sinks.0.timeoutMs: there is no such setting\n'],
    ['sinks: [{ type: loki, url: "http://x", labels: { a: b } }]', 'sinks.0.labels: there is no such setting\n'],
    ['sinks: [{ type: elasticsearch, url: "https://x", apiKeyCommand: "pass show" }]', 'sinks.0.apiKeyCommand: must be a list'],
    ['sinks: [{ type: elasticsearch, url: "https://x", datasets: [nmap.prot] }]', 'did you mean "nmap.port"?'],
    ['sinks: [{ type: file, path: x, keepFiles: 0 }]', 'sinks.0.keepFiles: must be 1 or more'],
    [
      'sinks: [{ type: http, url: "http://x", headers: { "a b": c } }]',
      'sinks.0.headers: "a b" cannot be a name there: only lower-case letters, digits and hyphens; for example x-team',
    ],
    ['sinks: [{ type: constructor, url: "http://x" }]', 'sinks.0.type: must be one of '],
    ['schedules: [{ name: a b, cron: "@daily", nmap: [x] }]', 'schedules.0.name: only letters, digits, dots, hyphens and underscores, at most 64'],
    [
      'schedules: [{ name: a, cron: daily, nmap: [x] }]',
      'schedules.0.cron: "daily" is not a cron expression: it has 1 field, and five are needed\n',
      'write minute, hour, day',
    ],
    ['schedules: [{ name: a, cron: "* * * *", nmap: [x] }]', 'is not a cron expression: it has 4 fields, and five are needed\n'],
    ['schedules: [{ name: a, cron: "0 0 2 * * *", nmap: [x] }]', 'is not a cron expression: it has 6 fields, and five are needed\n'],
    ['schedules: [{ name: a, cron: "0 25 * * *", nmap: [x] }]', 'is not a cron expression: "25" is no hour\n'],
    ['schedules: [{ name: a, cron: "0 2 * * Sontag", nmap: [x] }]', 'is not a cron expression: "Sontag" is no weekday\n'],
    ['schedules: [{ name: a, cron: "0 2 * 13 *", nmap: [x] }]', 'is not a cron expression: "13" is no month\n'],
    ['schedules: [{ name: a, cron: "*/0 2 * * *", nmap: [x] }]', 'is not a cron expression: "*/0" is no minute\n'],
    ['schedules: [{ name: a, cron: "@nightly", nmap: [x] }]', 'is not a cron expression: there are @hourly, @daily, @weekly, @monthly and @yearly\n'],
    ['schedules: [{ name: a, cron: "0 0 30 2 *", nmap: [x] }]', 'is not a cron expression: there is no such day\n'],
    ['schedules: [{ name: a, cron: "@daily", timeZone: Mars, nmap: [x] }]', 'there is no time zone "Mars"', 'write it like Europe/Berlin'],
    ['schedules: [{ name: a, cron: "@daily", timezone: Mars, nmap: [x] }]', 'did you mean "timeZone"?'],
    ['schedules: [{ name: a, cron: "@daily", nmap: "-sV 192.0.2.1" }]', 'schedules.0.nmap: must be a list'],
    [
      'schedules: [{ name: a, cron: "@daily", nmap: [x] }, { name: a, cron: "@daily", nmap: [x] }]',
      'there are two schedules "a"',
      'give each a name',
    ],
    ['directories: [{ dir: /x }]', 'directories.0: "path" is missing'],
    ['directories: [{ path: /x, cutAfterMinutes: 0 }]', 'directories.0.cutAfterMinutes: must be more than 0'],
    ['changes: { confirmScans: 0 }', 'changes.confirmScans: must be 1 or more'],
    ['findings: { rules: { nmap-service-telnet: { severity: bad } } }', 'severity: must be one of info, low, medium, high, critical'],
    [
      'findings: { services: [{ id: "A B", name: x, ports: [8443], severity: low, why: y, remedy: z }] }',
      'id: only lower-case letters, digits and hyphens, 3 to 64; for example my-service',
    ],
    [
      'findings: { services: [{ id: abc, name: x, ports: [8443tcp], severity: low, why: y, remedy: z }] }',
      'ports.0: a port, a slash, and tcp, udp or sctp; for example 8443/tcp',
    ],
    ['retryForSeconds: .inf', 'retryForSeconds: must be a number'],
    ['all: "true"', 'all: must be true or false'],
    ['---\nsite: a\n---\nsite: b', 'is not valid YAML: line 3: there is a second document (---)'],
    ['%YAML 9', 'is not valid YAML: line 1: its syntax is wrong'],
    ['__proto__: { a: b }', '__proto__: there is no such setting; there are: site, '],
    ['sinks: [{ type: file, path: x, constructor: 1 }]', 'sinks.0.constructor: there is no such setting; there are: '],
    ['sinks: [{ type: file, path: x, __proto__: { url: y } }]', 'sinks.0.__proto__: there is no such setting; there are: '],
    ['sinks: [{ type: elasticsearch, url: "https://x", toString: 1 }]', 'sinks.0.toString: there is no such setting'],
    ['site: $HOME', 'site: only letters, digits, dots, hyphens and underscores'],
    ['just a text', 'the file: must be a group of settings; write each as NAME: VALUE, with a space after the colon'],
    ['site:berlin', 'the file: must be a group of settings; write each as NAME: VALUE, with a space after the colon'],
    ['site: 012', 'site: must be a string; put it in quotes'],
    ['site: {{ site }}', 'site: must be a string; one that begins with { or [ needs quotes'],
    ['site: {{ site }}-x', 'line 1: there is text where none is allowed; a value that begins with a quote, { or [ needs quotes around all of it'],
    ['sinks: [{ type: http, url: "https://x", envelope: {"text": "{message}"} }]', 'sinks.0.envelope: must be a string; one that begins with { or ['],
    ['sinks:\n  - type: http\n    envelope: {message}\n', 'sinks.0.envelope: must be a string; one that begins with { or ['],
    ['site: !vault x', 'line 1: a value begins with !, which needs quotes'],
    ['site: &', 'line 1: an alias (*name) or anchor (&name) is not written as one; a value that begins with * or & needs quotes'],
    ['sinks:\n- type: file\n  path: x\n path: y\n', 'line 4: a quote or bracket is missing, or the dash of a list, or the indentation does not fit'],
    ['site: berlin\n  tags: [a]\n', 'the next line is indented too far'],
    [
      ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefg'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdef'[i] ?? ''},`.repeat(9)}]`)].join('\n'),
      'nested aliases (*name) expand to more than can be read',
    ],
    ['tags: &a [*a]', 'it is nested deeper than any setting is'],
    ['site: ${SITE', 'site: after ${ there is no name of a variable followed by }', 'write ${NAME}, with letters'],
    ['sinks: [{ type: loki, url: "http://x", bearer: "${KEY:-hunter2}" }]', 'sinks.0.bearer: after ${ there is no name of a variable'],
    ['site: ${NO_SUCH_VARIABLE}', 'needs the environment variable NO_SUCH_VARIABLE', 'set NO_SUCH_VARIABLE, or write the value itself'],
    ['spool: { maxMib: 1GB }', 'spool.maxMib: must be a number; without quotes, and without a unit, which is in the name of the setting'],
    ['sites: { berlin: { maxAgeHours: 26h } }', 'maxAgeHours: must be a number; without quotes, and without a unit'],
    ['changes: { confirmScans: "2" }', 'confirmScans: must be a whole number; without quotes'],
    ['all: yes', 'all: must be true or false; without quotes'],
    ['directories: /scans', 'directories: must be a list; write [one, another], or each on its own line after a dash'],
    ['sites: { berlin: 26 }', 'sites.berlin: must be a group of settings'],
    ['stateDir: ~/state', 'stateDir begins with ~, which only a shell replaces', 'write the whole path, or ${HOME} instead of ~'],
    ['sinks: [{ type: file, path: ~/out }]', 'sinks.0.path begins with ~'],
    ['sinks: [{ type: loki, url: "http://x", bearerCommand: [~/bin/pass] }]', 'sinks.0.bearerCommand.0 begins with ~'],
    ['metrics: { file: ~/x.prom }', 'metrics.file begins with ~'],
    ['directories: [{ path: ~/scans }]', 'directories.0.path begins with ~'],
    ['sinks: [{ type: file, path: "a\\0b" }]', 'sinks.0.path has a NUL character in it, which is not allowed'],
    ['schedules: [{ name: a, cron: "@daily", nmap: ["\\0"] }]', 'schedules.0.nmap.0 has a NUL character in it'],
    [`sinks: [${'{ type: file, frob: 1 }, '.repeat(3000)}]`, 'and 2980 more\n'],
    [
      'findings: { services: [{ id: abc, name: x, ports: ["0/tcp"], severity: low, why: y, remedy: z }] }',
      'ports.0: a port, a slash, and tcp, udp or sctp',
    ],
    ['findings: { services: [{ id: abc, name: x, ports: ["65536/tcp"], severity: low, why: y, remedy: z }] }', 'ports.0: a port, a slash'],
    [
      'findings: { services: [{ id: abc, name: x, ports: [1/tcp], severity: low, why: y, remedy: z }, { id: abc, name: x, ports: [2/tcp], severity: low, why: y, remedy: z }] }',
      'findings.services.1.id: there is a rule "abc" already',
    ],
    ['sinks: [{ type: elasticsearch, url: "https://x", apiKeyFile: /dev/null }]', 'the secret in /dev/null could not be read: it is empty'],
    ['sinks: [{ type: elasticsearch, url: "https://x", apiKeyCommand: [/bin/true] }]', 'the command /bin/true gave no secret: it is empty'],
    [
      'sinks: [{ type: elasticsearch, url: "https://x", apiKeyCommand: [/usr/bin/yes] }]',
      'the command /usr/bin/yes gave no secret: it prints more than any secret has',
    ],
  ])('%s', async ([yaml, sentence, hint]) => {
    const path = join(freshDir(), 'portlog.yaml');
    writeFileSync(path, yaml);
    const isSetting = /^(?:changes: \{ mac|findings|.*apiKey(?:File|Command): [[/])/.test(yaml);
    const { stderr, code } = await portlogHere([isSetting ? 'status' : 'run', '--config', path]);
    if (!isSetting) expect(stderr).toContain(path);
    expect(stderr).toContain(sentence);
    if (hint !== undefined) expect(stderr).toContain(`portlog:   → ${hint}`);
    expect(stderr).not.toMatch(NEVER);
    expect(code).toBe(2);
  });

  test.for([
    ['yaml', 'sinks: [{ type: loki, password: "hunter2'],
    ['yaml', 'password: *hunter2'],
    ['yaml', 'password: !hunter2 x: y: z'],
    ['yaml', 'sinks:\n  - password: hunter2: x\n'],
    ['yaml', 'password: @hunter2'],
    ['yaml', 'hunter2'],
    ['json', '{ "sinks": [{ "password": hunter2 }] }'],
    ['json', '{ "password": "hunter2" '],
    ['yaml', 'sinks: [{ type: loki, password: [hunter2] }]'],
    ['yaml', 'sinks: [{ type: elasticsearch, url: "hunter2" }]'],
  ] as const)('no secret is quoted: %s %j', async ([format, text]) => {
    const path = join(freshDir(), `portlog.${format}`);
    writeFileSync(path, text);
    const { stderr, stdout, code } = await portlogHere(['run', '--verbose', '--config', path]);
    expect(code).toBe(2);
    expect(stderr + stdout).not.toContain('hunter2');
    expect(stderr).not.toMatch(NEVER);
  });
});

test('check says that the directory for the file of metrics is not there', async () => {
  const path = join(freshDir(), 'portlog.yaml');
  writeFileSync(path, 'metrics: { file: /nonexistent/portlog.prom }');
  const { stdout } = await portlogHere(['check', '--config', path]);
  expect(stdout).toContain(
    'warning metrics could not be written to /nonexistent/portlog.prom: there is no directory /nonexistent\n        → make it, or',
  );
});

test('check refuses an address for metrics that watch and run would refuse', async () => {
  const path = join(freshDir(), 'portlog.yaml');
  writeFileSync(path, 'metrics: { listen: "194640" }');
  const wrong = await portlogHere(['check', '--config', path]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('194640: there is no such address')]);
  for (const none of ['194640', '-1', '9464.5', 'true']) {
    writeFileSync(path, `metrics: { listen: ${none} }`);
    expect((await portlogHere(['check', '--config', path])).stderr, none).toContain('metrics.listen: must be ');
  }
  writeFileSync(path, 'metrics: { listen: 9464 }');
  expect((await portlogHere(['check', '--config', path])).stdout).toContain('ok      metrics would be served on 127.0.0.1, port 9464\n');
  writeFileSync(path, 'metrics: { listen: "9464" }');
  const right = await portlogHere(['check', '--config', path]);
  expect([right.code, right.stdout]).toEqual([0, expect.stringContaining('ok      metrics would be served on 127.0.0.1, port 9464\n')]);
});

test('a part of an hour that is no whole number of milliseconds is a time like others', async () => {
  const folder = freshDir();
  const path = join(folder, 'portlog.yaml');
  writeFileSync(path, 'sites: { berlin: { maxAgeHours: 0.0000001 } }');
  const run = await portlogHere([
    '--config',
    path,
    '--state-dir',
    join(folder, 'state'),
    '--to',
    `file=${join(folder, 'out')}`,
    'examples/loopback.xml',
  ]);
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('read 15 = delivered 15')]);
});
