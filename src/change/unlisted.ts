/** Of an input: nmap's scans are of one kind in a file, or of a few when somebody keeps a year in one. */
const MAX_KINDS = 10;

/**
 * The kinds of scan in one input that leave out hosts that are known, and cannot tell whether these are gone. Each is told with the
 * number of such hosts, which takes as long as there are many: of thousands of kinds in a file, the first few only.
 */
export class UnlistedKinds {
  private readonly kinds = new Set<string>();

  /** Whether that of another run of this kind is still to be told, if it was not yet. */
  hasRoomFor(kind: string): boolean {
    return this.kinds.size < MAX_KINDS || this.kinds.has(kind);
  }

  add(kind: string): void {
    this.kinds.add(kind);
  }
}

export const TOO_MANY_KINDS = `it has more than ${MAX_KINDS} kinds of scan that leave out hosts that are down: of the others it is not told whether hosts that are known are not in them`;
