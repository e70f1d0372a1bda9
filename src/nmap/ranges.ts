/** First and last number, inclusive. */
export type Range = readonly [first: bigint, last: bigint];

/** Ascending, with gaps in between. */
export type Ranges = readonly Range[];

export function merged(ranges: readonly Range[]): Ranges {
  const sorted = [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const result: [bigint, bigint][] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1n) result.push([first, last]);
    else if (last > before[1]) before[1] = last;
  }
  return result;
}

/** Whether a number is in one of the ranges, by binary search: a scan asks this for every known host. */
export function isIn(ranges: Ranges, number: bigint): boolean {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] as Range;
    if (number < first) high = middle - 1;
    else if (number > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** `from` without `away`, in linear time: both come from scans. */
export function difference(from: Ranges, away: Ranges): Ranges {
  const left: Range[] = [];
  let next = 0;
  for (const [first, last] of from) {
    let at = first;
    while (next < away.length && (away[next] as Range)[1] < at) next++;
    for (let i = next; i < away.length && at <= last; i++) {
      const [start, end] = away[i] as Range;
      if (start > last) break;
      if (start > at) left.push([at, start - 1n]);
      at = end + 1n;
      next = i;
    }
    if (at <= last) left.push([at, last]);
  }
  return left;
}

export function doOverlap(a: Ranges, b: Ranges): boolean {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] as Range, b[j] as Range];
    if (x[1] < y[0]) i++;
    else if (y[1] < x[0]) j++;
    else return true;
  }
  return false;
}

/** Ranges that each span so many of these. */
export function widerRanges(ranges: Ranges, each: number): Ranges {
  return Array.from({ length: Math.ceil(ranges.length / each) }, (_, i) => {
    const [first, last] = [ranges[i * each], ranges[Math.min((i + 1) * each, ranges.length) - 1]] as readonly Range[] as readonly [Range, Range];
    return [first[0], last[1]] as const;
  });
}

export function sizeOf(ranges: Ranges): bigint {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1n, 0n);
}
