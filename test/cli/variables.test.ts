import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { originsOf, sinkOptions } from '../../src/config/connection.ts';
import { expectSentence, SCAN } from '../support/mistyped.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';

const REACHED = { caFile: undefined, compression: undefined };

async function warnings(env: Readonly<Record<string, string>>, args: readonly string[] = [SCAN]): Promise<readonly string[]> {
  const { stderr, code } = await portlogHere(args, { PORTLOG_FORMAT: 'ecs', ...env });
  expect(code, stderr).toBe(0);
  return stderr.split('\n').filter((line) => line.includes('not read'));
}

describe('a variable that nothing reads', () => {
  test.for<readonly [name: string, meant: string]>([
    ['PORTLOG_STAE_DIR', 'PORTLOG_STATE_DIR'],
    ['PORTLOG_TAGS', 'PORTLOG_TAG'],
    ['PORTLOG_LOKI_TOKEN', 'PORTLOG_LOKI_BEARER'],
    ['PORTLOG_LOKI_PASWORD_FILE', 'PORTLOG_LOKI_PASSWORD_FILE'],
    ['PORTLOG_LOKI_CA_FILE', 'PORTLOG_CA_FILE'],
    ['PORTLOG_KIBANA_APIKEY', 'PORTLOG_KIBANA_API_KEY'],
    ['PORTLOG_ELASTIC_API_KEY', 'PORTLOG_ELASTICSEARCH_API_KEY'],
    ['PORTLOG_OPENSERCH_USER', 'PORTLOG_OPENSEARCH_USER'],
  ])('%s causes a warning with the nearest known name', async ([name, meant]) => {
    expect(await warnings({ [name]: 's3cret' })).toEqual([`portlog: the environment variable ${name} is not read: did you mean ${meant}?`]);
  });

  test('credentials without a server cause a warning, and are never shown', async () => {
    const { stderr } = await portlogHere([SCAN], { PORTLOG_API_KEY: 's3cret', PORTLOG_PASSWORD: 's3cret' });
    expect(stderr).toContain('PORTLOG_API_KEY is not read: the name of a server belongs before API_KEY, as in PORTLOG_ELASTICSEARCH_API_KEY');
    expect(stderr).toContain('PORTLOG_PASSWORD is not read: the name of a server belongs before PASSWORD');
    const setUp = await portlogHere(['setup', 'elasticsearch'], { PORTLOG_API_KEY: 's3cret' });
    expect(setUp.stderr).toContain('a key itself goes into PORTLOG_ELASTICSEARCH_API_KEY');
    expect(stderr + setUp.stderr).not.toContain('s3cret');
  });

  test('a hundred of them take six lines', async () => {
    const env = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`PORTLOG_STATE_DIR${index}`, 'x']));
    expect(await warnings(env)).toHaveLength(6);
  });

  test('sixty thousand of them, and names of a hundred thousand letters, hold nothing up', async () => {
    const env = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`PORTLOG_STATE_DIX${index}`, 'x']));
    const since = process.cpuUsage();
    expect(await warnings({ ...env, [`PORTLOG_STATE_DIR${'X'.repeat(100_000)}`]: 'x' })).toHaveLength(6);
    expect(process.cpuUsage(since).user).toBeLessThan(20e6);
  });

  test('causes no warning when it belongs to another program, or another command or the configuration reads it', async () => {
    const tests = 'CORPUS KILLS FLIPS ARCH PROGRAM FUZZ_RUNS FUZZ_SEED HOSTILE_BYTES HOSTILE_TELL OUTAGE_MB MAINTAINER LOKI REPORT';
    const others = 'NAME VERSION HOME USER DEBUG DIR LOG IMAGE SERVICE_HOST SERVICE_PORT PORT_9464_TCP LOKI_SERVICE_HOST LOKI_PORT_3100_TCP';
    const commands = 'ONCE NETWORK YES ELASTICSEARCH_API_KEY KIBANA_URL WAZUH_DASHBOARD_PASSWORD OPENSEARCH_DASHBOARDS_TENANT';
    const env = Object.fromEntries(`${tests} ${others} ${commands}`.split(' ').map((name) => [`PORTLOG_${name}`, 'true']));
    expect(await warnings(env)).toEqual([]);
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, 'labels: { key: "${PORTLOG_STATE_DIRS}" }\n');
    expect(await warnings({ PORTLOG_STATE_DIRS: 'x' }, ['--config', config, SCAN])).toEqual([]);
  });
});

