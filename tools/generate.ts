import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generated } from './generate/generated.ts';

// Writes the generated files. With --check it only lists those that would change; a test does the same.
const outdated = [...generated()].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
const isCheck = process.argv.includes('--check');
for (const [path, text] of outdated) {
  if (isCheck) console.error(`${path} is not as npm run generate makes it`);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
if (isCheck && outdated.length > 0) process.exitCode = 1;
