/** Page tables that map guest-physical memory one to one, in 1 GiB pages, at 0 and at the kernel's base. */
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { type PageBlock, RAM } from './physical-layout.js';

const PRESENT_WRITABLE = 0x3n;
const LARGE = 0x80n;
const GIB = 2 ** 30;
const ENTRY = 8;
/** Entry of the top level for `KERNEL_BASE`. */
const KERNEL_ENTRY = 256;

/** Supervisor mappings of all memory; CR3 is the first page's address. */
export const writePageTables = (hypervisor: Hypervisor, { firstPage }: PageBlock): void => {
  const top = new DataView(new ArrayBuffer(PAGE_SIZE));
  const below = BigInt((firstPage + 1) * PAGE_SIZE) | PRESENT_WRITABLE;
  top.setBigUint64(0, below, true);
  top.setBigUint64(KERNEL_ENTRY * ENTRY, below, true);
  const large = new DataView(new ArrayBuffer(PAGE_SIZE));
  const count = Math.ceil((RAM.pageCount * PAGE_SIZE) / GIB);
  for (let index = 0; index < count; index++) {
    large.setBigUint64(index * ENTRY, BigInt(index * GIB) | PRESENT_WRITABLE | LARGE, true);
  }
  hypervisor.writePhysical(BigInt(firstPage * PAGE_SIZE), new Uint8Array(top.buffer));
  hypervisor.writePhysical(BigInt((firstPage + 1) * PAGE_SIZE), new Uint8Array(large.buffer));
};
