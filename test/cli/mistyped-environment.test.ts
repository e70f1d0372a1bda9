import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { captureOutput } from '../../src/core/child.ts';
import { freshDir } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { expectSentence, ES, SCAN } from '../support/mistyped.ts';

describe('wrong in the environment', () => {
  test.for<readonly [name: string, text: string, code: number, sentence: string, hint?: string]>([
    ['PORTLOG_RETRY_FOR_SECONDS', 'soon', 2, 'PORTLOG_RETRY_FOR_SECONDS=soon: it needs a number that is not negative'],
    ['PORTLOG_TAG', 'a,,b', 2, 'PORTLOG_TAG=a,,b: an item is empty: a comma is doubled, or at the beginning or end', 'remove the superfluous comma'],
    ['PORTLOG_STATE_DIR', '~/state', 2, 'PORTLOG_STATE_DIR=~/state begins with ~, which only a shell replaces'],
    [
      'PORTLOG_STATE_DIR',
      '/proc/none',
      4,
      '/proc/none/portlog.db cannot be used: there is no such directory',
      'name another directory with PORTLOG_STATE_DIR',
    ],
    ['PORTLOG_FORMAT', 'xml', 2, 'PORTLOG_FORMAT=xml: there is no such choice', 'there are: ecs, otel, table'],
    ['PORTLOG_QUIET', 'perhaps', 2, 'PORTLOG_QUIET=perhaps: it is on or off', 'write true or false'],
    ['PORTLOG_QUIET', 'constructor', 2, 'PORTLOG_QUIET=constructor: it is on or off', 'write true or false'],
    ['PORTLOG_ELASTICSEARCH_USER', 'me', 2, 'elasticsearch: the user "me" has no password', 'set PORTLOG_ELASTICSEARCH_USER and'],
    ['PORTLOG_ELASTICSEARCH_API_KEY_FILE', '/no/key', 2, 'the secret in /no/key could not be read: there is no such file'],
    ['PORTLOG_ELASTICSEARCH_API_KEY_COMMAND', '/no/pass show', 2, 'the command /no/pass gave no secret: there is no such file'],
    [
      'PORTLOG_ELASTICSEARCH_API_KEY',
      '"hunter2"',
      2,
      'the secret for elasticsearch begins with ", which is no part of it',
      'write the key or token alone',
    ],
    ['PORTLOG_ELASTICSEARCH_API_KEY', 'ApiKey hunter2', 2, 'the secret for elasticsearch begins with ApiKey, which is no part of it'],
    ['PORTLOG_ELASTICSEARCH_BEARER', 'Bearer hunter2', 2, 'the secret for elasticsearch begins with Bearer, which is no part of it'],
    ['PORTLOG_ELASTICSEARCH_API_KEY', 'hunter2\r', 2, 'the secret for elasticsearch cannot be sent: it has a line end in it'],
    ['PORTLOG_STATE_DIR', '/proc/none\n', 2, 'PORTLOG_STATE_DIR ends with a line end', 'write the value without it'],
    ['PORTLOG_SITE', 'berlin\r', 2, 'PORTLOG_SITE ends with a line end'],
    ['PORTLOG_RETRY_FOR_SECONDS', '5\r\n', 2, 'PORTLOG_RETRY_FOR_SECONDS ends with a line end'],
    ['PORTLOG_TO', 'file=out\n', 2, 'PORTLOG_TO ends with a line end'],
    ['PORTLOG_RETRY_FOR_SECONDS', 'Infinity', 2, 'PORTLOG_RETRY_FOR_SECONDS=Infinity: it needs a number that is not negative'],
    ['PORTLOG_RETRY_FOR_SECONDS', '"5"', 2, 'PORTLOG_RETRY_FOR_SECONDS="5": it needs a number that is not negative'],
    ['PORTLOG_ELASTICSEARCH_CERT_FILE', '/no/cert', 2, 'a certificate needs its key: /no/cert alone is of no use'],
  ])('%s=%s', async ([name, text, code, sentence, hint]) => {
    await expectSentence(['--to', ES, SCAN], { [name]: text }, [[], code, sentence, hint]);
  });

  test('a user with a colon is none, for any server', async () => {
    for (const type of ['elasticsearch', 'wazuh']) {
      const name = `PORTLOG_${type.toUpperCase()}`;
      const args = ['--to', `${type}=https://127.0.0.1:1`, SCAN];
      const sentence = `the user for ${type} has a colon in it, which separates user and password`;
      await expectSentence(args, { [`${name}_USER`]: 'me:hunter2', [`${name}_PASSWORD`]: 'x' }, [[], 2, sentence, 'write the user alone']);
    }
  });

  test('a switch is on or off, however that is written', async () => {
    for (const text of ['1', 'true', 'YES', 'on'])
      expect((await portlogHere(['no/such'], { PORTLOG_QUIET: text })).stderr, text).not.toContain('read 0');
    for (const text of ['0', 'False', 'no', 'off'])
      expect((await portlogHere(['no/such'], { PORTLOG_QUIET: text })).stderr, text).toContain('read 0');
  });
});

test('values from the environment are checked like those of the file', async () => {
  const path = join(freshDir(), 'portlog.yaml');
  writeFileSync(path, 'site: ${SITE}\nsinks: [{ type: file, path: "${OUT}" }]');
  const out = join(freshDir(), 'out');
  expect((await portlogHere(['--config', path, SCAN], { SITE: 'berlin', OUT: out })).code).toBe(0);
  expect((await portlogHere(['--config', path, SCAN], { SITE: 'a b', OUT: out })).stderr).toContain(
    'site: only letters, digits, dots, hyphens and underscores',
  );
});

test('a command that prints a secret has a time limit', async () => {
  await expect(captureOutput(['/bin/sleep', '100'], {}, 100)).rejects.toThrow('it had not ended after 0.1 s');
});

test('an unknown time zone is named once, and the zones and rules that systems know are not', async () => {
  for (const TZ of ['Europe/Nowhere', 'Berlin', ':Mars/Olympus'])
    expect((await portlogHere(['status'], { TZ })).stderr.split(`TZ=${TZ}: no such time zone is known here`), TZ).toHaveLength(2);
  for (const TZ of ['', 'UTC', 'Europe/Berlin', ':Europe/Berlin', 'CET-1CEST', ':/etc/localtime', 'EST5EDT'])
    expect((await portlogHere(['status'], { TZ })).stderr, TZ).not.toContain('time zone');
});
