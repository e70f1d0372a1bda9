/** Why events were neither delivered nor kept; number of events for each reason. */
export interface GivenUp {
  /** The oldest, to make room in a full spool. */
  readonly full: number;
  /** They have waited for too long. */
  readonly old: number;
  /** Dead letters, of which only so many are kept. */
  readonly dead: number;
}

export function noneGivenUp(): { -readonly [Reason in keyof GivenUp]: number } {
  return { full: 0, old: 0, dead: 0 };
}

const WHY: Readonly<Record<keyof GivenUp, string>> = {
  full: 'the spool is full, so the oldest make room (--spool-when-full drop-oldest)',
  old: 'they have waited for longer than --spool-max-age-days',
  dead: 'only so many dead letters are kept',
};

/** The reasons that apply; empty when nothing could be kept at all. */
export function whyGivenUp(givenUp: GivenUp): string {
  const reasons = (Object.keys(WHY) as (keyof GivenUp)[]).filter((reason) => givenUp[reason] > 0);
  return reasons.map((reason) => WHY[reason]).join('; ');
}
