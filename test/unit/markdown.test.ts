import { expect, test } from 'vitest';
import { plain } from '../../src/report/markdown.ts';

test.for<readonly [text: string, escaped: string]>([
  ['Apache httpd 2.4.58 ((Ubuntu)), 1 port + 2 {a}!', 'Apache httpd 2.4.58 ((Ubuntu)), 1 port + 2 {a}!'],
  ['snake_case_name', 'snake_case_name'],
  ['_x_ a__b', '\\_x\\_ a\\_\\_b'],
  ['*bold* `code` ~gone~ a|b \\', '\\*bold\\* \\`code\\` \\~gone\\~ a\\|b \\\\'],
  ['[here](https://example.net) ![x](y)', '\\[here\\](https&#58;//example.net) !\\[x\\](y)'],
  ['# a #2', '\\# a #2'],
  ['+ a', '\\+ a'],
  ['- a', '\\- a'],
  ['1. a', '1\\. a'],
  ['10.0.0.1 a', '10.0.0.1 a'],
  ['<b> & www.example.net', '&#60;b&#62; &#38; www&#46;example.net'],
])('of Markdown only what would be read as such is escaped: %s', ([text, escaped]) => {
  expect(plain(text)).toBe(escaped);
});
