import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

/** The last for Python 3.11. It asks for pytz, and does not say so. */
const PACKAGES = ['elastalert2==2.19.0', 'pytz'];
const FOLDER = join(CACHE, 'elastalert-2.19.0');

/** Installs ElastAlert 2 into a folder of its own, once; returns the folder of its programs. */
export async function installElastalert(): Promise<string> {
  const programs = join(FOLDER, 'bin');
  if (existsSync(programs)) return programs;
  await mkdir(CACHE, { recursive: true });
  const work = join(CACHE, `build-elastalert-${process.pid}`);
  await run('python3', ['-m', 'venv', work]);
  await run(join(work, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  await rm(FOLDER, { recursive: true, force: true });
  await rename(work, FOLDER);
  return programs;
}

if (import.meta.main) console.log(await installElastalert());
