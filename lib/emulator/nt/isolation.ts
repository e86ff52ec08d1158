/**
 * The one question the NT layer asks about isolation: may VTL0 touch these bytes of that process?
 *
 * Today the answer comes from who owns a region: a trustlet's own memory is VTL1's, and what VTL0 allocates or maps there is a
 * VTL0 shadow that VTL1 never sees (facts/nt.md 6.2). Second-level address translation takes this place later.
 */
import type { MemoryAccess } from './memory.js';
import { regionAt } from './memory.js';
import type { ProcessObject } from './objects.js';
import { ensureAddressSpace } from './process-memory.js';

export interface Isolation {
  /**
   * @param address first address, below 2^47
   * @param length bytes
   * @returns how many bytes from `address` on VTL0 may access in this way: 0 … `length`; unmapped memory is not isolation's
   * matter and counts as accessible
   */
  access(process: ProcessObject, address: number, length: number, kind: MemoryAccess): number;
}

export const ownershipIsolation: Isolation = {
  access(process, address, length) {
    if (!process.secure) return length;
    const space = ensureAddressSpace(process);
    let at = address;
    const end = address + length;
    while (at < end) {
      const region = regionAt(space, at);
      if (region?.owner === 1) return at - address;
      const next = space.regions.find((candidate) => candidate.base > at && candidate.base < end);
      at = region === undefined ? (next?.base ?? end) : region.base + region.size;
    }
    return length;
  },
};
