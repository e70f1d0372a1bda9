import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePackage, type Packager } from '../../tools/release/packages.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import type { Debian } from './debian.ts';

/* Packages of this checkout, and what is seen of the service where one is installed. */

export const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
export const NEWER = '99.0.0';
export const PROGRAM = join(ROOT, 'release', `portlog-linux-${process.arch}`);
export const CONFIG = '/etc/portlog/portlog.yaml';

/** The single program, where a release has not built it. */
export function buildProgram(): void {
  if (!existsSync(PROGRAM)) execFileSync(process.execPath, ['tools/binary/build.ts'], { cwd: ROOT, stdio: 'ignore' });
}

export function packageOf(version: string, packager: Packager): Promise<string> {
  return makePackage({ packager, architecture: process.arch as 'x64' | 'arm64', version, program: PROGRAM, out: freshDir() });
}

/** What systemd knows of the service. */
export async function serviceOf(debian: Debian, ...properties: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const told = await debian.run(`systemctl show portlog.service ${properties.map((name) => `-p ${name}`).join(' ')}`);
  return Object.fromEntries(
    told
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** What the service has said since then, in the journal. */
export async function journalOf(debian: Debian, ...options: readonly string[]): Promise<string> {
  return debian.run(`journalctl -u portlog.service -o cat --no-pager ${options.join(' ')}`);
}

/** The command lines with a word in them; there is no ps. */
export async function processesOf(debian: Debian, word: string): Promise<string> {
  const all = await debian.run("for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $one; echo; done 2>/dev/null || true");
  return all
    .split('\n')
    .filter((line) => line.includes(word))
    .join('\n');
}
