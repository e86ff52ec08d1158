/** Where things lie in guest-physical memory. Page numbers; the choice is the emulator's own and says nothing about Windows. */

/** A run of pages. */
export interface PageBlock {
  readonly firstPage: number;
  readonly pageCount: number;
}

/** 16 GiB. What nobody touches costs a pointer for every 16 MiB. */
export const RAM: PageBlock = { firstPage: 0, pageCount: 2 ** 22 };

/** VTL0's pages of the hypervisor: hypercall page, assist page and message page of each processor from here on. */
export const VTL0_OVERLAYS: PageBlock = { firstPage: 0x80, pageCount: 0x80 };
/** ntoskrnl.exe: code and data. */
export const NT_CODE: PageBlock = { firstPage: 0x100, pageCount: 0x20 };
export const NT_DATA: PageBlock = { firstPage: 0x120, pageCount: 0x20 };
/** VTL0's page tables: top level, then the level of 1 GiB pages. */
export const NT_PAGE_TABLES: PageBlock = { firstPage: 0x140, pageCount: 2 };
/** The page VTL0 puts hypercall inputs into. */
export const NT_HYPERCALL_INPUT = 0x150;
/** The page VTL0 puts the block of a secure call into, and two that follow one another for what the block points to. */
export const NT_SECURE_CALL_BLOCK = 0x152;
export const NT_SECURE_CALL_BUFFER = 0x153;

/** securekernel.exe and what it needs from the start: the block VTL1 has at boot. */
export const SECURE_KERNEL: PageBlock = { firstPage: 0x1000, pageCount: 0x40 };
export const SECURE_KERNEL_CODE = 0x1000;
export const SECURE_KERNEL_DATA = 0x1020;
export const VTL1_PAGE_TABLES: PageBlock = { firstPage: 0x1030, pageCount: 2 };
export const VTL1_HYPERCALL_INPUT = 0x1034;
/** VTL1's overlays lie above its block, over pages that are nobody's. */
export const VTL1_OVERLAYS: PageBlock = { firstPage: 0x1100, pageCount: 0x100 };

/** Everything from here on is given out: to NT page by page, to VTL1 in bundles. */
export const FIRST_FREE_PAGE = 0x2000;
/** Pages VTL1 gets at a time: a bundle of 1 MiB (facts/vsm.md 2). */
export const BUNDLE_PAGES = 256;

/** Virtual addresses: the low half maps memory one to one, and the kernels see it from here as well. */
export const KERNEL_BASE = 0xffff_8000_0000_0000n;
