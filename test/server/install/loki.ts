import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, run } from '../cache.ts';

const VERSION = '3.7.8';
const BINARY = join(CACHE, `loki-${VERSION}`);
/** A Go module of its own: Loki's requirements and `replace` lines, which `go install` would ignore. */
const MODULE = fileURLToPath(new URL('loki', import.meta.url));

/** Builds Loki from the Go module proxy into the cache, once; returns the program. Takes 5 to 15 minutes. */
export async function installLoki(): Promise<string> {
  if (existsSync(BINARY)) return BINARY;
  await run('go', ['version']).catch(() => {
    throw new Error('no Go: install 1.26.5 or newer, from go.dev or your distribution');
  });
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${BINARY}.${process.pid}`;
  const args = ['build', '-mod=mod', '-trimpath', '-ldflags', '-s -w', '-o', unfinished, 'github.com/grafana/loki/v3/cmd/loki'];
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-p=1' };
  await run('go', args, { cwd: MODULE, env, maxBuffer: 1 << 26 });
  await rename(unfinished, BINARY);
  return BINARY;
}

if (import.meta.main) console.log(await installLoki());
