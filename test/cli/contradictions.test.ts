import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NEVER, SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

/* Of two things that cannot both count, one is meant: both commands say so, and nothing is sent. */

const configured = (folder: string, yaml: string): string => {
  const path = join(folder, 'portlog.yaml');
  writeFileSync(path, yaml);
  return path;
};

const expectRefused = async (args: readonly string[], words: string, env: Readonly<Record<string, string>> = {}): Promise<void> => {
  for (const command of [
    ['check', ...args],
    [...args, SCAN],
  ]) {
    const { code, stderr, stdout } = await portlogHere(command, env);
    // What is wrong with one sink among others is a row of check's.
    expect([code, stderr + stdout]).toEqual([2, expect.stringContaining(words)]);
    expect(stderr.replaceAll(/portlog-test-\w+/g, '')).not.toMatch(NEVER);
    expect(stderr).not.toContain('hunter2');
  }
};

describe('in one sink', () => {
  const ES = 'type: elasticsearch, url: "https://es:9200"';
  test.for<readonly [sink: string, words: string]>([
    [`{ ${ES}, apiKey: hunter2, apiKeyFile: /x }`, 'sinks.0: apiKey and apiKeyFile mean the same setting, and only one of them may be set'],
    [`{ ${ES}, apiKeyFile: /x, apiKeyCommand: [pass] }`, 'apiKeyFile and apiKeyCommand mean the same setting'],
    [`{ ${ES}, user: u, password: hunter2, passwordFile: /x }`, 'password and passwordFile mean the same setting'],
    [`{ ${ES}, bearer: hunter2, bearerCommand: [pass] }`, 'bearer and bearerCommand mean the same setting'],
    [`{ ${ES}, bearer: hunter2, apiKeyFile: /x }`, 'apiKeyFile and bearer are two kinds of credentials'],
    [`{ ${ES}, user: u, passwordFile: /x, apiKey: hunter2 }`, 'apiKey and user are two kinds of credentials'],
    ['{ type: wazuh, url: "https://wazuh:55000", path: /x }', 'url and path name two destinations'],
    ['{ type: alertmanager, url: "http://a:9093", urls: ["http://b:9093"] }', 'url and urls mean the same setting'],
    ['{ type: file, path: /x, rotateMib: 0, keepFiles: 5 }', 'with rotateMib: 0 the file is never rotated, so keepFiles has no effect'],
    [`{ ${ES}, caOnly: true }`, 'caOnly trusts one authority alone, and none is named'],
    [`{ ${ES}, certFile: /x }`, 'a certificate needs its key'],
    [`{ ${ES}, password: hunter2 }`, 'a password without a user'],
  ])('%s', async ([sink, words]) => expectRefused(['--config', configured(freshDir(), `sinks: [${sink}]`)], words));
});

describe('in the environment', () => {
  const to = ['--to', 'loki=https://127.0.0.1:1'];
  test.for<readonly [env: Readonly<Record<string, string>>, words: string]>([
    [
      { PORTLOG_LOKI_BEARER: 'hunter2', PORTLOG_LOKI_USER: 'u', PORTLOG_LOKI_PASSWORD: 'hunter2' },
      'PORTLOG_LOKI_BEARER and PORTLOG_LOKI_PASSWORD are both set',
    ],
    [{ PORTLOG_LOKI_BEARER: 'hunter2', PORTLOG_LOKI_BEARER_FILE: '/x' }, 'PORTLOG_LOKI_BEARER and PORTLOG_LOKI_BEARER_FILE are both set'],
    [{ PORTLOG_LOKI_API_KEY_COMMAND: 'pass', PORTLOG_LOKI_BEARER: 'hunter2' }, 'PORTLOG_LOKI_API_KEY_COMMAND and PORTLOG_LOKI_BEARER are both set'],
  ])('%j', async ([env, words]) => expectRefused(to, words, env));

  test('settings of a sink in the configuration take precedence over all of it', async () => {
    const folder = freshDir();
    const config = configured(folder, `sinks: [{ type: loki, url: "http://127.0.0.1:1", bearer: "a\\nb" }]`);
    // The secret of the configuration is the one that cannot be sent.
    await expectRefused(['--config', config], 'the secret for loki cannot be sent', { PORTLOG_LOKI_API_KEY: 'fine', PORTLOG_LOKI_BEARER: 'fine' });
  });
});

