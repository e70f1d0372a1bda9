import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '2.45.2';

/** The program that writes packages for Debian and Red Hat; built into a cache, once. */
export function nfpm(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'portlog-build', `nfpm-${VERSION}`);
  const program = join(folder, 'nfpm');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '-trimpath', CGO_ENABLED: '0' };
  execFileSync('go', ['install', `github.com/goreleaser/nfpm/v2/cmd/nfpm@v${VERSION}`], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}
