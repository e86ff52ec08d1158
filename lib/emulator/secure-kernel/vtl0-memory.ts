/**
 * VTL0's memory as the secure kernel uses it: only what VTL0 itself may use, or an address of VTL1's that VTL0 passes would make the
 * secure kernel read its own secrets or write over them; and each byte once, because VTL0 may change it at any time
 * (facts/vsm.md 3.3, 3.8).
 */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';

/** The first guest-physical address that no machine has. */
const END = 1n << 44n;

const vtl0May = (system: NtSystem, address: bigint, length: number, access: 'read' | 'write'): boolean => {
  const end = address + BigInt(length);
  if (length === 0 || end > END) return false;
  const first = (address / BigInt(PAGE_SIZE)) * BigInt(PAGE_SIZE);
  for (let page = first; page < end; page += BigInt(PAGE_SIZE)) {
    if (system.platform.hypervisor.check(0, page, access).kind !== 'allowed') return false;
  }
  return true;
};

/** @returns a copy; null where VTL0 itself could not read all of it */
export const readVtl0 = (system: NtSystem, address: bigint, length: number): Uint8Array | null => {
  if (!vtl0May(system, address, length, 'read')) return null;
  const bytes = new Uint8Array(length);
  const { kind } = system.platform.hypervisor.copy(1, Number(address), bytes, 'read');
  return kind === 'allowed' ? bytes : null;
};

/** @returns whether it was written; never where VTL0 itself could not write all of it */
export const writeVtl0 = (system: NtSystem, address: bigint, bytes: Uint8Array): boolean =>
  vtl0May(system, address, bytes.length, 'write') &&
  system.platform.hypervisor.copy(1, Number(address), bytes, 'write').kind === 'allowed';

/** Whether a page can carry data to and from NT: VTL0's own, readable and writable. */
export const isExchangePage = (system: NtSystem, page: number): boolean => {
  if (!Number.isSafeInteger(page) || page < 0) return false;
  const address = BigInt(page) * BigInt(PAGE_SIZE);
  return vtl0May(system, address, PAGE_SIZE, 'read') && vtl0May(system, address, PAGE_SIZE, 'write');
};
