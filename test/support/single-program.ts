import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
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
