import { accessSync, constants, lstatSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Diagnosis } from '../sink.ts';
import { fileError } from './failure.ts';
import { isFifoOrSocket } from './open.ts';
import { riskOfPath } from './shared-folder.ts';

/** `f_type` of statfs(2), of proc and sysfs: files cannot be created there, whatever the permissions. */
const MAGIC_OF_KERNEL: ReadonlySet<number> = new Set([0x9fa0, 0x62656572]);

/** Checks whether it can be written, without changing anything. */
export function diagnosisOf(path: string): Diagnosis {
  const trap = riskOfPath(path);
  if (trap !== undefined) throw fileError(trap);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) {
    if (stats.isDirectory()) throw fileError('EISDIR');
    if (isFifoOrSocket(stats)) throw fileError('ENXIO');
    accessSync(path, constants.R_OK | constants.W_OK);
    return { level: 'ok', message: `${path} can be written` };
  }
  let existing = dirname(path);
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw fileError('ENOTDIR');
  if (MAGIC_OF_KERNEL.has(statfsSync(existing).type)) throw fileError('EACCES');
  accessSync(existing, constants.W_OK | constants.X_OK);
  const folder = dirname(path);
  if (existing === folder) return { level: 'ok', message: `${path} will be made` };
  return {
    level: 'warning',
    message: `there is no directory ${folder}: it will be made for ${basename(path)}`,
    hint: 'that is right unless it is mistyped',
  };
}
