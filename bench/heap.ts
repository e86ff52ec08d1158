/** Whether a census builds anything per process before it is read. */
import { getHeapStatistics } from 'node:v8';
import type { Vsm } from '../lib/vsm.js';

const heapNow = (): number => getHeapStatistics().used_heap_size;

/**
 * @returns bytes of JavaScript heap that one census allocates for each process, garbage included: the least of several, because what
 * else is allocated meanwhile only adds
 */
export const heapPerProcess = (vsm: Vsm, size: number): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 10; turn += 1) {
    globalThis.gc?.();
    const before = heapNow();
    const { length } = vsm.census();
    const allocated = heapNow() - before;
    // A collection in between makes less of it.
    if (length === size && allocated >= 0) least = Math.min(least, allocated);
  }
  return least / size;
};
