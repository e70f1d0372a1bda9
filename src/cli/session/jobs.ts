import type { DirectoryConfig } from '../../config/config.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import type { CommandContext } from './context.ts';

/** What is to be done, again and again. */
export interface Jobs {
  readonly schedules: readonly Schedule[];
  readonly directories: readonly DirectoryConfig[];
}

/** As a configuration says; asked again when that was read anew. Throws what is wrong with it. */
export type ReadJobs = (context: CommandContext) => Promise<Jobs>;
