import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/* Says which packages of an installed portlog (its folder) have another version than package-lock.json, with which it was tested, and whether it is too large. */

const MAX_MB = 20;

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly link?: boolean;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('node tools/installed-versions.ts FOLDER');
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { readonly packages: Readonly<Record<string, Entry>> };
const needed = Object.entries(packages).filter(
  ([path, { dev, devOptional, optional, peer, link }]) =>
    path.startsWith('node_modules/') && [dev, devOptional, optional, peer, link].every((flag) => flag !== true),
);
const wrong = needed.flatMap(([path, { version }]) => {
  const file = join(folder, path, 'package.json');
  const installed = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Entry).version : 'nothing';
  return installed === version ? [] : [`${path}: tested with ${version ?? ''}, installed is ${installed ?? ''}`];
});
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const megabytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1e6;
for (const line of wrong) console.error(line);
console.log(`${needed.length - wrong.length} of ${needed.length} packages are as tested, ${megabytes.toFixed(1)} MB (at most ${MAX_MB})`);
process.exitCode = wrong.length === 0 && needed.length > 0 && megabytes <= MAX_MB ? 0 : 1;
