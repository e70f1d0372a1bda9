import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDir } from '../support/run-portlog.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { NEVER } from '../support/mistyped.ts';

const BOMB = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdef'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcde'[i]}`).join()}]`),
].join('\n');

/* What YAML makes of what people write; undefined: it is right. */
test.for<readonly [name: string, text: string | Buffer, sentence?: string]>([
  ['a tab', 'sinks:\n\t- type: file\n', 'line 2: there is a tab'],
  ['a setting twice', 'site: a\nsite: b\n', 'line 2: a setting occurs twice'],
  ['no of YAML 1.1', 'all: no\n', 'all: must be true or false; without quotes'],
  ['digits in groups', 'retryForSeconds: 1_000\n', 'retryForSeconds: must be a number'],
  ['a time with its unit', 'retryForSeconds: 5min\n', 'without a unit'],
  ['infinity', 'retryForSeconds: .inf\n', 'retryForSeconds: must be a number'],
  ['no number', 'retryForSeconds: .nan\n', 'retryForSeconds: must be a number'],
  ['aliases within aliases', BOMB, 'nested aliases (*name) expand to more than can be read'],
  ['a function', 'site: !!js/function "function(){}"\n', 'a value begins with !'],
  ['binary', 'site: !!binary aGk=\n', 'site: must be a string'],
  ['Windows line ends', 'site: berlin\r\n'],
  ['a mark of byte order', '\uFEFFsite: berlin\n'],
  ['UTF-16', Buffer.from('\uFEFFsite: berlin\n', 'utf16le'), 'it is written in UTF-16, or is not text'],
  ['Latin-1', Buffer.from('site: caf\u00E9\n', 'latin1'), 'there are characters in it that are not UTF-8'],
  ['a zero byte', 'site: a\0b\n', 'site has a NUL character in it'],
  ['nothing', ''],
  ['a comment', '# nothing\n'],
  ['a word', 'hello\n', 'must be a group of settings'],
  ['a list', '- a\n', 'must be a group of settings'],
  ['two documents', 'site: a\n---\nsite: b\n', 'there is a second document (---)'],
  ['a name without a value', 'site:\n', 'site: must be a string; there is nothing'],
  ['TOML', '[sinks]\ntype = "file"\n', 'is not valid YAML'],
  ['an ini file', 'site = berlin\n', 'write each as NAME: VALUE'],
  ['a number as a name', 'site: 12\n', 'site: must be a string; put it in quotes'],
  ['a quote too few', "site: 'a\n", 'a quote or bracket is missing'],
  ['nesting', `a: ${'['.repeat(5000)}`, 'it is nested deeper than any setting is'],
  ['half a variable', 'site: ${HOME\n', 'after ${ there is no name of a variable'],
  ['the prototype', '__proto__: { site: x }\n', '__proto__: there is no such setting'],
  ['a group of settings in the place of a list', 'sinks: { type: file, path: x }\n', 'sinks: must be a list'],
  ['a list of words', 'sinks: [file]\n', 'sinks.0: must be a group of settings'],
  ['a type in capitals', 'sinks: [{ type: File, path: x }]\n', 'did you mean "file"?'],
  ['a schedule as an interval', 'schedules: [{ name: a, every: 1h30, nmap: ["192.0.2.1"] }]\n', 'schedules.0: "cron" is missing'],
  ['a directory as a text', 'directories: [/srv/scans]\n', 'directories.0: must be a group of settings'],
])('%s', async ([, text, sentence]) => {
  const config = join(freshDir(), 'portlog.yaml');
  writeFileSync(config, text, { mode: 0o600 });
  const { stderr, code } = await portlogHere(['no/such', '--config', config]);
  expect(stderr).toContain(sentence ?? 'no/such could not be read');
  expect(stderr).not.toMatch(NEVER);
  expect(code).toBe(sentence === undefined ? 3 : 2);
});
