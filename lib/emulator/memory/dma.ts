/**
 * Device accesses. A device is attributed to VTL0 and obeys VTL0's rights only where an IOMMU is configured; without one it
 * reaches all RAM, VTL1's too (facts/vsm.md 1.8 rule 9 and 2). It never sees an overlay page.
 */
import { copyFromPage, copyToPage, isRam, pageParts, writablePage } from './guest-memory.js';
import { PageRight } from './rights.js';
import { rightsBeneath, type Slat } from './slat.js';

/** `blocked` is the IOMMU's refusal: a device has no VP to intercept. */
export type DmaOutcome = 'allowed' | 'blocked' | 'unmapped';

const checkDma = (slat: Slat, page: number, right: number): DmaOutcome => {
  if (!isRam(slat.memory, page)) return 'unmapped';
  return !slat.iommu || (rightsBeneath(slat, 0, page) & right) !== 0 ? 'allowed' : 'blocked';
};

/**
 * A transfer by a device. A transfer that any of its pages refuses has no effect at all.
 * @param address guest-physical, bytes
 * @param direction `read`: the device reads memory into the buffer; `write`: it writes the buffer to memory
 */
export const transferByDevice = (
  slat: Slat,
  address: number,
  buffer: Uint8Array,
  direction: 'read' | 'write',
): DmaOutcome => {
  const parts = pageParts(address, buffer.length);
  const right = direction === 'read' ? PageRight.READ : PageRight.WRITE;
  for (const { page } of parts) {
    const outcome = checkDma(slat, page, right);
    if (outcome !== 'allowed') return outcome;
  }
  for (const part of parts) {
    if (direction === 'write') copyToPage(writablePage(slat.memory, part.page), part, buffer);
    else copyFromPage(slat.memory.pages.get(part.page), part, buffer);
  }
  return 'allowed';
};
