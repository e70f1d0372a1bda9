/**
 * Ranges of numbers in a flat list: first and last of each, ascending and not adjacent. A typed array, because a run with hundreds of ranges
 * is compared with many others.
 */
export type NumberRanges = Float64Array;

/** Sorts and merges ranges. `pairs`: first and last of each, alternating, in any order. */
export function mergedNumbers(pairs: readonly number[]): NumberRanges {
  const result: number[] = [];
  for (const [first, last] of inOrder(pairs)) {
    const before = result.at(-1);
    if (before === undefined || first > before + 1) result.push(first, last);
    else if (last > before) result[result.length - 1] = last;
  }
  return Float64Array.from(result);
}

function* inOrder(pairs: readonly number[]): Generator<readonly [first: number, last: number], void, undefined> {
  const starts = Array.from({ length: pairs.length / 2 }, (_, i) => 2 * i);
  if (starts.some((i) => i > 0 && at(pairs, i) < at(pairs, i - 2))) starts.sort((a, b) => at(pairs, a) - at(pairs, b));
  for (const i of starts) yield [at(pairs, i), at(pairs, i + 1)];
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

export function countOf(ranges: NumberRanges): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += at(ranges, i + 1) - at(ranges, i) + 1;
  return count;
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}
