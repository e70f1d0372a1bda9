import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, run } from '../cache.ts';

const VERSION = '4.3.1';
const HOME = join(CACHE, `kafka-${VERSION}`);
/** Names the broker of that version, which needs all of Kafka. */
const POM = fileURLToPath(new URL('kafka/pom.xml', import.meta.url));

/** Fetches Apache Kafka from Maven Central into the cache, once; returns the folder of its jars (44 MB). */
export async function installKafka(): Promise<string> {
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

if (import.meta.main) console.log(await installKafka());
