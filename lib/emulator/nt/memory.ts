/**
 * A process's user address space as regions, and the guest-physical pages behind them: memory grows with what was written, not with
 * what is mapped.
 * Addresses are numbers (user addresses are below 2^47); pages are 4 KiB.
 */
import type { SectionObject } from './objects.js';
import type { PhysicalMemory } from './physical-memory.js';

export const PAGE_SIZE = 4096;
/** First address after the user range of x64 Windows (MmHighestUserAddress + 1). */
export const USER_ADDRESS_END: number = 0x7fff_ffff_0000;

/** Page protections (winnt.h). */
export const PageProtection = {
  NOACCESS: 0x01,
  READONLY: 0x02,
  READWRITE: 0x04,
  WRITECOPY: 0x08,
  EXECUTE: 0x10,
  EXECUTE_READ: 0x20,
  EXECUTE_READWRITE: 0x40,
  EXECUTE_WRITECOPY: 0x80,
} as const;

export interface Region {
  readonly base: number;
  readonly size: number;
  readonly kind: 'private' | 'mapped' | 'image';
  /** The trust level that owns its pages: 1 = unreachable from VTL0, 0 in a trustlet = a shadow that VTL1 never sees. */
  readonly owner: 0 | 1;
  protection: number;
  committed: boolean;
  /** Shared pages live in the section. */
  readonly section: SectionObject | null;
}

/** A page that NT keeps for a trustlet, encrypted (secure-kernel/paging.ts). */
export interface PagedOutPage {
  /** NT's page that holds it. */
  readonly ntPage: number;
  /** Never the same for two contents: a page of before does not come in again. */
  readonly generation: bigint;
  readonly tag: Uint8Array;
}

export interface AddressSpace {
  /** Sorted by base, not overlapping. */
  readonly regions: Region[];
  /** Guest-physical page by page of the address space. One that nobody has needed yet is absent, and reads as zero. */
  readonly pages: Map<number, number>;
  /** By page of the address space; only a trustlet has any. */
  readonly pagedOut: Map<number, PagedOutPage>;
  /** Where the next allocation without a wish goes. */
  nextFree: number;
}

export type MemoryAccess = 'read' | 'write' | 'execute';

const READABLE =
  PageProtection.READONLY |
  PageProtection.READWRITE |
  PageProtection.WRITECOPY |
  PageProtection.EXECUTE_READ |
  PageProtection.EXECUTE_READWRITE |
  PageProtection.EXECUTE_WRITECOPY;
const WRITABLE =
  PageProtection.READWRITE |
  PageProtection.WRITECOPY |
  PageProtection.EXECUTE_READWRITE |
  PageProtection.EXECUTE_WRITECOPY;
const EXECUTABLE =
  PageProtection.EXECUTE |
  PageProtection.EXECUTE_READ |
  PageProtection.EXECUTE_READWRITE |
  PageProtection.EXECUTE_WRITECOPY;

const needed: Readonly<Record<MemoryAccess, number>> = { read: READABLE, write: WRITABLE, execute: EXECUTABLE };

/** True when a protection lets this kind of access through. */
export const protectionAllows = (protection: number, access: MemoryAccess): boolean =>
  (protection & needed[access]) !== 0;

export const createAddressSpace = (): AddressSpace => ({
  regions: [],
  pages: new Map(),
  pagedOut: new Map(),
  nextFree: 0x2_0000_0000,
});

export const roundToPages = (length: number): number => Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;

/** The region that holds an address, undefined where nothing is mapped. */
export const regionAt = (space: AddressSpace, address: number): Region | undefined =>
  space.regions.find((region) => address >= region.base && address < region.base + region.size);

const overlaps = (space: AddressSpace, base: number, size: number): boolean =>
  space.regions.some((region) => base < region.base + region.size && region.base < base + size);

/** What `addRegion` needs to know; `base` 0 leaves the place to the address space. */
export interface RegionRequest {
  readonly base: number;
  readonly size: number;
  readonly kind: Region['kind'];
  readonly owner: 0 | 1;
  readonly protection: number;
  readonly committed: boolean;
  readonly section?: SectionObject | null;
}

