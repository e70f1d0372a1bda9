const KEPT = 256;
const kept = new Map<string, PortSet>();

/** Port numbers as nmap lists them in `scaninfo/@services` and `extrareasons/@ports`: `1-1000,8080`. */
export class PortSet {
  /** As nmap wrote it. */
  readonly text: string;
  /** Number of ports. */
  readonly size: number;
  /** First and last number of each range, ascending and not adjacent. */
  private readonly firsts: readonly number[];
  private readonly lasts: readonly number[];

  private constructor(text: string) {
    this.text = text;
    const firsts: number[] = [];
    const lasts: number[] = [];
    for (const [first, last] of rangesOf(text)) {
      const before = lasts.at(-1);
      if (before === undefined || first > before + 1) {
        firsts.push(first);
        lasts.push(last);
      } else lasts[lasts.length - 1] = Math.max(before, last);
    }
    this.firsts = firsts;
    this.lasts = lasts;
    this.size = firsts.reduce((sum, first, i) => sum + (lasts[i] as number) - first + 1, 0);
  }

  /** Cached: the hosts of a run have the same few lists. */
  static of(text: string): PortSet {
    let set = kept.get(text);
    if (set === undefined) {
      set = new PortSet(text);
      if (kept.size >= KEPT) kept.clear();
      kept.set(text, set);
    }
    return set;
  }

  /** The port numbers, ascending. */
  *numbers(): Generator<number, void, undefined> {
    for (const [i, first] of this.firsts.entries()) for (let port = first; port <= (this.lasts[i] as number); port++) yield port;
  }

  has(port: number): boolean {
    let [low, high] = [0, this.firsts.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (port < (this.firsts[middle] as number)) high = middle - 1;
      else if (port > (this.lasts[middle] as number)) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** Whether any number is in both. */
  overlaps(other: PortSet): boolean {
    let [i, j] = [0, 0];
    while (i < this.firsts.length && j < other.firsts.length) {
      if ((this.lasts[i] as number) < (other.firsts[j] as number)) i++;
      else if ((other.lasts[j] as number) < (this.firsts[i] as number)) j++;
      else return true;
    }
    return false;
  }
}

function rangesOf(text: string): readonly (readonly [first: number, last: number])[] {
  const ranges = text.split(',').flatMap((part) => {
    const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    return first === undefined || Number(last ?? first) < Number(first) ? [] : [[Number(first), Number(last ?? first)] as const];
  });
  return ranges.sort(([a], [b]) => a - b);
}

const MAX_PORT = 65_535;

/** Why a list of ports that a user wrote (`22,8000-8100`) is invalid; undefined when it is valid. */
export function whyNoPorts(list: string): string | undefined {
  for (const part of list.split(',')) {
    const [, first, last = first] = /^ *(\d+)(?:-(\d+))? *$/.exec(part) ?? [];
    if (first === undefined) return 'write numbers and ranges';
    if (Number(first) > MAX_PORT || Number(last) > MAX_PORT) return `ports go up to ${MAX_PORT}`;
    if (Number(last) < Number(first)) return `${part.trim()} ends before it begins`;
  }
  return undefined;
}
