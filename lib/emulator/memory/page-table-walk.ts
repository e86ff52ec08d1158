/**
 * The x64 4-level page-table walk (4 KiB, 2 MiB and 1 GiB pages) over the pages a VTL sees, under this VTL's own rights.
 * Entries are taken as two 32-bit halves: no bigint in the walk.
 */
import { pageSeen } from './guest-access.js';
import { PageRight } from './rights.js';
import { type AccessOutcome, checkPage, type Slat } from './slat.js';

/** A virtual address in halves. */
export interface SplitAddress {
  readonly low: number;
  readonly high: number;
}

/** An entry that was used, with where it lies: accessed and dirty bits are set there. */
export interface UsedEntry {
  readonly page: number;
  readonly offset: number;
  readonly low: number;
}

/** What a walk that reached its page found. */
export interface Mapping {
  readonly page: number;
  /** AND of all levels. */
  readonly writable: boolean;
  readonly user: boolean;
  /** OR of all levels. */
  readonly noExecute: boolean;
  /** Index into the PAT: PAT, PCD, PWT of the last entry. */
  readonly patIndex: number;
  /** From the top level down. */
  readonly entries: readonly UsedEntry[];
}

export type Walk =
  | { readonly kind: 'mapped'; readonly mapping: Mapping }
  | { readonly kind: 'not-present' }
  /** A reserved bit is set. */
  | { readonly kind: 'invalid-flags' }
  /** A table's page may not be read. */
  | { readonly kind: 'table-refused'; readonly page: number; readonly offset: number; readonly outcome: AccessOutcome };

const PRESENT = 0x1;
const WRITABLE = 0x2;
const USER = 0x4;
const LARGE = 0x80;
const NO_EXECUTE = 0x8000_0000;

/** Pages an entry that ends the walk maps, by level: 3 = PML4 … 0 = page table. */
const pagesAt = (level: number): number => 512 ** level;

/** Bits of the low half that must be zero in an entry that ends the walk: below a large page's size, but for its PAT bit. */
const reservedAt = (level: number): number => (level === 3 ? LARGE : (pagesAt(level) * 4096 - 1) & ~0x1fff);

const indexAt = ({ low, high }: SplitAddress, level: number): number => {
  const page = (low >>> 12) + (high & 0xffff) * 0x10_0000;
  return Math.floor(page / pagesAt(level)) % 512;
};

const pageIn = (low: number, high: number): number => (low >>> 12) + (high & 0xf_ffff) * 0x10_0000;

/** A large page's own number has its PAT bit where the address goes. */
const pageWithin = (page: number, { low }: SplitAddress, level: number): number =>
  page - (page % pagesAt(level)) + ((low >>> 12) % pagesAt(level));

const patIndexOf = (low: number, level: number): number => {
  const pat = level === 0 ? low & LARGE : low & 0x1000;
  return (pat === 0 ? 0 : 4) | ((low >>> 3) & 3);
};

/**
 * @param table the page CR3 names
 * @param noExecuteEnabled EFER.NXE; without it bit 63 is reserved
 */
export const walkPageTables = (
  slat: Slat,
  vtl: number,
  table: number,
  address: SplitAddress,
  noExecuteEnabled: boolean,
): Walk => {
  const entries: UsedEntry[] = [];
  let writable = true;
  let user = true;
  let noExecute = false;
  let patIndex = 0;
  let page = table;
  let level = 4;
  for (let last = false; !last; ) {
    level -= 1;
    const offset = indexAt(address, level) * 8;
    const outcome = checkPage(slat, vtl, page, PageRight.READ);
    if (outcome.kind !== 'allowed') return { kind: 'table-refused', page, offset, outcome };
    const { low, high } = entryAt(pageSeen(slat, vtl, page), offset);
    if ((low & PRESENT) === 0) return { kind: 'not-present' };
    last = level === 0 || (low & LARGE) !== 0;
    const forbidden = (high & NO_EXECUTE) !== 0;
    const reserved = last && (low & reservedAt(level)) !== 0;
    if (reserved || (forbidden && !noExecuteEnabled)) return { kind: 'invalid-flags' };
    writable &&= (low & WRITABLE) !== 0;
    user &&= (low & USER) !== 0;
    noExecute ||= forbidden;
    entries.push({ page, offset, low });
    page = pageIn(low, high);
    patIndex = patIndexOf(low, level);
  }
  page = pageWithin(page, address, level);
  return { kind: 'mapped', mapping: { page, writable, user, noExecute, patIndex, entries } };
};

const entryAt = (bytes: Uint8Array | undefined, offset: number): SplitAddress => {
  if (bytes === undefined) return { low: 0, high: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { low: view.getUint32(offset, true), high: view.getUint32(offset + 4, true) };
};
