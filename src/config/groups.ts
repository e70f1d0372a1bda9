import { readFileSync } from 'node:fs';

/**
 * Whether a group has members other than root and the user with that number. Debian's `staff`, which /usr/local belongs to, has none, so
 * nobody else may write there. A group that is not in this machine's files (it comes from a directory service) may have any members.
 */
export function hasOthers(gid: number, uid: number, read: (path: string) => string = textOf): boolean {
  const [groups, users] = [linesOf(read('/etc/group')), linesOf(read('/etc/passwd'))];
  const [, , , names] = groups.find(([, , number]) => Number(number) === gid) ?? [];
  if (names === undefined) return true;
  const isOurs = (number: string | undefined): boolean => Number(number) === 0 || Number(number) === uid;
  const members = names.split(',').filter((name) => name !== '');
  const areOurs = members.every((name) => isOurs(users.find(([one]) => one === name)?.[2] ?? 'nobody'));
  return !areOurs || users.some(([, , number, group]) => Number(group) === gid && !isOurs(number));
}

function linesOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.split(':'));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
