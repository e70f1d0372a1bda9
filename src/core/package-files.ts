import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import sea from 'node:sea';

/*
 * Files that are shipped with portlog: schemas, dashboards, runbooks. They are in the npm package, or assets of the single
 * program (https://nodejs.org/api/single-executable-applications.html). Nothing else may depend on where portlog is installed.
 */

const PACKAGE = new URL('../../', import.meta.url);
/** Modules that run in threads; the single program has their text as an asset. */
const THREADS = { reading: 'pipeline/threads/thread', watchdog: 'cli/session/watchdog-thread' } as const;

/** The text of one of those files. `path` is relative to the package: `schemas/config.schema.json`. */
export function packageText(path: string): string {
  return sea.isSea() ? sea.getAsset(path, 'utf8') : readFileSync(new URL(path, PACKAGE), 'utf8');
}

/** The names of the files in a folder of the package, `folder/` with its slash, in order. */
export function packageNames(folder: string): readonly string[] {
  const names = sea.isSea() ? withinProgram(folder) : readdirSync(new URL(folder, PACKAGE));
  return names.toSorted();
}

/** What a thread runs: the URL of a module, or its text. */
export function threadProgram(name: keyof typeof THREADS): { readonly program: URL | string; readonly eval: boolean } {
  if (sea.isSea()) return { program: sea.getAsset(`${name}.cjs`, 'utf8'), eval: true };
  return { program: new URL(`../${THREADS[name]}${extname(import.meta.url)}`, import.meta.url), eval: false };
}

function withinProgram(folder: string): readonly string[] {
  // Node 22 has no `node:sea`, and is never a single program.
  return sea.getAssetKeys().flatMap((key) => (key.startsWith(folder) && !key.includes('/', folder.length) ? [key.slice(folder.length)] : []));
}
