import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { EXAMPLE, file, events } from '../support/printed.ts';

describe('usage', () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [['--too', 'x'], 'there is no option --too\nportlog:   → did you mean --to?'],
    [
      ['--to', 'elastic=https://x', EXAMPLE],
      'there is no sink "elastic"\nportlog:   → there are: stdout, alertmanager, elasticsearch, exec, file, http, loki, opensearch, otlp, syslog, wazuh',
    ],
    [['--to', 'elasticsearch=nonsense', EXAMPLE], '"nonsense" is not a URL for elasticsearch'],
    [['--to', 'elasticsearch=https://me:secret@host:9200', EXAMPLE], 'the URL for elasticsearch carries a user or password'],
    [['--format', 'xml', EXAMPLE], '--format "xml": there is no such choice'],
    [['--format', 'table', '--to', 'stdout', EXAMPLE], '--format table shows a scan and ships nothing, so --to does not go with it'],
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

test('check says why nmap cannot be run', async () => {
  const folder = freshDir();
  const [broken, closed] = [join(folder, 'broken'), join(folder, 'closed')];
  writeFileSync(broken, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  writeFileSync(closed, '', { mode: 0o644 });
  const said = async (nmap: string): Promise<string> => (await portlog(['check', '--state-dir', freshDir(), '--nmap', nmap])).stdout;
  expect(await said(join(folder, 'none'))).toContain(`warning there is no program "${join(folder, 'none')}"\n`);
  expect(await said(broken)).toContain(`warning ${broken} could not be run: it exited with 3\n`);
  expect(await said(closed)).toContain(`warning ${closed} could not be run: permission is denied\n`);
});

test('check reports two sinks with one identity', async () => {
  const twice = ['--to', 'http=http://127.0.0.1:1', '--to', 'http=http://127.0.0.1:1/'];
  const { stdout, code } = await portlog(['check', '--state-dir', freshDir(), ...twice]);
  expect(stdout).toMatch(/error +http http:\/\/127\.0\.0\.1:1 is named twice: portlog could not distinguish/);
  expect(code).toBe(2);
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

  test('an unknown rule: exit 2 and the nearest one', async () => {
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
