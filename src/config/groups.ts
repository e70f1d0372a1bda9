import { readFileSync } from 'node:fs';

/**
 * Whether a group has members beside root and the user of that number. Debian's `staff`, to which /usr/local belongs, has none, so nobody else may
 * write there. A group that this machine's files do not know (of a directory service) may have any.
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
