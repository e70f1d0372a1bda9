import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/run-portlog.ts';

test('one module knows where files lie: in the single program they lie elsewhere', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true }).filter(({ name }) => name.endsWith('.ts'));
  const asking = sources.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => readFileSync(path, 'utf8').includes('import.meta'));
  expect(asking).toEqual([join(ROOT, 'src', 'core', 'package-files.ts')]);
});
