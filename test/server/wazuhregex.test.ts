import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decoded, readRules } from '../alerts/wazuh.ts';
import { shipStories } from '../alerts/ship.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { installWazuhregex } from './install/wazuhregex.ts';

/* The evaluator of test/alerts/wazuh.ts takes JavaScript's regular expressions; here the engines of Wazuh have their say. */

const RULES = readRules(readFileSync(join(ROOT, 'dashboards/wazuh/portlog_rules.xml'), 'utf8'));
const DECODERS = readFileSync(join(ROOT, 'dashboards/wazuh/portlog_decoders.xml'), 'utf8');
const SCRIPT = `
import json, sys
from wazuhregex import WazuhRegex
compiled = {}
for engine, pattern, text in json.load(sys.stdin):
    regex = compiled.setdefault(pattern, WazuhRegex(pattern))
    print("1" if getattr(regex, engine)(text)[0] else "0", end="")
`;
type Question = readonly [engine: 'pcre2_regex' | 'os_match' | 'os_regex', pattern: string, text: string];

let python: string;
beforeAll(async () => {
  python = await installWazuhregex();
}, 300_000);

function ask(questions: readonly Question[]): readonly boolean[] {
  const input = JSON.stringify(questions);
  return [...execFileSync(python, ['-c', SCRIPT], { input, encoding: 'utf8' })].map((digit) => digit === '1');
}

test('each pattern of a rule means the same to PCRE2, over all that the stories say, and what is close to it', async () => {
  const file = join(freshDir(), 'wazuh.ndjson');
  writeFileSync(file, '');
  await shipStories(['--to', `wazuh=${file}`], {});
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const values = new Map<string, Set<string>>();
  for (const line of lines)
    for (const [name, value] of decoded(JSON.parse(line) as object)) values.set(name, (values.get(name) ?? new Set()).add(String(value)));
  const questions: Question[] = [];
  const expected: boolean[] = [];
  for (const { name, pattern } of RULES.flatMap(({ fields }) => fields))
    for (const value of values.get(name) ?? [])
      for (const text of [value, `${value}x`, `x${value}`, value.toUpperCase()]) {
        questions.push(['pcre2_regex', pattern.source, text]);
        expected.push(pattern.test(text));
      }
  expect(questions.length).toBeGreaterThan(500);
  expect(new Set(expected)).toEqual(new Set([true, false]));
  expect(ask(questions)).toEqual(expected);
}, 120_000);

test('the decoder finds our program, and our JSON, in the dialects that it is read in', () => {
  const [, program = ''] = /<program_name>(.*)<\/program_name>/.exec(DECODERS) ?? [];
  const [, prematch = ''] = /<prematch>(.*)<\/prematch>/.exec(DECODERS) ?? [];
  expect(
    ask([
      ['os_match', program, 'portlog'],
      ['os_match', program, 'portlogd'],
      ['os_match', program, 'nmap'],
      ['os_regex', prematch, '{"event":{"module":"nmap"}}'],
      ['os_regex', prematch, 'x{"event":{"module":"nmap"}}'],
    ]),
  ).toEqual([true, false, false, true, false]);
});
