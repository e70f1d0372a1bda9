/** Whether a version such as `9.4.3` is at least the wanted one; false when the text is no version. */
export function isAtLeast(version: string, [wantedMajor, wantedMinor]: readonly [major: number, minor: number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
