import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { neededPackages } from '../release/needed.ts';

/* Says which packages of an installed portlog (its folder) have another version than package-lock.json, with which it was tested, and whether it is too large. */

/** The package had 10.2 when this was set (docs/decisions/0093-size-of-the-package.md). */
const MAX_MB = 12;

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('node tools/ci/installed-versions.ts FOLDER');
const needed = neededPackages();
const wrong = needed.flatMap(({ path, version }) => {
  const file = join(folder, path, 'package.json');
  const installed = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version : 'nothing';
  return installed === version ? [] : [`${path}: tested with ${version}, installed is ${installed}`];
});
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const megabytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1e6;
for (const line of wrong) console.error(line);
console.log(`${needed.length - wrong.length} of ${needed.length} packages are as tested, ${megabytes.toFixed(1)} MB (at most ${MAX_MB})`);
process.exitCode = wrong.length === 0 && needed.length > 0 && megabytes <= MAX_MB ? 0 : 1;
