/** Half of what is remembered: the newer keys are in one set, the ones before them in another. */
const MOST = 1 << 17;
/** Few, for a file may hold thousands of runs. */
const FIRST_SLOTS = 1 << 4;

/**
 * What was seen lately, by ids in hexadecimal digits: at least the last 131,072 different ones, at most twice as many,
 * in 16 bytes each and as much room again. What lies further back counts as new when it comes again.
 */
export class RecentSet {
  private newer = new Keys();
  private older = new Keys();

  /** Whether it is new. */
  add(id: string): boolean {
    const high = Number.parseInt(id.slice(0, 13), 16);
    const low = Number.parseInt(id.slice(13, 26), 16) || 0;
    if (this.newer.size === MOST) [this.newer, this.older] = [new Keys(this.newer.room), this.newer];
    return this.newer.add(high, low) && !this.older.has(high, low);
  }

  has(id: string): boolean {
    const high = Number.parseInt(id.slice(0, 13), 16);
    const low = Number.parseInt(id.slice(13, 26), 16) || 0;
    return this.newer.has(high, low) || this.older.has(high, low);
  }
}

/** A set of pairs of numbers of 52 bits, in one array: half of its slots are free at least. */
class Keys {
  size = 0;
  private slots: Float64Array;

  /** `room`: keys that it takes without growing. */
  constructor(room = FIRST_SLOTS / 2) {
    this.slots = new Float64Array(room * 4).fill(-1);
  }

  get room(): number {
    return this.slots.length / 4;
  }

  has(high: number, low: number): boolean {
    return this.slots[this.slotOf(high, low)] === high;
  }

  /** Whether it was not there. */
  add(high: number, low: number): boolean {
    if (this.size === this.room) this.grow();
    const slot = this.slotOf(high, low);
    if (this.slots[slot] === high) return false;
    this.slots[slot] = high;
    this.slots[slot + 1] = low;
    this.size++;
    return true;
  }

  /** Where it stands, or may. */
  private slotOf(high: number, low: number): number {
    const { slots } = this;
    // The remainder, for there are a power of two of them.
    let slot = (high & (slots.length / 2 - 1)) * 2;
    while (slots[slot] !== -1 && (slots[slot] !== high || slots[slot + 1] !== low)) slot = slot + 2 === slots.length ? 0 : slot + 2;
    return slot;
  }

  private grow(): void {
    const { slots } = this;
    this.slots = new Float64Array(slots.length * 4).fill(-1);
    this.size = 0;
    for (let slot = 0; slot < slots.length; slot += 2) if (slots[slot] !== -1) this.add(slots[slot] as number, slots[slot + 1] as number);
  }
}
