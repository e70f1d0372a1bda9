import { nearest } from '../../core/nearest.ts';
import { type ExitCode, PortlogError } from '../../core/errors.ts';
import { type Schedule, schedulesOf } from '../../unattended/schedule.ts';
import { type CommandContext, list, text } from '../session/context.ts';
import type { Jobs } from '../session/jobs.ts';
import { runJobs } from '../session/run-jobs.ts';
import type { Command } from '../command.ts';
import { AGAIN_OPTION, SCAN_OPTIONS, SHIP_OPTIONS, UNATTENDED_OPTIONS } from '../session/options.ts';
import { refuseExtraWords } from '../session/words.ts';

/** `portlog run`: the schedules and directories of the configuration, unattended. */
export const run: Command = {
  name: 'run',
  summary: 'run the schedules and watch the directories of the configuration',
  usage: ['run [options] --config FILE'],
  about: ['It runs until it is stopped.'],
  options: {
    ...UNATTENDED_OPTIONS,
    schedule: { type: 'list', value: 'NAME', group: 'What', about: 'run only this schedule, and watch no directories' },
    ...SCAN_OPTIONS,
    ...SHIP_OPTIONS,
    ...AGAIN_OPTION,
  },
  examples: [
    { line: 'portlog run --config portlog.yaml', about: 'run as a service' },
    { line: 'portlog run --config portlog.yaml --once --schedule nightly', about: 'run one scan now' },
  ],
  exits: { 0: 'stopped, with nothing left to do' },
  run: runUnattended,
};

async function runUnattended(context: CommandContext, words: readonly string[]): Promise<ExitCode> {
  refuseExtraWords(words, 'run');
  return runJobs(context, jobsOf);
}

async function jobsOf(context: CommandContext): Promise<Jobs> {
  const config = await context.config();
  const schedules = schedulesOf(config, text(context.values, 'config'));
  const { directories = [] } = config;
  if (schedules.length + directories.length === 0)
    throw new PortlogError('usage', 'there is nothing to do: the configuration has no schedules and no directories', {
      hint: 'portlog run --config portlog.yaml; docs/how-to/unattended.md shows one',
    });
  const names = list(context.values, 'schedule');
  return names === undefined ? { schedules, directories } : { schedules: names.map((name) => named(name, schedules)), directories: [] };
}

function named(name: string, schedules: readonly Schedule[]): Schedule {
  const found = schedules.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  const guess = nearest(
    name,
    schedules.map((schedule) => schedule.name),
  );
  throw new PortlogError('usage', `there is no schedule "${name}"`, {
    hint: guess === undefined ? 'portlog status lists those that there are' : `did you mean "${guess}"?`,
  });
}
