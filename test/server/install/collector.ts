import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, run } from '../cache.ts';

const VERSION = '0.158.0';
/** With what it is built from in its name: one without Kafka's exporter may be there. */
const BINARY = join(CACHE, `otel-collector-${VERSION}-kafka`);
const CONFIG = new URL('collector/builder.yaml', import.meta.url);

/** Builds an OpenTelemetry Collector with few components from the Go module proxy into the cache, once; returns the program. */
export async function installCollector(): Promise<string> {
  if (existsSync(BINARY)) return BINARY;
  await mkdir(CACHE, { recursive: true });
  const work = join(CACHE, `build-collector-${process.pid}`);
  await mkdir(work, { recursive: true });
  const config = join(work, 'builder.yaml');
  writeFileSync(config, readFileSync(CONFIG, 'utf8').replace('${env:OUTPUT}', join(work, 'out')));
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -p=1' };
  const options = { cwd: work, env, maxBuffer: 1 << 26 };
  await run('go', ['run', `go.opentelemetry.io/collector/cmd/builder@v${VERSION}`, '--config', config, '--skip-compilation'], options);
  await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(work, 'collector'), '.'], { ...options, cwd: join(work, 'out') });
  await rename(join(work, 'collector'), BINARY);
  await rm(work, { recursive: true, force: true });
  return BINARY;
}

if (import.meta.main) console.log(await installCollector());
