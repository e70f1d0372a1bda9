/**
 * Ranges of numbers in a flat list: first and last of each, ascending and not adjacent. A typed array, because a run with hundreds of ranges
 * is compared with many others.
 */
export type NumberRanges = Float64Array;

/** Sorts and merges ranges. `pairs`: first and last of each, alternating, in any order. */
export function mergedNumbers(pairs: readonly number[]): NumberRanges {
  const sorted = inOrder(pairs);
  const result = new Float64Array(sorted.length);
  let length = 0;
  for (let i = 0; i < sorted.length; i += 2) {
    const [first, last] = [at(sorted, i), at(sorted, i + 1)];
    const before = length === 0 ? Number.NEGATIVE_INFINITY : at(result, length - 1);
    if (first > before + 1) {
      result[length] = first;
      result[length + 1] = last;
      length += 2;
    } else if (last > before) result[length - 1] = last;
  }
  return result.slice(0, length);
}

function inOrder(pairs: readonly number[]): ArrayLike<number> {
  if (isInOrder(pairs)) return pairs;
  const starts = Array.from({ length: pairs.length / 2 }, (_, i) => 2 * i).sort((a, b) => at(pairs, a) - at(pairs, b));
  return starts.flatMap((i) => [at(pairs, i), at(pairs, i + 1)]);
}

function isInOrder(pairs: readonly number[]): boolean {
  for (let i = 2; i < pairs.length; i += 2) if (at(pairs, i) < at(pairs, i - 2)) return false;
  return true;
}

/** By binary search: a scan asks this for every known host. */
export function isInNumbers(ranges: NumberRanges, number: number): boolean {
  let [low, high] = [0, ranges.length / 2 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (number < at(ranges, 2 * middle)) high = middle - 1;
    else if (number > at(ranges, 2 * middle + 1)) low = middle + 1;
    else return true;
  }
  return false;
}

/** `from` without `away`, in linear time: both come from scans. */
export function numbersWithout(from: NumberRanges, away: NumberRanges): NumberRanges {
  if (away.length === 0) return from;
  const left: number[] = [];
  let next = 0;
  for (let f = 0; f < from.length; f += 2) {
    let first = at(from, f);
    const last = at(from, f + 1);
    while (next < away.length && at(away, next + 1) < first) next += 2;
    for (let i = next; i < away.length && first <= last && at(away, i) <= last; i += 2) {
      if (at(away, i) > first) left.push(first, at(away, i) - 1);
      first = at(away, i + 1) + 1;
      next = i;
    }
    if (first <= last) left.push(first, last);
  }
  return Float64Array.from(left);
}

export function doNumbersMeet(a: NumberRanges, b: NumberRanges): boolean {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (at(a, i + 1) < at(b, j)) i += 2;
    else if (at(b, j + 1) < at(a, i)) j += 2;
    else return true;
  }
  return false;
}

/** Ranges that each span so many of these. */
export function widerNumbers(ranges: NumberRanges, each: number): NumberRanges {
  const wider: number[] = [];
  for (let i = 0; i < ranges.length; i += 2 * each) wider.push(at(ranges, i), at(ranges, Math.min(i + 2 * each, ranges.length) - 1));
  return Float64Array.from(wider);
}

export function countOf(ranges: NumberRanges): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += at(ranges, i + 1) - at(ranges, i) + 1;
  return count;
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}
