import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isFile, isThere } from '../core/stat-of.ts';
import type { Environment } from '../core/environment.ts';
import { nmapWords } from '../nmap/options.ts';

/** Where nmap looks for its files. */
export interface NmapPlace {
  /** The whole path of nmap; undefined when it was not found. */
  readonly program: string | undefined;
  /** The user's home directory in the system's database: nmap does not use `HOME`. */
  readonly home: string | undefined;
  /** Directory for relative paths. */
  readonly folder: string;
  readonly env: Environment;
}

/** Parts of nmap's data directory that contain or name code. */
const PARTS = ['nse_main.lua', 'nselib', 'scripts', 'scripts/script.db'];
/** Options that name a file on which nmap's actions depend; script arguments may, for example, name a file to write. */
const FILES: ReadonlySet<string> = new Set(['script-args-file', 'servicedb', 'versiondb']);
/** Most scripts of a directory that are examined. */
const MOST_SCRIPTS = 10_000;

/**
 * The files and folders that nmap loads code from, or that say what its scripts do. In the order of `nmap_fetchfile` (nmap.cc): `--datadir`,
 * `NMAPDIR`, `~/.nmap`, the folder of the program, and for scripts where it was started. `toCome`: those that do not exist yet, and that another user could create.
 */
export function whatNmapReads(args: readonly string[], place: NmapPlace): { readonly there: readonly string[]; readonly toCome: readonly string[] } {
  const { env, folder, home, program } = place;
  const given = valuesIn(args);
  const whole = (paths: readonly (string | undefined)[]): readonly string[] =>
    paths.flatMap((path) => (path === undefined || path === '' ? [] : [resolve(folder, path)]));
  const folders = whole([...given.folders, env['NMAPDIR'], home === undefined ? '' : join(home, '.nmap')]);
  const own = program === undefined ? [] : [join(dirname(program), '../share/nmap')];
  const scripts = whole(given.scripts.filter((word) => word.includes('/')));
  const named = whole(given.scripts.flatMap((word) => (word.includes('/') ? [] : [word, `${word}.nse`]))).filter(isFile);
  const parts = [...folders, ...own].flatMap((one) => PARTS.map((part) => join(one, part)));
  return {
    there: [...own, ...parts, ...named, ...scripts.flatMap(scriptsIn)].filter(isThere),
    toCome: [...folders, ...scripts, ...whole([...given.files, ...(env['LD_LIBRARY_PATH'] ?? '').split(':')])],
  };
}

function valuesIn(args: readonly string[]): Readonly<Record<'folders' | 'scripts' | 'files', readonly string[]>> {
  const { options } = nmapWords(args);
  const of = (isMeant: (name: string) => boolean): readonly string[] =>
    options.flatMap(({ name, value = '' }) => (isMeant(name) && value !== '' ? [value] : []));
  return {
    folders: of((name) => name === 'datadir'),
    scripts: of((name) => name === 'script').flatMap((value) =>
      value.split(/[\s,()]+/).flatMap((word) => (word === '' ? [] : [word.replace(/^\+/, '')])),
    ),
    files: of((name) => FILES.has(name)),
  };
}

function scriptsIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.nse'));
    return names.slice(0, MOST_SCRIPTS).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
