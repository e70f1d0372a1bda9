import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { allCommands } from '../../src/cli/commands.ts';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { ALL, CONTROL, MARKUP, scanWith } from '../support/strangers-text.ts';

/* What strangers write arrives as text in every format of every command. A new format needs a reader here: without one a test fails. */

/** Rows of CSV (RFC 4180); throws where it is none. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  const cells = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/gy;
  for (let found = cells.exec(text); found !== null; found = cells.lastIndex < text.length ? cells.exec(text) : null) {
    rows.at(-1)!.push(found[1]!.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"'));
    if (found[2] === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

function wellFormed(text: string): string[] {
  const tags: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => tags.push(name));
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text).close();
  return tags;
}

type Reader = (text: string) => void;
const lines: Reader = (text) => {
  for (const line of text.trim().split('\n')) JSON.parse(line);
};
const whole: Reader = (text) => void JSON.parse(text);
const terminal: Reader = (text) => expect(text.replaceAll('\n', '')).not.toMatch(CONTROL);
const csv: Reader = (text) => {
  const [heading = [], ...rows] = csvRows(text);
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) {
    expect(row).toHaveLength(heading.length);
    for (const cell of row) expect(cell).not.toMatch(/^\s*[=+@\uFF1D]|^\s*-(?!\d)/);
  }
};
const html: Reader = (text) => {
  expect(text).toContain('onerror');
  // Its own elements, and no other. test/server/report.test.ts opens it in a browser.
  expect(text.replaceAll(/<(style|script)>.*?<\/\1>/gs, '')).not.toMatch(/<(?:img|!channel|https)|<[^>]*\son\w+=|href="(?!#)/i);
};
const markdown: Reader = (text) => {
  expect(text).toContain('onerror');
  // Escaped: no element, no link that works, no mention.
  expect(text).not.toMatch(/<\w|(?<!\\)\](?=\()|(?<!\\)\[bank|:\/\/evil|(?<!\w)@\w|@\*/);
};
const junit: Reader = (text) => expect(new Set(wellFormed(text))).toEqual(new Set(['testsuite', 'testcase', 'failure']));
const sarif: Reader = (text) => {
  const { results } = JSON.parse(text).runs[0];
  expect(results.length).toBeGreaterThan(0);
  for (const { message } of results) {
    expect(message.text).not.toMatch(MARKUP);
    // A single brace would be a placeholder: 3.11.5.
    expect(message.text.replaceAll(/\{\{|\}\}/g, '')).not.toMatch(/[{}]/);
  }
};

/** How each format of each command is read. */
const FORMATS: Readonly<Record<string, Readonly<Record<string, Reader>>>> = {
  check: { ecs: lines, otel: lines, table: terminal },
  ship: { ecs: lines, otel: lines, table: terminal },
  scan: { ecs: lines, otel: lines, table: terminal },
  watch: { ecs: lines, otel: lines, table: terminal },
  run: { ecs: lines, otel: lines, table: terminal },
  replay: { ecs: lines, otel: lines, table: terminal },
  diff: { table: terminal, unified: terminal, json: lines },
  inventory: { table: terminal, json: lines, csv },
  findings: { table: terminal, json: lines, csv },
  report: { html, markdown, csv, json: whole },
  exposure: { table: terminal, json: lines, junit, sarif },
};

describe('formats of commands', () => {
  test('each has a reader here', async () => {
    const formats = (await allCommands()).flatMap(({ name, options }) => (options['format']?.choices ?? []).map((format) => [name, format] as const));
    expect(formats.length).toBeGreaterThan(10);
    expect(formats.filter(([name, format]) => FORMATS[name]?.[format] === undefined)).toEqual([]);
  });

  const [old, newer, policy, state] = ['old.xml', 'new.xml', 'exposure.yaml', 'state'].map((name) => join(freshDir(), name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(old, scanWith('x', { start: 1_750_000_000 }));
  writeFileSync(newer, scanWith(ALL, { portid: 81 }));
  writeFileSync(policy, 'networks:\n  - { network: 192.0.2.0/24, zone: dmz }\nexpected: []\n');
  const words: Readonly<Record<string, readonly string[]>> = {
    ship: [newer],
    diff: ['diff', old, newer],
    inventory: ['inventory', '--state', 'all'],
    findings: ['findings'],
    report: ['report'],
    exposure: ['exposure', 'check', '--exposure', policy, newer],
  };
  const known = portlog(['--state-dir', state, '--to', `file=${join(freshDir(), 'x')}`, newer]);

  test.each(
    Object.entries(words).flatMap(([name, args]) => Object.entries(FORMATS[name]!).map(([format, read]) => [name, format, args, read] as const)),
  )('%s --format %s', async (_, format, args, read) => {
    await known;
    const { stdout, stderr, code } = await portlog([...args, '--format', format], { env: { PORTLOG_STATE_DIR: state } });
    expect(code, stderr).toBeLessThan(2);
    expect(stdout).not.toBe('');
    terminal(stderr);
    read(stdout);
  });

  test('a first file of exposure is read again, with nothing in it that the words of strangers have made', async () => {
    const { stdout } = await portlog(['exposure', 'init', newer]);
    const made = parse(stdout);
    expect(Object.keys(made)).toEqual(['networks', 'expected']);
    expect([made.networks, made.expected].map((list) => list.length)).toEqual([1, 1]);
    expect(Object.keys(made.expected[0])).toEqual(['hosts', 'ports', 'reason', 'owner']);
  });
});
