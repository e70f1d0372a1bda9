import { lstatSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ProcessUser } from '../core/environment.ts';
import { statOf } from '../core/stat-of.ts';
import { wayTo } from '../core/way-to.ts';
import { hasOthers } from './groups.ts';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * How another user could change the file at `path`, in words; undefined when only this user and root can, or it does not
 * exist. Its commands would run as this user, and events go where it says. All directories and links on the way count.
 * Group-writable counts unless the group is the user's own, or has no other members.
 */
export function whoElseWrites(path: string, self: ProcessUser): string | undefined {
  const whole = resolve(path);
  const stats = statOf(whole);
  if (stats === undefined) return undefined;
  // /dev/null is writable by everyone, and keeps nothing.
  const own = stats.isCharacterDevice() ? undefined : riskOf(stats, self);
  return own ?? whoElseReplaces(whole, self);
}

/** How another user could replace a part of a whole path. */
function whoElseReplaces(whole: string, self: ProcessUser): string | undefined {
  for (const { at, isLink } of wayTo(whole)) {
    const risk = isLink ? riskOfLink(at, self) : riskOfFolder(at, self);
    if (risk === undefined) continue;
    if (isLink) return `is reached by the link ${at}, which ${risk}`;
    return at === dirname(whole) ? `its directory ${risk}` : `lies in ${at}, which ${risk}`;
  }
  return undefined;
}

/** The same for a file that need not exist yet, so that another user could also create it first. */
export function whoElseMakes(path: string, self: ProcessUser): string | undefined {
  return hasEntry(path) ? whoElseWrites(path, self) : whoElseMakesIn(path, self, riskOf);
}

/**
 * The same for a directory that this user may create: in a sticky directory nobody can remove it afterwards. Whether somebody else has created
 * it meanwhile is checked again when it exists.
 */
export function whoElseHolds(path: string, self: ProcessUser): string | undefined {
  return hasEntry(path) ? whoElseWrites(path, self) : whoElseMakesIn(path, self, riskOfEntries);
}

function whoElseMakesIn(path: string, self: ProcessUser, riskOfNearest: typeof riskOf): string | undefined {
  let folder = dirname(resolve(path));
  while (!hasEntry(folder) && folder !== dirname(folder)) folder = dirname(folder);
  const stats = statOf(folder);
  const risk = stats === undefined ? undefined : riskOfNearest(stats, self);
  if (risk !== undefined) return `is not there yet, and would be made in ${folder}, which ${risk}`;
  const above = whoElseReplaces(folder, self);
  return above === undefined ? undefined : `is not there yet, and ${folder} ${above}`;
}

/** Also true for a link that leads nowhere. */
function hasEntry(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** In a sticky directory such as /tmp, only owners can replace files. */
function riskOfFolder(path: string, self: ProcessUser): string | undefined {
  const stats = statOf(path);
  if (stats === undefined) return undefined;
  return riskOfEntries(stats, self);
}

function riskOfEntries({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>, self: ProcessUser): string | undefined {
  return riskOf({ uid, gid, mode: (mode & STICKY) === 0 ? mode : 0 }, self);
}

/** Links are not checked by their mode, which means nothing. */
function riskOfLink(path: string, self: ProcessUser): string | undefined {
  const { uid, gid } = lstatSync(path);
  return riskOf({ uid, gid, mode: 0 }, self);
}

function riskOf({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>, self: ProcessUser): string | undefined {
  if (uid !== self.uid && uid !== 0) return `belongs to the user with number ${uid}`;
  if ((mode & OTHERS_WRITE) !== 0) return 'may be written by everyone';
  return (mode & GROUP_WRITES) !== 0 && gid !== self.gid && gid !== 0 && hasOthers(gid, self.uid)
    ? `may be written by the group with number ${gid}`
    : undefined;
}
