import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { INSTALLED, printed, SCANS, usedForAWhile } from '../support/single-program.ts';
import { installEmulator, OTHER } from './install/other-architecture.ts';

/** A busy machine emulates slowly. */
const LIMIT_MS = 400_000;

/* The single program for the architecture that this machine is not, run by QEMU: a few of each kind, since it takes some seconds each time. */

const PROGRAM = join(ROOT, 'release', `portlog-linux-${OTHER.node}`);

vi.setConfig({ testTimeout: LIMIT_MS });

let emulated: readonly string[];
beforeAll(async () => {
  if (!existsSync(PROGRAM)) execFileSync(process.execPath, ['tools/binary/build.ts'], { cwd: ROOT, stdio: 'ignore' });
  const { program, args } = await installEmulator();
  emulated = [program, ...args, PROGRAM];
});

async function bothPrint(args: (folder: string) => readonly string[]): Promise<void> {
  const [here, there] = [freshDir(), freshDir()];
  // Names of folders are in what is printed.
  const said = async (program: readonly string[], folder: string): Promise<string> =>
    (await printed(program, args(folder))).replaceAll(folder, 'FOLDER');
  const installed = await said(INSTALLED, here);
  expect(installed).toMatch(/exit [0-3]\n$/);
  expect(await said(emulated, there)).toBe(installed);
}

test('it is of that architecture', async () => {
  // e_machine of ELF: 183 is AArch64, 62 x86-64.
  expect(readFileSync(PROGRAM).subarray(0, 20).readUInt16LE(18)).toBe(OTHER.node === 'arm64' ? 183 : 62);
  await bothPrint(() => ['--version']);
});

test('it says of scans of each kind what the installed command says', async () => {
  // At once, since starting it takes seconds.
  await bothPrint(() => SCANS);
});

test('it says so in the other vocabulary, as a table, and of a scan that threads read', async () => {
  await bothPrint(() => ['--format', 'otel', 'examples/loopback.xml']);
  await bothPrint(() => ['--format', 'table', 'examples/loopback.xml']);
  // Threads read what is larger than half a mebibyte.
  const big = join(freshDir(), 'big.xml');
  writeFileSync(big, scan(Array.from({ length: 3500 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
  await bothPrint(() => ['-q', big]);
});

test('it keeps state, watches, reports, and has its files within', async () => {
  const some = ['watch', 'findings', 'report', 'setup'];
  expect(await usedForAWhile(emulated, some)).toBe(await usedForAWhile(INSTALLED, some));
});
