import type { DirectoryConfig } from '../../config/config.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import type { CommandContext } from './context.ts';

/** Recurring work: schedules and directories. */
export interface Jobs {
  readonly schedules: readonly Schedule[];
  readonly directories: readonly DirectoryConfig[];
}

/** The jobs of a configuration; called again after a reload. Throws when they are invalid. */
export type ReadJobs = (context: CommandContext) => Promise<Jobs>;
