import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Ticks a second in /proc: the same on every architecture that Linux has (https://man7.org/linux/man-pages/man7/time.7.html). */
const TICKS = 100;
/** The clocks of the kernel and of this process disagree a little, and Node takes a moment to begin. */
const SLACK_MS = 2000;

/**
 * Whether the process of that number that began something at `started` (epoch milliseconds) is still there: not one that got the
 * number later (in a container every first process has the same), and not one that has ended and that nobody has buried.
 * `tick`: when the process itself began, by {@link tickOf}, which no clock that is set can change.
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

/** When a process began, in ticks of the kernel since the machine did; undefined where there is no /proc. */
export function tickOf(pid: number): number | undefined {
  try {
    return statOf(String(pid)).ticks;
  } catch {
    return undefined;
  }
}

/**
 * By how much later than this process it began, whose own beginning is known: /proc counts from the start of the machine,
 * and when that was, a container is not told (in LXC /proc/uptime is the container's). Where there is no /proc, as old as the machine.
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
  // The name is in brackets, and may have any character in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { isDead: fields[0] === 'Z' || fields[0] === 'X', ticks: Number(fields[19]) };
}
