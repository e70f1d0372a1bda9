import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A state directory that nobody else has; it goes when the tests of its file are over. */
export function freshDir(): string {
  return dirIn(tmpdir());
}

/** One where writing waits for no disk, where there is such a place: for thousands of commits. */
export function fastDir(): string {
  return dirIn(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}

export function removeDirs(): void {
  for (const dir of made.splice(0)) {
    try {
      rmSync(dir, { recursive: true, force: true, maxRetries: 2 });
    } catch {
      // Not ours to remove: a mount, or what another user wrote.
    }
  }
}

function dirIn(parent: string): string {
  const dir = mkdtempSync(join(parent, 'portlog-test-'));
  made.push(dir);
  return dir;
}