describe('a value that nobody typed', () => {
  test.for<readonly [name: string, text: string, sentence: string, hint?: string]>([
    ['PORTLOG_MASS_CHANGE', '0', 'PORTLOG_MASS_CHANGE=0: it needs a whole number from 1'],
    ['PORTLOG_SITE', 'a b', 'PORTLOG_SITE "a b": only letters'],
    ['PORTLOG_LABEL', 'x', 'PORTLOG_LABEL x: write NAME=TEXT'],
    ['PORTLOG_METRICS_FILE', '/x/y', 'PORTLOG_METRICS_FILE /x/y: its name must end in .prom'],
    [
      'PORTLOG_TO',
      'elastic',
      'there is no sink "elastic"',
      'there are: stdout, alertmanager, elasticsearch, exec, file, http, loki, opensearch, otlp, syslog, wazuh; that is set in PORTLOG_TO',
    ],
    ['PORTLOG_EXPOSURE', '/no/x', 'the exposure file /no/x could not be read', 'check its path and its permissions; that is set in PORTLOG_EXPOSURE'],
    ['PORTLOG_CONFIG', '/no/c', 'the configuration /no/c could not be read', 'check its path and its permissions; that is set in PORTLOG_CONFIG'],
  ])('%s=%s is reported with the name of the variable', async ([name, text, sentence, hint]) => {
    await expectSentence([SCAN], { [name]: text }, [[], 2, sentence, hint]);
  });

  test('is reported with the name of the setting; a typed value with that of the option', async () => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, 'exposure: /no/x\nmetrics: { listen: "nowhere at all" }\ndirectories: [{ path: ' + freshDir() + ' }]\n');
    await expectSentence(['--config', config, SCAN], {}, [
      [],
      2,
      'the exposure file /no/x could not be read',
      `check its path and its permissions; that is set as exposure in ${config}`,
    ]);
    writeFileSync(config, readFileSync(config, 'utf8').replace('exposure: /no/x\n', ''));
    const { stderr, code } = await portlogHere(['run', '--config', config]);
    expect([stderr, code]).toEqual([expect.stringContaining('portlog: metrics.listen nowhere at all: there is no such address'), 2]);
    await expectSentence(['--mass-change', '0', '--config', config, SCAN], { PORTLOG_MASS_CHANGE: '5' }, [
      [],
      2,
      '--mass-change needs a whole number from 1',
    ]);
  });
});

describe('PORTLOG_<SINK>_URL', () => {
  const withUrl = ['alertmanager', 'elasticsearch', 'http', 'loki', 'opensearch', 'otlp', 'syslog', 'wazuh'];

  test.for(withUrl)('is where %s is, unless the sink says so itself', async (type) => {
    const env = { [`PORTLOG_${type.toUpperCase()}_URL`]: 'https://from-environment:1' };
    expect((await sinkOptions({ type }, REACHED, 'default', env)).target).toBe('https://from-environment:1');
    expect((await sinkOptions({ type, url: 'https://own:2' }, REACHED, 'default', env)).target).toBe('https://own:2');
    expect(originsOf([], env)).toEqual(new Map([[type, ['https://from-environment:1']]]));
  });

  test('of a file or a program is nothing', async () => {
    expect((await sinkOptions({ type: 'file' }, REACHED, 'default', { PORTLOG_FILE_URL: 'https://x' })).target).toBeUndefined();
    expect(originsOf([], { PORTLOG_EXEC_URL: 'https://x' }).size).toBe(0);
  });

  test('binds the credentials of the environment: they are sent nowhere else', async () => {
    const env = { PORTLOG_LOKI_URL: 'http://127.0.0.1:1', PORTLOG_LOKI_BEARER: 's3cret' };
    const there = await portlogHere(['--to', 'loki', '--retry-for-seconds', '0', SCAN], env);
    expect(there.stderr).toContain('http://127.0.0.1:1 cannot be reached');
    const elsewhere = await portlogHere(['--to', 'loki=http://127.0.0.1:2', SCAN], env);
    expect(elsewhere.stderr).toContain('the credentials for loki are for http://127.0.0.1:1, and would go to http://127.0.0.1:2');
    expect(elsewhere.code).toBe(2);
    const both = await portlogHere(['--to', 'loki=http://127.0.0.1:2', '--retry-for-seconds', '0', SCAN], {
      ...env,
      PORTLOG_LOKI_URL: 'http://127.0.0.1:2',
    });
    expect(both.stderr).toContain('http://127.0.0.1:2 cannot be reached');
  });
});
