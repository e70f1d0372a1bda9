import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/run-portlog.ts';

/* What CI runs again on the single program (.ci/run) starts it: a file that does not would test the sources a second time. */

const LISTS = ['test/the-same-everywhere.txt', 'test/the-same-node.txt'];
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Files of test/support that start it for others. */
const starters = readdirSync(join(ROOT, 'test/support')).filter((name) => startsIt(read(`test/support/${name}`)));

function startsIt(text: string): boolean {
  return [...text.matchAll(/import \{([^}]*)\} from '[./]*(?:support\/)?run-portlog\.ts'/g)].some(([, names = '']) =>
    /\b(?:portlog|startPortlog)\b/.test(names),
  );
}

function startsItThroughOthers(text: string): boolean {
  return startsIt(text) || starters.some((name) => text.includes(`'../support/${name}'`));
}

test('a file that never starts portlog is not run again on the single program', () => {
  const named = new Set(LISTS.flatMap((path) => read(path).split('\n')));
  const again = readdirSync(join(ROOT, 'test/cli')).flatMap((name) => (named.has(`test/cli/${name}`) ? [] : [`test/cli/${name}`]));
  expect(again.length).toBeGreaterThan(5);
  expect(again.filter((path) => !startsItThroughOthers(read(path)))).toEqual([]);
});
