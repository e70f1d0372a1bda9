import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { patternsIn, slowest } from './pump.ts';

const { literals, made } = patternsIn(fileURLToPath(new URL('../../src', import.meta.url)));

test('the pumps find what is not linear', () => {
  for (const pattern of [/\S:\S+ at \S/, /^(a+)+$/, /\s+$/, /\b[a-z][a-z.]*:\/\//, /(?:x|y)*z/, /types:[^]*\n\s*None/])
    expect.soft(slowest(pattern), String(pattern)).toBeDefined();
  for (const pattern of [/^\s+/, /[<>&]/, /^-?\d{1,15}$/, /"[^"]{0,64}"/]) expect.soft(slowest(pattern), String(pattern)).toBeUndefined();
});

test('every regular expression in src is linear, however it is pumped', () => {
  expect(literals.length).toBeGreaterThan(100);
  const slow = literals.flatMap(({ where, pattern }) => {
    const worst = slowest(pattern);
    return worst === undefined ? [] : [`${where}: ${Math.round(worst.ms)} ms for ${worst.text}`];
  });
  expect(slow).toEqual([]);
});

test('no pattern is made out of a text at run time, but for one out of words as they are', () => {
  expect(made).toEqual(['config/finding-settings.ts']);
});
