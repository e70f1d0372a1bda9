import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, run } from '../cache.ts';

const VERSION = '3.8.0';
const HOME = join(CACHE, `opensearch-${VERSION}`);
/** Names the runner of that version, which needs all of OpenSearch. */
const POM = fileURLToPath(new URL('opensearch/pom.xml', import.meta.url));

/** Fetches OpenSearch from Maven Central into the cache, once; returns the folder of its jars. */
export async function installOpenSearch(): Promise<string> {
  if (existsSync(HOME)) return HOME;
  await run('mvn', ['-v']).catch(() => run('apt-get', ['install', '-y', 'maven']));
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${HOME}.${process.pid}`;
  await run('mvn', ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`], { maxBuffer: 1 << 26 });
  await rename(unfinished, HOME).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(HOME)) throw error;
  });
  return HOME;
}

if (import.meta.main) console.log(await installOpenSearch());
