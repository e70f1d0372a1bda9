import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '1.52.1';
const BINARY = join(CACHE, `victoria-logs-${VERSION}`);
const PACKAGE = `github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v${VERSION}`;

/** Builds VictoriaLogs from the Go module proxy into the cache, once; returns the program. Takes half a minute. */
export async function installVictoriaLogs(): Promise<string> {
  if (existsSync(BINARY)) return BINARY;
  const work = join(CACHE, `build-victoria-logs-${process.pid}`);
  await mkdir(work, { recursive: true });
  const env = { ...process.env, GOBIN: work, CGO_ENABLED: '0', GOFLAGS: '-p=1' };
  await run('go', ['install', '-trimpath', '-ldflags', '-s -w', PACKAGE], { env, maxBuffer: 1 << 26 });
  await rename(join(work, 'victoria-logs'), BINARY);
  await rm(work, { recursive: true, force: true });
  return BINARY;
}

if (import.meta.main) console.log(await installVictoriaLogs());
