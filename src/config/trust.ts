import { type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** As whom this process runs. */
export interface Self {
  readonly uid: number;
  readonly gid: number;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * How somebody else could change what lies at `path`, in words: commands that stand there would run as us, and what is sent would go where they say.
 * Undefined when nobody but us and root could, or when there is nothing. Group-writable counts unless the group is our own, as files of many systems have it.
 */
export function whoElseWrites(path: string, self: Self): string | undefined {
  const whole = resolve(path);
  const stats = statOf(whole);
  if (stats === undefined) return undefined;
  const own = doubtOf(stats, self);
  if (own !== undefined) return own;
  const folder = statOf(dirname(whole));
  // With the sticky bit, as in /tmp, nobody takes away what is not theirs.
  if (folder === undefined || (folder.mode & STICKY) !== 0) return undefined;
  const above = doubtOf(folder, self);
  return above === undefined ? undefined : `its directory ${above}`;
}

function doubtOf({ uid, gid, mode }: Stats, self: Self): string | undefined {
  if (uid !== self.uid && uid !== 0) return `belongs to the user with number ${uid}`;
  if ((mode & OTHERS_WRITE) !== 0) return 'may be written by everyone';
  return (mode & GROUP_WRITES) !== 0 && gid !== self.gid && gid !== 0 ? `may be written by the group with number ${gid}` : undefined;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
