/** Whether `9.4.3` is that version or newer; what is no version is not. */
export function isAtLeast(version: string, [wantedMajor, wantedMinor]: readonly [major: number, minor: number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
