import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { quotedWord, shellWord } from '../../src/core/shell-word.ts';
import { EVIL } from '../support/strangers-text.ts';

const FILES = [
  'a b.xml',
  "it's.xml",
  '$(id).xml',
  '`id`',
  '$HOME',
  '~',
  '!!',
  '*',
  '{a,b}',
  '=ls',
  'a=b',
  '\\',
  "\\'",
  'a\\x41',
  '#x',
  'a;b',
  'a&b',
  'a|b',
  '<x',
  '',
  'größe',
];
const CONTROLS = ['a\nb', '\r', "a'\n\\b", '\u001B[31m', '\u007F', '\n$(id)\n`id`', '\\n\n'];

test.each([...FILES, ...EVIL, ...CONTROLS])('a shell reads a proposed word as it is: %j', (word) => {
  for (const written of [shellWord(word), quotedWord(word)]) {
    expect(written).not.toMatch(/[\u0000-\u001F\u007F]/);
    const shells = CONTROLS.includes(word) ? ['bash'] : ['bash', 'sh'];
    for (const shell of shells) {
      const env = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere', LC_ALL: 'C.UTF-8' };
      expect(execFileSync(shell, ['-c', `printf '%s|' ${written}`], { encoding: 'utf8', env })).toBe(`${word}|`);
    }
  }
});

test('what needs no quotes has none', () => {
  for (const word of ['/srv/scans/office.xml', 'https://loki:3100', '-rf', 'tcp://[', 'file=/x'])
    expect(shellWord(word) === word).toBe(!word.includes('['));
});
