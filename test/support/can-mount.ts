import { execFileSync } from 'node:child_process';
import { freshDir } from './run-portlog.ts';

/** Root on a machine of its own may; root in a container, and anybody else, may not. */
export function canMount(): boolean {
  const folder = freshDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
