/**
 * The one question the NT layer asks about isolation: may VTL0 touch these bytes of that process? The answer is the second level's:
 * what the hypervisor lets VTL0 do with the physical pages behind them. A trustlet's own pages are VTL1's; what VTL0 allocates or
 * maps there is a VTL0 shadow that VTL1 never sees (facts/nt.md 6.2).
 */
import { type AddressSpace, backPage, type MemoryAccess, PAGE_SIZE, regionAt } from './memory.js';
import type { ProcessObject } from './objects.js';
import type { PhysicalMemory } from './physical-memory.js';
import { ensureAddressSpace } from './process-memory.js';

export interface Isolation {
  /**
   * Cost: for each page of a trustlet one look at its rights, and its page where it had none.
   * @param address first address, below 2^47
   * @param length bytes
   * @returns how many bytes from `address` on VTL0 may access in this way: 0 … `length`; unmapped memory is not isolation's
   * matter and counts as accessible
   */
  access(process: ProcessObject, address: number, length: number, kind: MemoryAccess): number;
}

/** Where the page of an address ends. */
const pageEnd = (address: number): number => (Math.floor(address / PAGE_SIZE) + 1) * PAGE_SIZE;

/** Where the next region begins, or `end`. */
const nextRegion = (space: AddressSpace, address: number, end: number): number =>
  space.regions.find(({ base }) => base > address && base < end)?.base ?? end;

/** Only a trustlet has pages that VTL0 may not use; asking for any other process would give pages to memory nobody uses. */
export const secondLevelIsolation = (memory: PhysicalMemory): Isolation => ({
  access(process, address, length, kind) {
    if (!process.secure) return length;
    const space = ensureAddressSpace(memory, process);
    const end = address + length;
    let at = address;
    while (at < end) {
      const region = regionAt(space, at);
      if (region === undefined) {
        at = nextRegion(space, at, end);
        continue;
      }
      // What NT keeps of it is ciphertext in a page of NT's; the page itself is not there for VTL0 to use.
      if (space.pagedOut.has(Math.floor(at / PAGE_SIZE))) return at - address;
      const physical = backPage(memory, space, region, at);
      if (physical === null || !memory.allowsVtl0(physical, kind)) return at - address;
      at = Math.min(pageEnd(at), end);
    }
    return length;
  },
});
