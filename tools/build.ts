import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

// Compiled into another folder, then only changed files are copied: a portlog that runs from dist meanwhile always finds its files.
const OUT = 'dist';
mkdirSync('.cache', { recursive: true });
const draft = mkdtempSync(join('.cache', 'build-'));
try {
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--outDir', draft], { stdio: 'inherit' });
  const made = new Set(filesIn(draft));
  for (const name of made) putInPlace(join(draft, name), join(OUT, name));
  for (const name of filesIn(OUT)) if (!made.has(name) && !name.startsWith('man/')) rmSync(join(OUT, name), { force: true });
} finally {
  rmSync(draft, { recursive: true, force: true });
}

function putInPlace(made: string, path: string): void {
  if (existsSync(path) && readFileSync(path).equals(readFileSync(made))) return;
  mkdirSync(dirname(path), { recursive: true });
  renameSync(made, path);
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
}