/** @returns the new region, null when the wished place is taken or outside the user range */
export const addRegion = (space: AddressSpace, request: RegionRequest): Region | null => {
  const size = roundToPages(request.size);
  const base = request.base === 0 ? space.nextFree : Math.floor(request.base / PAGE_SIZE) * PAGE_SIZE;
  if (base + size > USER_ADDRESS_END || overlaps(space, base, size)) return null;
  const { kind, owner, protection, committed, section = null } = request;
  const region: Region = { base, size, kind, owner, protection, committed, section };
  const after = space.regions.findIndex((other) => other.base > base);
  space.regions.splice(after === -1 ? space.regions.length : after, 0, region);
  // Allocations start on 64 KiB boundaries, as NtAllocateVirtualMemory's do.
  if (request.base === 0) space.nextFree = Math.ceil((base + size) / 0x10000) * 0x10000;
  return region;
};

/** The physical page behind an address; null where there is none yet. */
const pageAt = (space: AddressSpace, region: Region, page: number): number | null => {
  const { section } = region;
  return (section === null ? space.pages.get(page) : section.pages.get(page - region.base / PAGE_SIZE)) ?? null;
};

/**
 * The same, taken from memory where there is none yet. A region's owner decides whose page it gets.
 * @returns null for a page that was paged out and does not come back
 */
export const backPage = (
  memory: PhysicalMemory,
  space: AddressSpace,
  region: Region,
  address: number,
): number | null => {
  const page = Math.floor(address / PAGE_SIZE);
  const found = pageAt(space, region, page);
  if (found !== null) return found;
  const pagedOut = space.pagedOut.get(page);
  if (pagedOut !== undefined) return memory.pageIn(space, page, pagedOut);
  const fresh = memory.takePage(region.owner);
  const { section } = region;
  if (section === null) space.pages.set(page, fresh);
  else section.pages.set(page - region.base / PAGE_SIZE, fresh);
  return fresh;
};

/**
 * Copies page by page, as a VTL, until `allowed` bytes are done or a page refuses: its protection, or what the hypervisor lets this
 * VTL do with the physical page.
 * @param vtl who copies: 0 NT, 1 the secure kernel or a trustlet itself
 * @param allowed how many leading bytes the isolation lets through
 * @returns the number of bytes copied
 */
export const copyMemory = (
  memory: PhysicalMemory,
  vtl: 0 | 1,
  space: AddressSpace,
  address: number,
  buffer: Uint8Array,
  direction: 'read' | 'write',
  allowed: number = buffer.byteLength,
): number => {
  let done = 0;
  const end = Math.min(buffer.byteLength, allowed);
  while (done < end) {
    const at = address + done;
    const region = regionAt(space, at);
    if (region === undefined || !region.committed || !protectionAllows(region.protection, direction)) break;
    const offset = at % PAGE_SIZE;
    const part = buffer.subarray(done, done + Math.min(PAGE_SIZE - offset, end - done));
    const found = pageAt(space, region, (at - offset) / PAGE_SIZE);
    // A page of NT's that nobody has written is zero, and reading it takes none.
    const isPagedOut = found === null && space.pagedOut.has((at - offset) / PAGE_SIZE);
    if (found === null && !isPagedOut && direction === 'read' && region.owner <= vtl) part.fill(0);
    else {
      const physical = found ?? backPage(memory, space, region, at);
      if (physical === null || !memory.copy(vtl, physical, offset, part, direction)) break;
    }
    done += part.length;
  }
  return done;
};

/** Bytes of the pages in use: what the machine spends on this process. */
export const memoryInUse = (space: AddressSpace | null): number => (space === null ? 0 : space.pages.size * PAGE_SIZE);

/** A page of a process's memory. */
export interface PhysicalPage {
  /** Where the process has it. */
  readonly address: bigint;
  /** Where it lies in guest-physical memory. */
  readonly physicalAddress: bigint;
  /** The VTL whose page it is. */
  readonly owner: 0 | 1;
}

/** The pages in use of an address space, sections apart. */
export const physicalPagesOf = (space: AddressSpace): readonly PhysicalPage[] =>
  [...space.pages].map(([page, physical]) => ({
    address: BigInt(page * PAGE_SIZE),
    physicalAddress: BigInt(physical * PAGE_SIZE),
    owner: regionAt(space, page * PAGE_SIZE)?.owner ?? 0,
  }));
