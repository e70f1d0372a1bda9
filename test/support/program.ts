import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDir, until } from './run-portlog.ts';

/** A program of its own folder, which it has as $0's directory. */
export function program(script: string, folder = freshDir()): string {
  const file = join(folder, 'respond');
  writeFileSync(file, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

export const gone = (pid: number): Promise<void> => until(() => isGone(pid));

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return true;
  }
}

export async function pidIn(file: string): Promise<number> {
  await until(() => existsSync(file) && readFileSync(file, 'utf8').trim() !== '');
  return Number(readFileSync(file, 'utf8'));
}
