import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longest. Begun late, one of them would still be going on alone when all others have ended. */
const LONG = [
  'server/package',
  'server/outage',
  'server/crash',
  'server/elasticsearch',
  'server/set-up',
  'server/week',
  'server/other-architecture',
  'long/hanging',
  'docs/docs',
  'cli/reading',
  'long/lying-setup',
  'long/torture',
  'cli/scan',
  'long/lying',
  'cli/pipes',
  'cli/loki',
  'cli/interrupt',
  'binary/binary',
  // Hostile tests run one after the other. These use one processor each, and CI builds the second release beside the first of them.
  'hostile/regular-expressions',
  'hostile/interrupted',
  'hostile/documents',
  'hostile/directories',
];

/** The files that take longest come first, whatever their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return place === -1 ? LONG.length : place;
}
