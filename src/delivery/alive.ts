import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Ticks a second in /proc: the same on every architecture that Linux has (https://man7.org/linux/man-pages/man7/time.7.html). */
const TICKS = 100;
/** The clocks of the kernel and of this process disagree a little. */
const SLACK_MS = 2000;

/**
 * Whether the process of that number that began something at `started` (epoch milliseconds) is still there: not one that got the
 * number later (in a container every first process has the same), and not one that has ended and that nobody has buried.
 */
export function isAlive(pid: number, started: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const { isDead, since } = processOf(pid);
  return !isDead && since <= started + SLACK_MS;
}

/** From /proc/PID/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html); where there is no /proc, as old as the machine. */
function processOf(pid: number): { readonly isDead: boolean; readonly since: number } {
  const booted = Date.now() - uptime() * 1000;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name is in brackets, and may have any character in it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { isDead: fields[0] === 'Z' || fields[0] === 'X', since: booted + (Number(fields[19]) / TICKS) * 1000 };
  } catch {
    return { isDead: false, since: booted };
  }
}
