/**
 * Pages of guest-physical memory. Inside the emulator a page is its number and an address a `number`: a guest has at most 2^32
 * pages (16 TiB), so both are exact. `bigint` stays at the public edge.
 */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';

/** Bytes in a page (facts/vsm.md 1.1). */
export const PAGE_SIZE = 4096;
/** The most pages a guest can have, so that a page number fits 32 bits. */
export const MAX_PAGES: number = 2 ** 32;
/** VTLs that Hyper-V implements; the architecture allows 16 (facts/vsm.md 1.1). */
export const HV_NUM_VTLS = 2;

/** A wrong argument of the program that drives the emulator. */
export const misuse = (message: string): TrustletError => new TrustletError('ERR_TRUSTLET_ARGUMENT', message);

/**
 * The page a guest-physical address lies in.
 * @param address bytes; any unsigned value
 * @returns the page number, or `MAX_PAGES` for every address that no guest has
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but an unsigned bigint
 */
export const pageOfAddress = (address: bigint): number => {
  // A bigint above 2^53 is rounded here, and lies far beyond the last page either way.
  const page = typeof address === 'bigint' ? Math.floor(Number(address) / PAGE_SIZE) : Number.NaN;
  if (page >= 0) return Math.min(page, MAX_PAGES);
  throw misuse(`A guest-physical address is an unsigned bigint; got ${show(address)}.`);
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `page` is a whole number below `MAX_PAGES` */
export const requirePage = (page: number): number => {
  if (Number.isInteger(page) && page >= 0 && page < MAX_PAGES) return page;
  throw misuse(`A page number is a whole number from 0 to ${MAX_PAGES - 1}; got ${show(page)}.`);
};
