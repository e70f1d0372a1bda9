import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { violationsIn } from './check.ts';
import { cyclesIn } from './cycles.ts';
import { clocksIn } from './time.ts';

/** `node tools/layers/layers.ts [SRC]`: says which imports and which clocks the table does not allow, and which files import each other in a circle; exit 1 if there are any. */
const src = process.argv[2] ?? 'src';
const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const files = new Map(names.map((name) => [name.split(sep).join('/'), readFileSync(join(src, name), 'utf8')]));
const violations = [...[...files].flatMap(([file, text]) => [...violationsIn(file, text), ...clocksIn(file, text)]), ...cyclesIn(files)];
for (const { file, what, reason } of violations) console.error(`src/${file} ${what}: ${reason}`);
if (violations.length > 0) process.exitCode = 1;
