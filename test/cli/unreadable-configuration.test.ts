import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshDir } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { expectSentence, ES, SCAN, NEVER } from '../support/mistyped.ts';

describe('a file that is none, or none of text', () => {
  const folder = freshDir();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('utf16'), Buffer.from('\uFEFFsite: berlin\n', 'utf16le'));
  writeFileSync(path('utf16-bare'), Buffer.from('site: berlin\n', 'utf16le'));
  writeFileSync(path('latin1'), Buffer.from('tags: [M\u00fcnchen]\n', 'latin1'));
  writeFileSync(path('large'), Buffer.alloc((16 << 20) + 1, '#'));
  execFileSync('mkfifo', [path('pipe')]);
  const reasons = [
    ['utf16', 'it is written in UTF-16, or is not text: save it as UTF-8'],
    ['utf16-bare', 'it is written in UTF-16, or is not text: save it as UTF-8'],
    ['latin1', 'there are characters in it that are not UTF-8: save it as UTF-8'],
    ['large', 'it is larger than'],
    ['pipe', 'it is a pipe or a terminal, and nothing comes out of it'],
    ['/dev/zero', 'it is larger than'],
    ['/dev', 'it is a directory'],
  ] as const;

  test.for(reasons)('%s as configuration, expected exposure or secret', async ([name, reason]) => {
    const file = name.startsWith('/') ? name : path(name);
    await expectSentence(['run', '--config', file], {}, [[], 2, `the configuration ${file} could not be read: ${reason}`]);
    await expectSentence(['--exposure', file, SCAN], {}, [[], 2, `the exposure file ${file} could not be read: ${reason}`]);
    await expectSentence(['check', '--to', ES], { PORTLOG_ELASTICSEARCH_API_KEY_FILE: file }, [
      [],
      2,
      `the secret in ${file} could not be read: ${reason}`,
    ]);
  });

  test.for([
    ['pipe', 'it is a pipe or a terminal, and nothing comes out of it'],
    ['/dev/zero', 'it is larger than 8 MiB'],
    ['/dev', 'it is a directory'],
    ['latin1', 'it holds no PEM'],
  ] as const)('%s as authority, certificate or key', async ([name, reason]) => {
    const file = name.startsWith('/') ? name : path(name);
    const to = 'elasticsearch=https://127.0.0.1:1';
    await expectSentence(['--to', to, '--ca-file', file, SCAN], {}, [[], 2, `the CA file ${file} cannot be used: ${reason}`]);
    const client = { PORTLOG_ELASTICSEARCH_CERT_FILE: file, PORTLOG_ELASTICSEARCH_KEY_FILE: file };
    await expectSentence(['--to', to, SCAN], client, [[], 2, `the certificate ${file} cannot be used: ${reason}`]);
  });

  test('one that a program writes into a pipe is read to its end', async () => {
    const writer = spawn('/bin/sh', ['-c', `sleep 0.3; (echo 'site: berlin'; sleep 0.3; echo 'frob: 1') > ${path('pipe')}`]);
    const { stderr } = await portlogHere(['run', '--config', path('pipe')]);
    writer.kill();
    expect(stderr).toContain(`${path('pipe')}: frob: there is no such setting`);
  });
});

test.for([
  ['yaml', (depth: number) => `site: ${'['.repeat(depth)}${']'.repeat(depth)}`],
  ['json', (depth: number) => `{"site":${'['.repeat(depth)}${']'.repeat(depth)}}`],
] as const)('a configuration that is nested far too deep ends in a sentence: %s', async ([format, nested]) => {
  for (const depth of [100, 2000, 50_000]) {
    const path = join(freshDir(), `portlog.${format}`);
    writeFileSync(path, nested(depth));
    const { stderr, code } = await portlogHere(['run', '--config', path]);
    expect(stderr).toContain(`${path} is not valid ${format.toUpperCase()}: `);
    expect(stderr).toContain('it is nested deeper than any setting is');
    expect(stderr).not.toMatch(NEVER);
    expect(code).toBe(2);
  }
});

test('JSON says a setting once, too', async () => {
  const path = join(freshDir(), 'portlog.json');
  writeFileSync(path, '{\n\t"site": "a",\n\t"site": "b"\n}');
  const { code, stderr } = await portlogHere(['run', '--config', path]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${path} is not valid JSON: line 3: a setting occurs twice`)]);
});
