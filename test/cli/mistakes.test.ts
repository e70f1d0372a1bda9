import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { COMMAND_NAMES } from '../../src/cli/commands.ts';

const SCAN = join(ROOT, 'examples', 'loopback.xml');
/** Nothing listens there. */
const ES = 'elasticsearch=http://127.0.0.1:1';

/** What nobody should ever read: words of a validator, of Node, of JavaScript; patterns; stacks; empty lines. */
const NEVER =
  /must NOT|must match|instancePath|E[A-Z]{4,}:|errno|syscall|YError|TypeError|undefined|\[object|NaN|\n\s+at |portlog: *(?:\n|$)|\^\[|\\[wd]|\(\?:|mistake in portlog|non-option|Choices:|CronPattern|is not written as it must be/;

type Row = readonly [args: readonly string[], code: number, sentence: string, hint?: string | undefined];

async function expectSentence(args: readonly string[], env: Readonly<Record<string, string>>, [, code, sentence, hint]: Row): Promise<void> {
  const { stderr, code: got } = await portlogHere(args, env);
  expect(stderr).toContain(`portlog: ${sentence}`);
  if (hint !== undefined) expect(stderr).toContain(`portlog:   → ${hint}`);
  expect(stderr).not.toMatch(NEVER);
  expect(got).toBe(code);
}

describe('mistyped on the command line', () => {
  test.for<Row>([
    [['stauts'], 2, 'there is no command "stauts", and no file of that name', 'did you mean portlog status?'],
    [['scna', '--', '-sV', '192.0.2.1'], 2, 'there is no command "scna"', 'did you mean portlog scan?'],
    [['chek', '--config', 'x'], 2, 'there is no command "chek"', 'did you mean portlog check?'],
    [['frobnicate'], 2, 'there is no command "frobnicate"', 'portlog --help lists the commands'],
    [['help', 'wach'], 2, 'there is no command "wach"', 'did you mean portlog watch?'],
    [['--to'], 2, '--to needs a value: --to SINK[=URL]'],
    [[SCAN, '--site'], 2, '--site needs a value: --site NAME'],
    [['--format', '--all'], 2, '--format needs a value: --format ecs|otel|table', '--all is taken for another option'],
    [['--verison'], 2, 'there is no option --verison', 'did you mean --version?'],
    [['stauts', '--hlep'], 2, 'there is no command "stauts"'],
    [['status', '--hlep'], 2, 'there is no option --hlep', 'did you mean --help?'],
    [['scan', '-oX', 'x'], 2, 'there is no option -o', "put nmap's arguments behind --"],
    [['diff', '--format', 'csv', SCAN, SCAN], 2, '--format "csv": there is no such choice', 'there are: table, json, unified'],
    [['findings', '--port', '22'], 2, 'portlog findings has no option --port'],
    [['completion', 'tcsh'], 2, 'there is no completion for "tcsh"', 'there is one for bash, zsh, fish'],
    [['completion'], 2, 'portlog completion needs a shell: bash, zsh, fish'],
    [['setup', 'elasticsearch', 'kibana'], 2, 'portlog setup does not know what to do with "kibana"'],
    [['exposure', 'init', 'a', 'b'], 2, 'portlog exposure does not know what to do with "b"'],
    [['--to', '=x', SCAN], 2, 'there is no sink ""', 'there are: stdout, '],
    [['--constructor'], 2, 'there is no option --constructor'],
    [['--__proto__', 'x'], 2, 'there is no option --__proto__'],
    [['--retry-for-seconds', '1m', SCAN], 2, '--retry-for-seconds needs a number that is not negative'],
    [['--metrics-listen', 'x', SCAN], 2, 'portlog ship has no option --metrics-listen'],
    [['watch', '--poll-seconds'], 2, '--poll-seconds needs a value: --poll-seconds N'],
    [['inventory', '--format', 'xml'], 2, '--format "xml": there is no such choice', 'there are: table, json, csv'],
    [['--format', 'josn', SCAN], 2, '--format "josn": there is no such choice'],
    [['--conifg', 'x'], 2, 'there is no option --conifg', 'did you mean --config?'],
    [['-x'], 2, 'there is no option -x', 'portlog ship --help shows those that it has'],
    [['-qv', SCAN], 2, '-qv is not understood: each option is a word of its own', 'write -q -v'],
    [['-qx', SCAN], 2, 'there is no option -x'],
    [['report', '-o'], 2, '--output needs a value: --output FILE'],
    [['--to', `file=${SCAN}`, SCAN], 2, `nothing is written to ${SCAN}: it is the scan that is read`, 'name another file for the output'],
    [['--intel-dir', '/nonexistent', SCAN], 2, '/nonexistent cannot be read: there is no such directory'],
    [['--intel-dir', SCAN, SCAN], 2, `${SCAN} cannot be read: it is no directory`],
    [
      ['--to', 'elasticsearch=https://127.0.0.1:1', '--ca-file', '/nonexistent', SCAN],
      2,
      'the CA file /nonexistent cannot be used: there is no such file',
    ],
    [['--to', 'stdout=out.ndjson', SCAN], 2, 'the sink "stdout" takes no path or URL', 'to a file: --to file=out.ndjson'],
    [['--nmap', 'x', SCAN], 2, 'portlog ship has no option --nmap'],
    [['status', '--verbose'], 2, 'portlog status has no option --verbose'],
    [['scan', '-sV', '192.0.2.1'], 2, 'there is no option -s', "put nmap's arguments behind --"],
    [['--quiet=maybe', SCAN], 2, '--quiet takes no value', 'write --quiet, or --no-quiet'],
    [['--no-to', SCAN], 2, 'there is no option --no-to', 'leave --to out'],
    [['--site', 'a', '--site', 'b', SCAN], 2, '--site was given twice'],
    [[''], 2, 'one of the words is empty', 'a variable of the shell may be empty'],
    [['--state-dir', '', SCAN], 2, 'one of the words is empty'],
    [['--state-dir=', SCAN], 2, '--state-dir got an empty word'],
    [['status', 'now'], 2, 'portlog status does not know what to do with "now"', 'portlog status --help'],
    [['replay', '--list', 'loki'], 2, 'portlog replay does not know what to do with "loki"'],
    [['check', 'loki'], 2, 'portlog check does not know what to do with "loki"'],
    [['run', 'nightly'], 2, 'portlog run does not know what to do with "nightly"'],
    [['setup', 'loki', '--', 'x'], 2, 'portlog setup does not know what to do with "x"'],
    [['watch'], 2, 'portlog watch needs a directory'],
    [['diff'], 2, 'portlog diff compares two scans', 'portlog diff OLD NEW'],
    [['diff', 'a', 'b', 'c'], 2, 'portlog diff compares two scans'],
    [['exposure'], 2, 'portlog exposure needs a task: init or check'],
    [['exposure', 'chek', SCAN], 2, 'portlog exposure has no task "chek"'],
    [['setup'], 2, 'portlog setup needs a target: elasticsearch, '],
    [['setup', 'elastic'], 2, 'there is nothing to set up for "elastic"'],
    [[], 2, 'there is nothing to read', 'name a file (portlog scan.xml) or pipe a scan in'],
    [['-q'], 2, 'there is nothing to read'],
    [['scan'], 2, 'portlog scan needs arguments for nmap'],
    [['scan', '--', '--oX=x', '192.0.2.1'], 2, "nmap's option -oX (written --oX=x) does not go together with portlog scan"],
    [['run'], 2, 'there is nothing to do: the configuration has no schedules and no directories'],
    [['watch', '/no/such'], 3, 'the directory /no/such cannot be watched: there is no such directory'],
    [['watch', SCAN], 3, `the directory ${SCAN} cannot be watched: it is no directory`, `to ship a file: portlog ${SCAN}`],
    [['watch', '/tmp', '--poll-seconds', 'soon'], 2, '--poll-seconds needs a number that is not negative'],
    [['watch', '/tmp', '--poll-seconds', '0'], 2, '--poll-seconds needs a number above zero'],
    [['watch', '/tmp', '--poll-seconds', '3000000'], 2, '--poll-seconds takes numbers up to 86400', 'the unit is in the name of the option'],
    [['watch', '/tmp', '--cut-after-minutes', '0'], 2, '--cut-after-minutes needs a number above zero'],
    [['--retry-for-seconds', '-5', SCAN], 2, '--retry-for-seconds needs a number that is not negative'],
    [['--spool-max-mib', '1e99', SCAN], 2, '--spool-max-mib takes numbers up to 1000000000'],
    [['--mass-change', '1.5', SCAN], 2, '--mass-change needs a whole number from 1'],
    [['--confirm-scans', '0', SCAN], 2, '--confirm-scans needs a whole number from 1'],
    [['--site', 'a b', SCAN], 2, '--site "a b": only letters, digits, dots, hyphens and underscores, at most 64'],
    [['--namespace', 'Prod', SCAN], 2, '--namespace "Prod": only lower-case letters, digits, dots and underscores, at most 64'],
    [['--label', 'team', SCAN], 2, '--label team: write NAME=TEXT'],
    [['--to', 'elastcsearch=http://es:9200', SCAN], 2, 'there is no sink "elastcsearch"', 'did you mean elasticsearch?'],
    [
      ['--to', 'https://elastic:secret@es:9200', SCAN],
      2,
      'an address alone does not say what kind of server is there',
      'name it before the address, for example elasticsearch=https://es:9200',
    ],
    [['--to', 'splunk=http://x', SCAN], 2, 'there is no sink "splunk"', 'there are: stdout, alertmanager, elasticsearch, exec, '],
    [
      ['--to', 'elasticsearch=es:9200', SCAN],
      2,
      '"es:9200" is no URL for elasticsearch',
      'write it whole, for example elasticsearch=https://host:9200',
    ],
    [['--to', 'file=', SCAN], 2, 'the sink "file" needs a path'],
    [['--to', 'elasticsearch=http://me:pw@es:9200', SCAN], 2, 'the URL for elasticsearch carries a user or password'],
    [['--format', 'table', '--to', 'file=x', SCAN], 2, '--format table is for standard output without --to'],
    [['--config', '/no/such.yaml', SCAN], 2, 'the configuration /no/such.yaml could not be read: there is no such file'],
    [['--config', '/etc', SCAN], 2, 'the configuration /etc could not be read: it is a directory'],
    [['--exposure', '/no/such.yaml', SCAN], 2, 'the file of expected exposure /no/such.yaml could not be read: there is no such file'],
    [['no/such.xml'], 3, 'no/such.xml could not be read: there is no such file', 'check the path'],
    [['/tmp'], 3, '/tmp could not be read: it is a directory', 'name the files in it'],
    [['inventory', '--port', 'ssh'], 2, '--port "ssh": write numbers and ranges'],
    [['inventory', '--port', '70000'], 2, '--port "70000": ports go up to 65535'],
    [['inventory', '--port', '22-'], 2, '--port "22-": write numbers and ranges', '22,8000-8100 or 53/udp'],
    [['inventory', '--port', '-22'], 2, '--port "-22": write numbers and ranges'],
    [['inventory', '--port', '443-80'], 2, '--port "443-80": 443-80 ends before it begins'],
    [['inventory', '--port', '22,,80'], 2, '--port "22,,80": write numbers and ranges'],
    [['inventory', '--port', '53/upd'], 2, '--port "53/upd": there is no protocol "upd"', 'did you mean udp?'],
    [['inventory', '--port', '53/'], 2, '--port "53/": there is no protocol ""', 'there are: tcp, udp, sctp, ip'],
    [['inventory', '--since', 'yesterday'], 2, '--since "yesterday": this is no date, and no time ago', 'for example 2026-01-31'],
    [['inventory', '--since', '1'], 2, '--since "1": this is no date, and no time ago'],
    [['inventory', '--since', '2026-02-30'], 2, '--since "2026-02-30": this is no date, and no time ago'],
    [['inventory', '--since', '2026-01-31T25:00:00Z'], 2, '--since "2026-01-31T25:00:00Z": this is no date, and no time ago'],
    [['inventory', '--since', '99999999999d'], 2, '--since "99999999999d": this is before 1970, when no scan was made'],
    [['inventory', '--since', '9999-01-01'], 2, '--since "9999-01-01": this is in the future'],
    [['report', '--since', '7x'], 2, '--since "7x": this is no date, and no time ago'],
    [['report', '--since', '7x', SCAN], 2, '--since is for a report of what is known'],
    [['findings', '--network', '10.0.0.0/99'], 2, '--network "10.0.0.0/99" is no address or network'],
    [['findings', '--rule', 'nmap-service-telent'], 2, 'there is no rule "nmap-service-telent"', 'did you mean nmap-service-telnet?'],
    [['inventory', '--network', 'lan'], 2, '--network "lan" is no address or network'],
    [['inventory', '--state', 'opne'], 2, '--state "opne": there is no such state'],
  ])('portlog %j', async (row) => {
    await expectSentence(row[0], {}, row);
  });
});

describe('wrong in the environment', () => {
  test.for<readonly [name: string, text: string, code: number, sentence: string, hint?: string]>([
    ['PORTLOG_RETRY_FOR_SECONDS', 'soon', 2, 'PORTLOG_RETRY_FOR_SECONDS=soon: it needs a number that is not negative'],
    ['PORTLOG_FORMAT', 'xml', 2, 'PORTLOG_FORMAT=xml: there is no such choice', 'there are: ecs, otel, table'],
    ['PORTLOG_QUIET', 'perhaps', 2, 'PORTLOG_QUIET=perhaps: it is on or off', 'write true or false'],
    ['PORTLOG_ELASTICSEARCH_USER', 'me', 2, 'elasticsearch: the user "me" has no password', 'set PORTLOG_ELASTICSEARCH_USER and'],
    ['PORTLOG_ELASTICSEARCH_API_KEY_FILE', '/no/key', 2, 'the secret in /no/key could not be read: there is no such file'],
    ['PORTLOG_ELASTICSEARCH_API_KEY_COMMAND', '/no/pass show', 2, 'the command /no/pass gave no secret: there is no such file'],
    ['PORTLOG_ELASTICSEARCH_CERT_FILE', '/no/cert', 2, 'a certificate needs its key: /no/cert alone is of no use'],
  ])('%s=%s', async ([name, text, code, sentence, hint]) => {
    await expectSentence(['--to', ES, SCAN], { [name]: text }, [[], code, sentence, hint]);
  });

  test('a switch is on or off, however that is written', async () => {
    for (const text of ['1', 'true', 'YES', 'on'])
      expect((await portlogHere(['no/such'], { PORTLOG_QUIET: text })).stderr, text).not.toContain('read 0');
    for (const text of ['0', 'False', 'no', 'off'])
      expect((await portlogHere(['no/such'], { PORTLOG_QUIET: text })).stderr, text).toContain('read 0');
  });
});

describe('wrong in the configuration', () => {
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
    ['schedules: [{ name: a, cron: "0 25 * * *", nmap: [x] }]', 'schedules.0.cron: "0 25 * * *" is no timetable'],
    ['schedules: [{ name: a, cron: "@daily", nmap: [] }]', 'schedules.0.nmap: must not be empty'],
    ['schedules: [{ name: a, cron: "@daily", nmap: [{}] }]', 'schedules.0.nmap.0: must be a text or a whole number'],
    ['directories: [/scans]', 'directories.0: must be a group of settings'],
    ['changes: { confirmScans: 1.5 }', 'changes.confirmScans: must be a whole number'],
    ['changes: { macNetworks: [lan] }', 'changes.macNetworks: "lan" is no network'],
    ['findings: { rules: { redsi-exposed: { silence: true } } }', 'findings.rules: there is no rule "redsi-exposed"'],
    ['site: ${NO_SUCH_VARIABLE}', 'site needs the environment variable NO_SUCH_VARIABLE, which is not set'],
    ['site: [', 'is not valid YAML: line 1: '],
    ['site: "x', 'is not valid YAML: line 1: a quote or bracket is missing'],
    ['site: a\nsite: b', 'is not valid YAML: line 2: a setting is there twice'],
    ['site: a\n\ttags: [x]', 'is not valid YAML: line 2: '],
    ['site: *pw', 'is not valid YAML: an alias (*name) leads nowhere'],
    ['sites: berlin', 'sites: must be a group of settings'],
    ['sites: { "a b": { maxAgeHours: 5 } }', 'sites: "a b" cannot be a name there: only letters, digits, dots, hyphens and underscores, at most 64'],
    ['sites: { berlin: { maxAge: 5 } }', 'sites.berlin.maxAge: there is no such setting; there are: maxAgeHours'],
    ['sites: { berlin: { maxAgeHours: "5" } }', 'sites.berlin.maxAgeHours: must be a number'],
    ['namespace: Prod', 'namespace: only lower-case letters, digits, dots and underscores, at most 64; for example production'],
    ['sensor: ""', 'sensor: only letters, digits, dots, colons, hyphens and underscores, 1 to 64'],
    ['labels: { team: [a] }', 'labels.team: must be a text'],
    ['stateDir: 5', 'stateDir: must be a text'],
    ['site:', 'site: must be a text'],
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
      'schedules.0.cron: "daily" is no timetable: it has 1 field, and five are needed\n',
      'write minute, hour, day',
    ],
    ['schedules: [{ name: a, cron: "* * * *", nmap: [x] }]', 'is no timetable: it has 4 fields, and five are needed\n'],
    ['schedules: [{ name: a, cron: "0 0 2 * * *", nmap: [x] }]', 'is no timetable: it has 6 fields, and five are needed\n'],
    ['schedules: [{ name: a, cron: "0 25 * * *", nmap: [x] }]', 'is no timetable: "25" is no hour\n'],
    ['schedules: [{ name: a, cron: "0 2 * * Sontag", nmap: [x] }]', 'is no timetable: "Sontag" is no weekday\n'],
    ['schedules: [{ name: a, cron: "0 2 * 13 *", nmap: [x] }]', 'is no timetable: "13" is no month\n'],
    ['schedules: [{ name: a, cron: "*/0 2 * * *", nmap: [x] }]', 'is no timetable: "*/0" is no minute\n'],
    ['schedules: [{ name: a, cron: "@nightly", nmap: [x] }]', 'is no timetable: there are @hourly, @daily, @weekly, @monthly and @yearly\n'],
    ['schedules: [{ name: a, cron: "0 0 30 2 *", nmap: [x] }]', 'is no timetable: there is no such day\n'],
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
    ['%YAML 9', 'is not valid YAML: line 1: it is not written as YAML is'],
    ['__proto__: { a: b }', '__proto__: there is no such setting; there are: site, '],
    ['site: $HOME', 'site: only letters, digits, dots, hyphens and underscores'],
    ['just a text', 'the file: must be a group of settings'],
  ])('%s', async ([yaml, sentence, hint]) => {
    const path = join(freshDir(), 'portlog.yaml');
    writeFileSync(path, yaml);
    const isSetting = /^(?:changes: \{ mac|findings)/.test(yaml);
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

test('what comes from the environment is checked as what stands in the file', async () => {
  const path = join(freshDir(), 'portlog.yaml');
  writeFileSync(path, 'site: ${SITE}\nsinks: [{ type: file, path: "${OUT}" }]');
  const out = join(freshDir(), 'out');
  expect((await portlogHere(['--config', path, SCAN], { SITE: 'berlin', OUT: out })).code).toBe(0);
  expect((await portlogHere(['--config', path, SCAN], { SITE: 'a b', OUT: out })).stderr).toContain(
    'site: only letters, digits, dots, hyphens and underscores',
  );
});

describe('help', () => {
  test.for([[], ...COMMAND_NAMES.map((command) => [command])])('portlog help %s fits 80 columns', async (command) => {
    const { stdout, code } = await portlogHere(['help', ...command]);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toBe((await portlogHere([...command, '--help'])).stdout);
  });

  test('-V and -v are the version, as --version is', async () => {
    const { stdout } = await portlogHere(['-V']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const args of [['--version'], ['version'], ['-v'], ['ship', '--version']])
      expect(await portlogHere(args)).toEqual({ stdout, stderr: '', code: 0 });
  });

  test('-v with a scan on standard input is verbose, and loses no scan', async () => {
    const { stdout, stderr } = await portlog(['-v'], { input: readFileSync(SCAN) });
    expect(stdout).toContain('"nmap.port"');
    expect(stderr).toContain('standard input: 1 run, 3 hosts listed');
  });
});
