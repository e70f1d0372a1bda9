/** Kinds of scan per input. A file usually has one, or a few when it holds the scans of a year. */
const MAX_KINDS = 10;

/**
 * The kinds of scan in one input that leave out known hosts without showing whether these are gone. Each kind is reported with the number of
 * such hosts, which takes time; so in a file with thousands of kinds, only the first few are.
 */
export class UnlistedKinds {
  private readonly kinds = new Set<string>();

  /** Whether this kind may still be reported. */
  hasRoomFor(kind: string): boolean {
    return this.kinds.size < MAX_KINDS || this.kinds.has(kind);
  }

  add(kind: string): void {
    this.kinds.add(kind);
  }
}

export const TOO_MANY_KINDS = `it has more than ${MAX_KINDS} kinds of scan that leave out hosts that are down: for the others it is not reported whether known hosts are missing in them`;
