import type { ExitCode } from '../../core/errors.ts';
import { scansIn } from '../../source/directory.ts';
import { type CommandContext, number } from '../session/context.ts';
import { runJobs } from '../session/run-jobs.ts';
import type { Command } from '../command.ts';
import { AGAIN_OPTION, SHIP_OPTIONS, UNATTENDED_OPTIONS } from '../session/options.ts';
import { neededWord } from '../session/words.ts';

/** `portlog watch DIR…`: ships each finished scan that appears in a directory, once. */
export const watch: Command = {
  name: 'watch',
  summary: 'ship each finished scan that appears in a directory, once',
  usage: ['watch [options] DIR…'],
  about: ['It runs until it is stopped. A file that was shipped before is not shipped again.'],
  words: 'directories',
  options: {
    ...UNATTENDED_OPTIONS,
    'recursive': { type: 'boolean', group: 'What', about: 'search subdirectories too (eight levels; symbolic links are not followed)' },
    'cut-after-minutes': {
      type: 'number',
      isAboveZero: true,
      value: 'N',
      group: 'How',
      about: 'ship an unfinished scan as cut short when it has not grown for N minutes',
      byDefault: '60',
    },
    ...SHIP_OPTIONS,
    ...AGAIN_OPTION,
  },
  examples: [
    { line: 'portlog watch --to elasticsearch=https://es:9200 /srv/scans', about: 'ship scans as they appear' },
    { line: 'portlog watch --once --to loki=http://localhost:3100 /srv/scans', about: 'ship what is there, from cron' },
  ],
  exits: { 0: 'stopped, with nothing left to do' },
  run: watchDirectories,
};

async function watchDirectories(context: CommandContext, paths: readonly string[]): Promise<ExitCode> {
  neededWord(paths, 'watch', 'a directory');
  const minutes = number(context.values, 'cut-after-minutes');
  // Later a directory may come and go (a mount), but at the start a wrong name should be reported.
  for (const path of paths) await scansIn(path);
  const recursive = context.values['recursive'] === true;
  const directories = paths.map((path) => ({ path, recursive, ...(minutes === undefined ? {} : { cutAfterMinutes: minutes }) }));
  return runJobs(context, async () => ({ schedules: [], directories }));
}
