/**
 * Guest-physical RAM. A page that was never written is all zero and costs nothing. No rights are looked at here: see
 * `guest-access.ts` for what a VTL may do and `dma.ts` for a device.
 */
import { MAX_PAGES, misuse, PAGE_SIZE } from './page-numbers.js';

/** A run of RAM pages. */
export interface RamRange {
  readonly firstPage: number;
  readonly pageCount: number;
}

export interface GuestMemory {
  /** Sorted, not overlapping. */
  readonly ranges: readonly RamRange[];
  /** Pages in use, by page number. */
  readonly pages: Map<number, Uint8Array>;
}

/**
 * @param ranges RAM, sorted by first page and not overlapping; what lies between is not RAM
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for ranges that are empty, out of order, overlapping or beyond 2^32 pages
 */
export const createGuestMemory = (ranges: readonly RamRange[]): GuestMemory => {
  let end = 0;
  for (const { firstPage, pageCount } of ranges) {
    const whole = Number.isInteger(firstPage) && Number.isInteger(pageCount);
    if (!whole || firstPage < end || pageCount < 1 || firstPage + pageCount > MAX_PAGES) {
      throw misuse(
        `RAM ranges are sorted, do not overlap and end at page ${MAX_PAGES}; got page ${firstPage}, ${pageCount} pages, after page ${end}.`,
      );
    }
    end = firstPage + pageCount;
  }
  if (end === 0) throw misuse('A guest has at least one page of RAM.');
  return { ranges: ranges.map(({ firstPage, pageCount }) => ({ firstPage, pageCount })), pages: new Map() };
};

/** The page after the guest's last one. */
export const endOfRam = (memory: GuestMemory): number =>
  memory.ranges.reduce((end, { firstPage, pageCount }) => Math.max(end, firstPage + pageCount), 0);

export const isRam = (memory: GuestMemory, page: number): boolean => {
  for (const { firstPage, pageCount } of memory.ranges) {
    if (page >= firstPage && page - firstPage < pageCount) return true;
  }
  return false;
};

/** The bytes of a page for writing, made when first asked for. The caller has checked that it is RAM. */
export const writablePage = (memory: GuestMemory, page: number): Uint8Array => {
  let bytes = memory.pages.get(page);
  if (bytes === undefined) {
    bytes = new Uint8Array(PAGE_SIZE);
    memory.pages.set(page, bytes);
  }
  return bytes;
};

/** What lies in one page of an access that may cross pages. */
export interface PagePart {
  readonly page: number;
  /** First byte within the page. */
  readonly offset: number;
  /** First byte within the buffer. */
  readonly start: number;
  readonly length: number;
}

/** Cuts `length` bytes from `address` on at page boundaries. */
export const pageParts = (address: number, length: number): readonly PagePart[] => {
  const parts: PagePart[] = [];
  for (let start = 0; start < length; ) {
    const offset = (address + start) % PAGE_SIZE;
    const part = Math.min(PAGE_SIZE - offset, length - start);
    parts.push({ page: Math.floor((address + start) / PAGE_SIZE), offset, start, length: part });
    start += part;
  }
  return parts;
};

/** Copies out of a page; undefined is a page of zeros. */
export const copyFromPage = (bytes: Uint8Array | undefined, part: PagePart, buffer: Uint8Array): void => {
  const target = buffer.subarray(part.start, part.start + part.length);
  if (bytes === undefined) target.fill(0);
  else target.set(bytes.subarray(part.offset, part.offset + part.length));
};

/** Copies into a page. */
export const copyToPage = (bytes: Uint8Array, part: PagePart, buffer: Uint8Array): void => {
  bytes.set(buffer.subarray(part.start, part.start + part.length), part.offset);
};

/**
 * Reads RAM as the hypervisor sees it: no rights, no overlays.
 * @param address guest-physical, bytes
 * @param buffer filled as far as there is RAM
 * @returns bytes read; less than asked for where a page is not RAM
 */
export const readMemory = (memory: GuestMemory, address: number, buffer: Uint8Array): number => {
  for (const part of pageParts(address, buffer.length)) {
    if (!isRam(memory, part.page)) return part.start;
    copyFromPage(memory.pages.get(part.page), part, buffer);
  }
  return buffer.length;
};

/** Writes RAM as the hypervisor does; as `readMemory`. */
export const writeMemory = (memory: GuestMemory, address: number, buffer: Uint8Array): number => {
  for (const part of pageParts(address, buffer.length)) {
    if (!isRam(memory, part.page)) return part.start;
    copyToPage(writablePage(memory, part.page), part, buffer);
  }
  return buffer.length;
};

/** Zeroes pages, and gives back what they cost. */
export const zeroPages = (memory: GuestMemory, firstPage: number, pageCount: number): void => {
  if (pageCount < memory.pages.size) {
    for (let page = firstPage; page < firstPage + pageCount; page++) memory.pages.delete(page);
    return;
  }
  for (const page of memory.pages.keys()) {
    if (page >= firstPage && page < firstPage + pageCount) memory.pages.delete(page);
  }
};

/** Bytes of the pages in use. */
export const memoryInUse = (memory: GuestMemory): number => memory.pages.size * PAGE_SIZE;
