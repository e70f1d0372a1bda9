import { type ExitCode, PortlogError } from '../../core/errors.ts';
import { scansIn } from '../../source/directory.ts';
import { type CommandContext, number } from '../session/context.ts';
import { keep } from '../session/keep.ts';

/** `portlog watch DIR…`: ships each finished scan that appears in a directory, once. */
export async function watchCommand(context: CommandContext, paths: readonly string[]): Promise<ExitCode> {
  const minutes = number(context.values, 'cut-after-minutes');
  if (minutes === 0) throw new PortlogError('usage', '--cut-after-minutes needs a number above zero');
  // Later a directory may come and go (a mount), but whoever has just typed its name wants to know.
  for (const path of paths) await scansIn(path);
  const directories = paths.map((path) => ({ path, ...(minutes === undefined ? {} : { cutAfterMinutes: minutes }) }));
  return keep(context, { schedules: [], directories });
}
