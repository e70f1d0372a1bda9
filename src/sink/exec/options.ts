import type { Environment } from '../../core/environment.ts';
import type { CommonOptions } from '../options.ts';
import { NAMED, NARROWING, type SinkSettings } from '../settings.ts';

export interface ExecOptions extends CommonOptions {
  readonly type: 'exec';
  /** Absolute path of a program, and its arguments. */
  readonly command?: readonly string[] | undefined;
  /** The environment variables that the program gets. */
  readonly environment?: Environment | undefined;
  /** Number of programs that may run at the same time. */
  readonly concurrency?: number | undefined;
  /** Most programs started per second. */
  readonly eventsPerSecond?: number | undefined;
  /** Time limit for one run of the program, in milliseconds. */
  readonly timeoutMs: number;
}

export const EXEC_SETTINGS: SinkSettings = {
  type: 'exec',
  description: 'Your own program, started once per event',
  properties: {
    command: {
      type: 'array',
      minItems: 1,
      items: { type: 'string' },
      description: 'Full path of the program and its arguments, one per list item, without a shell. It gets the event on standard input',
    },
    concurrency: { type: 'integer', minimum: 1, maximum: 64, description: 'Programs that run at the same time. Default: 4' },
    eventsPerSecond: { type: 'integer', minimum: 1, description: 'Programs started per second, at most. Default: 10' },
    timeoutSeconds: { type: 'number', minimum: 0.1, maximum: 3600, description: 'Time limit of one run of the program. Default: 60' },
    ...NAMED,
    ...NARROWING,
  },
};
