import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

// Compiled into another folder, then only changed files are copied: a portlog that runs from dist meanwhile always finds its files.
const OUT = 'dist';
/** What is started, imported by other programs, or run in threads; `src/core/package-files.ts` and package.json know where it is. */
const ENTRIES = ['cli/main', 'index', 'exporter/exporter', 'pipeline/threads/thread', 'cli/session/watchdog-thread'];
mkdirSync('.cache', { recursive: true });
const draft = mkdtempSync(join('.cache', 'build-'));
try {
  execFileSync('tsc', ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', draft], { stdio: 'inherit' });
  await bundle(draft);
  const made = new Set(filesIn(draft));
  for (const name of made) putInPlace(join(draft, name), join(OUT, name));
  for (const name of filesIn(OUT)) if (!made.has(name) && !name.startsWith('man/')) rmSync(join(OUT, name), { force: true });
} finally {
  rmSync(draft, { recursive: true, force: true });
}

/** In a third of the files, for each costs time at every start (docs/decisions/0106-start.md). What is shared lies at the depth of src/core, where it looks for files of the package. */
async function bundle(outdir: string): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    packages: 'external',
    platform: 'node',
    target: 'node22.19',
    format: 'esm',
    logLevel: 'warning',
  });
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
