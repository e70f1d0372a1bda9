import { fstatSync } from 'node:fs';
import type { Environment } from '../../core/environment.ts';
import type { Values } from '../option.ts';
import type { LogFormat } from './log-line.ts';

const STDERR = 2;

/** The format of `--log-format`; default: with priorities when standard error goes to journald. */
export function logFormatOf(values: Values, env: Environment): LogFormat {
  const { 'log-format': format } = values;
  if (format === 'json' || format === 'text') return format;
  return isJournal(env['JOURNAL_STREAM']) ? 'journal' : 'text';
}

/**
 * The variable is inherited, so standard error must be the same stream:
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24JOURNAL_STREAM
 */
function isJournal(stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
