import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { violationsIn } from './check.ts';
import { clocksIn } from './time.ts';

/** `node tools/layers/layers.ts [SRC]`: says which imports and which clocks the table does not allow; exit 1 if there are any. */
const src = process.argv[2] ?? 'src';
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const violations = files.flatMap((name) => {
  const [file, text] = [name.split(sep).join('/'), readFileSync(join(src, name), 'utf8')];
  return [...violationsIn(file, text), ...clocksIn(file, text)];
});
for (const { file, what, reason } of violations) console.error(`src/${file} ${what}: ${reason}`);
if (violations.length > 0) process.exitCode = 1;
