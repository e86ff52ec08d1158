/** The machine's memory as NT's memory manager uses it: pages to take, copies as a VTL, and what VTL0 may do with a page. */
import { TrustletError } from '../../errors.js';
import type { Platform } from '../boot/platform.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { PageAccess } from '../memory/rights.js';
import type { AddressSpace, PagedOutPage } from './memory.js';

export interface PhysicalMemory {
  /** A zero page of NT's (0) or of VTL1's (1). @throws TrustletError ERR_TRUSTLET_BACKEND when the machine's memory is in use */
  takePage(owner: 0 | 1): number;
  releasePages(pages: readonly number[], owner: 0 | 1): void;
  /** @returns false where the VTL may not, and nothing was copied */
  copy(vtl: 0 | 1, page: number, offset: number, buffer: Uint8Array, direction: 'read' | 'write'): boolean;
  /** Brings a trustlet's page back. @returns null where it is not what went out */
  pageIn(space: AddressSpace, page: number, pagedOut: PagedOutPage): number | null;
  /** Whether VTL0 may use a page in this way, in user mode. */
  allowsVtl0(page: number, access: PageAccess): boolean;
}

/** After a reset there is no operating system whose memory this could be. @throws TrustletError ERR_TRUSTLET_BACKEND */
export const requireUp = (platform: Platform): void => {
  if (!platform.isDown) return;
  throw new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    'The emulated machine was reset: its operating systems run no more. Boot another or restore a snapshot.',
  );
};

const USER_MODE = { cpl: 3, mbec: true, smep: true } as const;

/** On a machine that came up without VTL1 a trustlet's pages are NT's, as everything is. */
export const physicalMemory = (platform: Platform, pageIn: PhysicalMemory['pageIn']): PhysicalMemory => ({
  pageIn,
  takePage: (owner) => {
    requireUp(platform);
    return owner === 1 && platform.hasVtl1 ? platform.takeSecurePage() : platform.takeNtPage();
  },
  releasePages: (pages, owner) => platform.releasePages(pages, owner === 1 && platform.hasVtl1 ? 1 : 0),
  copy: (vtl, page, offset, buffer, direction) =>
    platform.hypervisor.copy(vtl, page * PAGE_SIZE + offset, buffer, direction).kind === 'allowed',
  allowsVtl0: (page, access) =>
    platform.hypervisor.check(0, BigInt(page) * BigInt(PAGE_SIZE), access, USER_MODE).kind === 'allowed',
});
