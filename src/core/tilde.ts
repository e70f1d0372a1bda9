/** Whether a path was meant for a shell, which replaces ~ at the beginning of a word only. Taken as it is, it names a directory "~" in the current one. */
export function isForShell(path: string): boolean {
  return path === '~' || path.startsWith('~/');
}

export const NO_TILDE = 'begins with ~, which only a shell replaces, and only at the beginning of a word';
