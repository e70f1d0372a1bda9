import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, run } from '../cache.ts';

/** Fetches what `NAME/pom.xml` names, with all that it needs, from Maven Central into the cache, once; returns the folder of the jars. */
export async function jarsOf(name: string, version: string): Promise<string> {
  const home = join(CACHE, `${name}-${version}`);
  if (existsSync(home)) return home;
  await run('mvn', ['-v']).catch(() => run('apt-get', ['install', '-y', 'maven']));
  await mkdir(CACHE, { recursive: true });
  const pom = fileURLToPath(new URL(`${name}/pom.xml`, import.meta.url));
  const unfinished = `${home}.${process.pid}`;
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`], { maxBuffer: 1 << 26 });
  await rename(unfinished, home).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(home)) throw error;
  });
  return home;
}
