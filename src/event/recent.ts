/** Size of each of the two sets: newer keys, and those before them. */
const MOST = 1 << 17;
/** From this many ids on, they are kept as numbers, which take less memory per id but more to start with. */
const MANY = 1 << 6;

/**
 * A set of recent ids (hexadecimal digits): at least the last 131,072 different ones, at most twice as many, in about 32 bytes
 * each. Older ids count as new.
 */
export class RecentSet {
  /** Used while there are few ids, because each host has such a set. */
  private few: Set<string> | undefined = new Set();
  private newer: Keys | undefined;
  private older: Keys | undefined;

  /** Adds an id; whether it is new. */
  add(id: string): boolean {
    const { few } = this;
    if (few === undefined) return this.addToMany(id);
    const before = few.size;
    few.add(id);
    if (few.size === MANY) this.grow(few);
    return few.size > before;
  }

  has(id: string): boolean {
    if (this.few !== undefined) return this.few.has(id);
    const [high, low] = [highOf(id), lowOf(id)];
    return this.newer?.has(high, low) === true || this.older?.has(high, low) === true;
  }

  private addToMany(id: string): boolean {
    const [high, low] = [highOf(id), lowOf(id)];
    if (this.newer?.size === MOST) [this.newer, this.older] = [new Keys(this.newer.room), this.newer];
    this.newer ??= new Keys();
    return this.newer.add(high, low) && this.older?.has(high, low) !== true;
  }

  private grow(few: ReadonlySet<string>): void {
    this.few = undefined;
    for (const id of few) this.addToMany(id);
  }
}

function highOf(id: string): number {
  return Number.parseInt(id.slice(0, 13), 16);
}

function lowOf(id: string): number {
  return Number.parseInt(id.slice(13, 26), 16) || 0;
}

/** A set of pairs of numbers of 52 bits, in one array: half of its slots are free at least. */
class Keys {
  size = 0;
  private slots: Float64Array;

  /** `room`: number of keys that fit without growing. */
  constructor(room = MANY) {
    this.slots = new Float64Array(room * 4).fill(-1);
  }

  get room(): number {
    return this.slots.length / 4;
  }

  has(high: number, low: number): boolean {
    return this.slots[this.slotOf(high, low)] === high;
  }

  /** Adds a key; whether it was new. */
  add(high: number, low: number): boolean {
    if (this.size === this.room) this.grow();
    const slot = this.slotOf(high, low);
    if (this.slots[slot] === high) return false;
    this.slots[slot] = high;
    this.slots[slot + 1] = low;
    this.size++;
    return true;
  }

  /** The slot that has the key, or the free one for it. */
  private slotOf(high: number, low: number): number {
    const { slots } = this;
    // Modulo: the number of slots is a power of two.
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
