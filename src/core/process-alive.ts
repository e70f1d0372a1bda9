import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Ticks a second in /proc: the same on every architecture that Linux has (https://man7.org/linux/man-pages/man7/time.7.html). */
const TICKS = 100;
/** Tolerance: the kernel's clock and ours differ a little, and Node takes a moment to start. */
const SLACK_MS = 2000;

/**
 * Whether the process that had this id at `started` (epoch milliseconds) still runs. A later process with the same id does not
 * count (in a container the first process always has the same id), nor does a zombie. `tick`: its start by {@link tickOf},
 * which does not depend on the wall clock.
 */
export function isAlive(pid: number, started: number, tick?: number | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const { isDead, since } = processOf(pid);
  if (isDead) return false;
  const now = tick === undefined || tick === null ? undefined : tickOf(pid);
  return now === undefined ? since <= started + SLACK_MS : now === tick;
}

/** The start of a process in kernel ticks since boot; undefined without /proc. */
export function tickOf(pid: number): number | undefined {
  try {
    return statOf(String(pid)).ticks;
  } catch {
    return undefined;
  }
}

/**
 * How much later than this process another one started. /proc counts from boot, and a container cannot know when that was (in
 * LXC, /proc/uptime is the container's), so this process is the reference. Without /proc: as old as the machine.
 */
function processOf(pid: number): { readonly isDead: boolean; readonly since: number } {
  try {
    const { isDead, ticks } = statOf(String(pid));
    return { isDead, since: performance.timeOrigin + ((ticks - statOf('self').ticks) / TICKS) * 1000 };
  } catch {
    return { isDead: false, since: Date.now() - uptime() * 1000 };
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function statOf(pid: string): { readonly isDead: boolean; readonly ticks: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name is in parentheses and may contain any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { isDead: fields[0] === 'Z' || fields[0] === 'X', ticks: Number(fields[19]) };
}
