import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '0.3.0';
const FOLDER = join(CACHE, `wazuhregex-${VERSION}`);

/** Installs a Python package that does what the three regular expression engines of Wazuh 4 do, once; returns its Python. */
export async function installWazuhregex(): Promise<string> {
  const python = join(FOLDER, 'bin', 'python');
  if (existsSync(python)) return python;
  await mkdir(CACHE, { recursive: true });
  const work = join(CACHE, `build-wazuhregex-${process.pid}`);
  await run('python3', ['-m', 'venv', work]);
  await run(join(work, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `wazuhregex==${VERSION}`]);
  await rm(FOLDER, { recursive: true, force: true });
  await rename(work, FOLDER);
  return python;
}

if (import.meta.main) console.log(await installWazuhregex());
