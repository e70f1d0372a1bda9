import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freshDir, ROOT } from './run-portlog.ts';

const run = promisify(execFile);

export const INSTALLED = [process.execPath, join(ROOT, 'bin', 'portlog.js')] as const;
/** Scans with which two builds of portlog are compared. A scan of the future is told at the time of reading. */
export const SCANS = [...xmlIn('test/fixtures').filter((path) => !path.endsWith('/future.xml')), 'examples/loopback.xml'];

function xmlIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => (name.endsWith('.xml') ? [`${folder}/${name}`] : []));
}

/** What a program prints, but for the time of reading, and how it ended. */
export async function printed(program: readonly string[], args: readonly string[]): Promise<string> {
  const [file = '', ...before] = program;
  const env = { PATH: process.env['PATH'], HOME: freshDir() };
  const options = { cwd: ROOT, env, maxBuffer: 1 << 28 };
  const ended = run(file, [...before, ...args], options).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    ({ stdout, code }: { readonly stdout: string; readonly code: number }) => ({ stdout, code }),
  );
  const { stdout, code } = await ended;
  return `${stdout.replaceAll(/"created":"[^"]*"|"observedTimeUnixNano":"\d+"/g, '')}exit ${code}\n`;
}

/** What a program prints and writes when it is used for a while, from its first scan on; `only`: by some of its commands. */
export async function usedForAWhile(program: readonly string[], only?: readonly string[]): Promise<string> {
  const folder = freshDir();
  mkdirSync(join(folder, 'scans'));
  writeFileSync(join(folder, 'scans/a.xml'), readFileSync(join(ROOT, 'examples/loopback.xml')));
  const state = ['--state-dir', join(folder, 'state')];
  const down = ['--retry-for-seconds', '0', '--to', 'http=http://127.0.0.1:9/'];
  const said: string[] = [];
  for (const args of [
    ['watch', '--once', ...state, '--to', `file=${join(folder, 'out')}`, join(folder, 'scans')],
    ['ship', ...state, ...down, 'examples/office-1.xml', 'examples/office-2.xml'],
    ['replay', '--retry-for-seconds', '0', ...state],
    ['inventory', '--format', 'csv', ...state],
    ['findings', ...state],
    ['diff', 'examples/office-1.xml', 'examples/office-2.xml'],
    ['report', '--format', 'csv', 'examples/loopback.xml'],
    ['completion', 'bash'],
    ['help', 'changes'],
    ['setup', 'elasticsearch', '--export', join(folder, 'files')],
  ])
    if (only?.includes(args[0] ?? '') !== false) said.push(`portlog ${args.join(' ')}\n${await printed(program, args)}`);
  said.push(`${readFileSync(join(folder, 'out'), 'utf8').split('\n').length} lines of events\n`);
  for (const name of readdirSync(join(folder, 'files'), { recursive: true, encoding: 'utf8' }).toSorted()) {
    const path = join(folder, 'files', name);
    said.push(statSync(path).isFile() ? `${name}\n${readFileSync(path, 'utf8')}` : name);
  }
  return said.join('').replaceAll(folder, 'FOLDER');
}
