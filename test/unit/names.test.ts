import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Looks at what a program passes, and hands it on to the function of that name. */
const LIBRARY = 'library/';

test('no two exported functions have the same name', () => {
  const places = new Map<string, string[]>();
  for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.startsWith(LIBRARY)))
    for (const [, name = ''] of readFileSync(`src/${path}`, 'utf8').matchAll(/^export (?:async )?function\*? (\w+)/gm))
      places.set(name, [...(places.get(name) ?? []), path]);
  expect(places.size).toBeGreaterThan(500);
  expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([]);
});
