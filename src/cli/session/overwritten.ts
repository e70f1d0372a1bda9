import { join, resolve } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { statOf } from '../../core/stat-of.ts';
import { PortlogError } from '../../core/errors.ts';
import { type CommandContext, text } from './context.ts';
import { filesOfTrust } from './trust.ts';

interface Kept {
  readonly what: string;
  readonly path: string;
}

/** Refuses an output file that is a scan or another file that portlog reads, by whatever name or link, because it would be overwritten. */
export async function refuseOverwriting(context: CommandContext, settings: Settings, output: string, scans: readonly string[]): Promise<void> {
  const lost = [...scans.map((path) => ({ what: 'the scan', path })), ...(await ownFiles(context, settings))].find(({ path }) =>
    isSame(output, path),
  );
  if (lost === undefined) return;
  throw new PortlogError('usage', `nothing is written to ${output}: it is ${lost.what} that is read`, { hint: 'name another file for the output' });
}

/** The same for every sink that appends to a file. */
export async function refuseSinksThatOverwrite(context: CommandContext, settings: Settings, scans: readonly string[]): Promise<void> {
  const { file } = settings.metrics;
  for (const { type, target } of settings.sinks) {
    if ((type !== 'file' && type !== 'wazuh') || target === undefined || /^\w+:\/\//.test(target)) continue;
    await refuseOverwriting(context, settings, target, scans);
    if (file !== undefined && isSame(target, file))
      throw new PortlogError('usage', `${target} cannot hold events and metrics: one would be lost`, { hint: 'name another file for one of them' });
  }
}

async function ownFiles({ values, env, config }: CommandContext, { stateDir }: Settings): Promise<readonly Kept[]> {
  const named = [
    ['the configuration', text(values, 'config')],
    ['the exposure file', text(values, 'exposure')],
    ['the authority of --ca-file', text(values, 'ca-file')],
    ...filesOfTrust(await config(), env).map((path) => ['a file of the configuration', path] as const),
    ...['', '-wal', '-shm'].map((end) => ['the state', join(stateDir, `portlog.db${end}`)] as const),
  ] as const;
  return named.flatMap(([what, path]) => (path === undefined ? [] : [{ what, path }]));
}

/** Compares the files; paths, if the output does not exist yet. */
function isSame(one: string, other: string): boolean {
  const [written, read] = [statOf(one), statOf(other)];
  if (written === undefined || read === undefined) return resolve(one) === resolve(other);
  return read.isFile() && read.dev === written.dev && read.ino === written.ino;
}
