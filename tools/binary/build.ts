import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';
import { ARCHITECTURES, nodeFor } from './node.ts';

/*
 * A single executable: Node, portlog in one file, and the files that it brings along.
 * https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
 */

const ROOT = join(import.meta.dirname, '..', '..');
const OUT = join(ROOT, 'release');
/** Messages name pages, and `portlog help` prints them. */
const DOCS = ['docs/how-to', 'docs/reference', 'docs/explanation', 'docs/runbooks'];
/** The files that `src/core/package-files.ts` reads, by path in the package. */
const BROUGHT = ['package.json', ...filesBelow('report'), ...filesBelow('schemas'), ...filesBelow('dashboards'), ...DOCS.flatMap(filesBelow)];
/** A CommonJS file has no `import.meta.url`; modules that ask for it look for files next to themselves, and none is there. */
const ASK_WHERE = { 'import.meta.url': '__whereItIs', 'import.meta.dirname': '__dirname' };
const WHERE = "const __whereItIs = require('node:url').pathToFileURL(__filename).href;";
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const main = await bundle('tools/binary/main.ts', 'main.cjs');
const threads = {
  'reading.cjs': await bundle('src/pipeline/threads/thread.ts', 'reading.cjs'),
  'watchdog.cjs': await bundle('src/cli/session/watchdog-thread.ts', 'watchdog.cjs'),
};
const blob = join(OUT, 'portlog.blob');
const config = join(OUT, 'sea-config.json');
const assets = Object.fromEntries([...Object.entries(threads), ...BROUGHT.map((path) => [path, join(ROOT, path)])]);
// Without V8's code cache: it differs from build to build, fits one architecture only, and saves less time at the start than the single file does.
// A relative path, because it is written into the program: builds in other folders must be the same.
writeFileSync(config, JSON.stringify({ main: basename(main), output: blob, disableExperimentalSEAWarning: true, useCodeCache: false, assets }));
execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: ['ignore', 'ignore', 'inherit'], cwd: OUT });
for (const arch of ARCHITECTURES) inject(nodeFor(arch), join(OUT, `portlog-linux-${arch}`));
for (const path of [blob, config, main, ...Object.values(threads)]) rmSync(path);

/** Node with the blob in it, as another program. */
function inject(node: string, program: string): void {
  copyFileSync(node, program);
  chmodSync(program, 0o755);
  const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');
  // LIEF prints warnings about section names that do not matter here; errors are in its exit code.
  execFileSync(process.execPath, [postject, program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], { stdio: 'ignore' });
  console.log(`${relative(ROOT, program)}: ${(statSync(program).size / 2 ** 20).toFixed(0)} MiB`);
}

/** One file of CommonJS, the only form that a single executable runs. */
async function bundle(entry: string, name: string): Promise<string> {
  const outfile = join(OUT, name);
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    define: ASK_WHERE,
    banner: { js: WHERE },
    logLevel: 'warning',
  });
  return outfile;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .toSorted();
}
