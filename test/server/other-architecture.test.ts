import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { INSTALLED, printed, SCANS } from '../support/single-program.ts';
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

test.for(SCANS.filter((_, i) => i % 4 === 0))('it says of %s what the installed command says', async (path) => {
  await bothPrint(() => [path]);
});

test('it says so in the other vocabulary, as a table, and of a scan that threads read', async () => {
  await bothPrint(() => ['--format', 'otel', 'examples/loopback.xml']);
  await bothPrint(() => ['--format', 'table', 'examples/loopback.xml']);
  // Threads read what is larger than half a mebibyte.
  const big = join(freshDir(), 'big.xml');
  writeFileSync(big, scan(Array.from({ length: 8000 }, (_, i) => host(`10.1.${i >> 8}.${i & 255}`, port(443))).join('')));
  await bothPrint(() => ['-q', big]);
});

test('it keeps state, watches, reports, and has its files within', async () => {
  const folders = [freshDir(), freshDir()] as const;
  const [seen, watched] = [[] as string[], [] as string[]];
  for (const [i, program] of [INSTALLED, emulated].entries()) {
    const folder = folders[i] ?? '';
    mkdirSync(join(folder, 'scans'));
    writeFileSync(join(folder, 'scans/a.xml'), readFileSync(join(ROOT, 'examples/loopback.xml')));
    const state = ['--state-dir', join(folder, 'state')];
    const all: string[] = [];
    all.push(await printed(program, ['watch', '--once', ...state, '--to', `file=${join(folder, 'out')}`, join(folder, 'scans')]));
    for (const command of [['inventory', '--format', 'csv'], ['findings'], ['report', '--format', 'csv', 'examples/loopback.xml']])
      all.push(await printed(program, command[0] === 'report' ? command : [...command, ...state]));
    all.push(await printed(program, ['setup', 'elasticsearch', '--export', join(folder, 'files')]));
    seen.push(all.join('').replaceAll(folder, 'FOLDER'));
    watched.push(String(readFileSync(join(folder, 'out'), 'utf8').split('\n').length));
  }
  expect(seen[1]).toBe(seen[0]);
  expect(watched[1]).toBe(watched[0]);
  expect(execFileSync('diff', ['-r', join(folders[0], 'files'), join(folders[1], 'files')], { encoding: 'utf8' })).toBe('');
});
