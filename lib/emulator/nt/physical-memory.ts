/** The machine's memory as NT's memory manager uses it: pages to take, copies as a VTL, and what VTL0 may do with a page. */
import type { Platform } from '../boot/platform.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { PageAccess } from '../memory/rights.js';

export interface PhysicalMemory {
  /** A zero page of NT's (0) or of VTL1's (1). @throws TrustletError ERR_TRUSTLET_BACKEND when the machine's memory is in use */
  takePage(owner: 0 | 1): number;
  releasePages(pages: readonly number[], owner: 0 | 1): void;
  /** @returns false where the VTL may not, and nothing was copied */
  copy(vtl: 0 | 1, page: number, offset: number, buffer: Uint8Array, direction: 'read' | 'write'): boolean;
  /** Whether VTL0 may use a page in this way, in user mode. */
  allowsVtl0(page: number, access: PageAccess): boolean;
}

const USER_MODE = { cpl: 3, mbec: true, smep: true } as const;

/** Without VTL1 a trustlet's pages are NT's, as everything is. */
export const physicalMemory = (platform: Platform): PhysicalMemory => ({
  takePage: (owner) => (owner === 1 && platform.hasVtl1 ? platform.takeSecurePage() : platform.takeNtPage()),
  releasePages: (pages, owner) => platform.releasePages(pages, owner === 1 && platform.hasVtl1 ? 1 : 0),
  copy: (vtl, page, offset, buffer, direction) =>
    platform.hypervisor.copy(vtl, page * PAGE_SIZE + offset, buffer, direction).kind === 'allowed',
  allowsVtl0: (page, access) =>
    platform.hypervisor.check(0, BigInt(page) * BigInt(PAGE_SIZE), access, USER_MODE).kind === 'allowed',
});