describe('two sinks with one destination', () => {
  test('a file, by the same name, another, or a link', async () => {
    const folder = freshDir();
    const out = join(folder, 'out');
    writeFileSync(out, '');
    symlinkSync(out, join(folder, 'symbolic'));
    linkSync(out, join(folder, 'hard'));
    for (const other of [out, `${folder}/./out`, join(folder, 'symbolic'), join(folder, 'hard')])
      for (const [one, two] of [
        ['file', 'file'],
        ['file', 'wazuh'],
      ])
        await expectRefused(['--to', `${one}=${out}`, '--to', `${two}=${other}`], 'is named twice');
    const narrowed = `sinks: [{ type: file, path: ${out}, datasets: [nmap.port] }, { type: file, path: ${out}, datasets: [nmap.host] }]`;
    await expectRefused(['--config', configured(folder, narrowed)], 'is named twice');
  });

  test('one that is not there yet', async () => {
    const out = join(freshDir(), 'new');
    await expectRefused(['--to', `file=${out}`, '--to', `file=${out}`], `file ${out} is named twice`);
  });

  test('a server, unless each gets something else', async () => {
    const folder = freshDir();
    const sink = (more = ''): string => `{ type: http, url: "http://127.0.0.1:1/x"${more} }`;
    await expectRefused(['--config', configured(folder, `sinks: [${sink()}, ${sink()}]`)], 'http http://127.0.0.1:1/x is named twice');
    const headers = configured(folder, `sinks: [${sink(', headers: { x-tenant: a }')}, ${sink(', headers: { x-tenant: b }')}]`);
    await expectRefused(['--config', headers], 'give one of them a name in the configuration file (name: customer-a)');
    const config = configured(folder, `sinks: [${sink()}, ${sink(', datasets: [nmap.port]')}]`);
    expect((await portlogHere(['check', '--config', config])).stderr).not.toContain('named twice');
  });
});

test('a file that is read, or that contains something else, is no destination', async () => {
  const folder = freshDir();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('key'), 'k');
  const state = ['--state-dir', path('state')];
  for (const [sinks, words] of [
    [
      `[{ type: elasticsearch, url: "https://es:9200", apiKeyFile: ${path('key')} }, { type: file, path: ${path('key')} }]`,
      'it is a file of the configuration',
    ],
    [`[{ type: file, path: ${path('portlog.yaml')} }]`, 'it is the configuration that is read'],
    [`[{ type: file, path: ${path('m.prom')} }]\nmetrics: { file: ${path('m.prom')} }`, 'cannot hold events and metrics'],
  ] as const)
    await expectRefused([...state, '--config', configured(folder, `sinks: ${sinks}`)], words);
});

test('a directory that is watched twice', async () => {
  const folder = freshDir();
  const config = configured(
    folder,
    `directories: [{ path: ${folder} }, { path: "${folder}/", site: berlin }]\nsinks: [{ type: file, path: ${join(folder, 'o')} }]`,
  );
  await expectRefused(['--config', config], `directories.1: ${folder}/ is there twice`);
});

describe('an address for metrics that this machine does not have', () => {
  test.each([
    ['nosuchhost.invalid:9464', 'that host name is not known'],
    ['198.51.100.7:9464', 'this machine has no such address'],
    ['[2001:db8::7]:9464', 'this machine has no such address'],
    ['localhost:99999', 'there is no such address'],
    ['local host:9464', 'that host name is not known'],
  ])('%s', async (listen, words) => {
    const folder = freshDir();
    const config = configured(
      folder,
      `metrics: { listen: "${listen}" }\nsinks: [{ type: file, path: ${join(folder, 'o')} }]\ndirectories: [{ path: ${folder} }]`,
    );
    for (const command of ['check', 'run']) {
      const { code, stderr } = await portlogHere([command, '--config', config, '--state-dir', join(folder, 'state')]);
      expect([command, code, stderr]).toEqual([command, 2, expect.stringContaining(words)]);
      expect(stderr.replaceAll(/portlog-test-\w+/g, '')).not.toMatch(NEVER);
    }
  });

  test('and one that it has', async () => {
    for (const listen of ['localhost:9464', '127.0.0.1:0', ':9464', '9464', '0.0.0.0:9464']) {
      const config = configured(freshDir(), `metrics: { listen: "${listen}" }`);
      expect((await portlogHere(['check', '--config', config])).stdout, listen).toContain('ok      metrics would be served on');
    }
  });
});
