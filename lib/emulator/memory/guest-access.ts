/**
 * Accesses to guest-physical memory by a VTL: rights first, then bytes, through the overlays this VTL sees. An access that any
 * of its pages refuses has no effect at all.
 */
import { show } from '../../arguments.js';
import { copyFromPage, copyToPage, pageParts, writablePage } from './guest-memory.js';
import { misuse, PAGE_SIZE, pageOfAddress } from './page-numbers.js';
import { type ExecutionMode, neededRight, type PageAccess } from './rights.js';
import { type AccessOutcome, checkPage, overlaySeen, requireVtl, type Slat } from './slat.js';

/** The bytes a VTL reads at a page, undefined for a page of zeros. The caller has checked the rights. */
export const pageSeen = (slat: Slat, vtl: number, page: number): Uint8Array | undefined =>
  overlaySeen(slat, vtl, page)?.bytes ?? slat.memory.pages.get(page);

/** The bytes a VTL writes at a page. The caller has checked the rights. */
export const pageWritten = (slat: Slat, vtl: number, page: number): Uint8Array =>
  overlaySeen(slat, vtl, page)?.bytes ?? writablePage(slat.memory, page);

/** How an access ended; where it was refused, `page` is the first page that refused it. */
export interface GuestAccess {
  readonly outcome: AccessOutcome;
  readonly page: number;
}

/**
 * Copies between a buffer and guest-physical memory as a VTL.
 * @param address guest-physical, bytes
 * @param access `write` copies from the buffer; `read` and `execute` (an instruction fetch) into it
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VTL this guest does not have
 */
export const accessMemory = (
  slat: Slat,
  vtl: number,
  address: number,
  buffer: Uint8Array,
  access: PageAccess,
  mode: ExecutionMode,
): GuestAccess => {
  const right = neededRight(access, mode);
  const parts = pageParts(address, buffer.length);
  let outcome: AccessOutcome = { kind: 'allowed' };
  for (const { page } of parts) {
    outcome = checkPage(slat, vtl, page, right);
    if (outcome.kind !== 'allowed') return { outcome, page };
  }
  for (const part of parts) {
    if (access === 'write') copyToPage(pageWritten(slat, vtl, part.page), part, buffer);
    else copyFromPage(pageSeen(slat, vtl, part.page), part, buffer);
  }
  return { outcome, page: Math.floor(address / PAGE_SIZE) };
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but the three kinds of access */
export const requireAccess = (access: PageAccess): void => {
  if (access === 'read' || access === 'write' || access === 'execute') return;
  throw misuse(`An access is 'read', 'write' or 'execute'; got ${show(access)}.`);
};

/**
 * Whether a VTL may use the page of an address: the public edge of the check. Over 20 million calls a second.
 * @param address guest-physical, bytes
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for an address that is no unsigned bigint, a VTL this guest does not have, or an
 * unknown kind of access
 */
export const checkAccess = (
  slat: Slat,
  vtl: number,
  address: bigint,
  access: PageAccess,
  mode: ExecutionMode,
): AccessOutcome => {
  requireVtl(slat, vtl);
  const page = pageOfAddress(address);
  requireAccess(access);
  return checkPage(slat, vtl, page, neededRight(access, mode));
};
