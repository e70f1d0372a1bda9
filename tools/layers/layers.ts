import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { violationsIn } from './check.ts';

/** `node tools/layers/layers.ts [SRC]`: says which imports the table of layers does not allow; exit 1 if there are any. */
const src = process.argv[2] ?? 'src';
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const violations = files.flatMap((name) => violationsIn(name.split(sep).join('/'), readFileSync(join(src, name), 'utf8')));
for (const { file, specifier, reason } of violations) console.error(`src/${file} imports ${specifier}: ${reason}`);
if (violations.length > 0) process.exitCode = 1;
