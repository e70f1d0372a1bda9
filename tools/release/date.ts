import { execFileSync } from 'node:child_process';

/**
 * When the sources were last changed: nothing that is built may say when it was built, or it would differ from build to build.
 * https://reproducible-builds.org/specs/source-date-epoch/
 */
export function dateOfSources(): Date {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const seconds = given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
  if (!/^\d+$/.test(seconds)) throw new Error(`SOURCE_DATE_EPOCH is "${seconds}", and not a number of seconds since 1970`);
  return new Date(Number(seconds) * 1000);
}
