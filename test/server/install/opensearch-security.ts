import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, run } from '../cache.ts';

const VERSION = '3.4.0';
const PLUGIN = `org.opensearch.plugin:opensearch-security:${VERSION}.0:zip`;
const HOME = join(CACHE, `opensearch-security-${VERSION}`);
/** Names the runner of that version, and what the plugin expects beside it. */
const POM = fileURLToPath(new URL('opensearch-security/pom.xml', import.meta.url));

/** Fetches OpenSearch with its security plugin from Maven Central into the cache, once; returns the folders of its jars and of the plugin's configuration. */
export async function installOpenSearchSecurity(): Promise<{ readonly jars: string; readonly config: string }> {
  if (!existsSync(HOME)) await install(`${HOME}.${process.pid}`);
  return { jars: join(HOME, 'jars'), config: join(HOME, 'plugin', 'config') };
}

async function install(unfinished: string): Promise<void> {
  const [jars, plugin, zip] = [join(unfinished, 'jars'), join(unfinished, 'plugin'), join(unfinished, 'zip')];
  await mkdir(unfinished, { recursive: true });
  const options = { maxBuffer: 1 << 26 };
  await run('mvn', ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`], options);
  await run('mvn', ['-q', '-B', '-f', POM, 'dependency:copy', `-Dartifact=${PLUGIN}`, `-DoutputDirectory=${zip}`], options);
  await run('unzip', ['-q', join(zip, `opensearch-security-${VERSION}.0.zip`), '-d', plugin], options);
  await rm(zip, { recursive: true });
  const present = new Set(readdirSync(jars).map(nameOf));
  for (const jar of readdirSync(plugin)) if (jar.endsWith('.jar') && !present.has(nameOf(jar))) await copyFile(join(plugin, jar), join(jars, jar));
  await rename(unfinished, HOME).catch((error: unknown) => {
    // Another run may have been faster.
    if (!existsSync(HOME)) throw error;
  });
}

/** Of a jar, without its version: two of one name do not go together. */
function nameOf(jar: string): string {
  return jar.replace(/-\d.*$/, '');
}

if (import.meta.main) console.log(await installOpenSearchSecurity());
