/** Data that the secure kernel keeps for a trustlet: each in a page of VTL1 of its own, read for a use and wiped with it. */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import type { KeptData } from './secure-kernel-state.js';

/** @returns null for more than a page */
export const keep = (system: NtSystem, bytes: Uint8Array): KeptData | null => {
  if (bytes.length > PAGE_SIZE) return null;
  const page = system.memory.takePage(1);
  system.memory.copy(1, page, 0, bytes, 'write');
  return { page, length: bytes.length };
};

/** A copy, for the caller to wipe. */
export const readKept = (system: NtSystem, { page, length }: KeptData): Uint8Array => {
  const bytes = new Uint8Array(length);
  system.memory.copy(1, page, 0, bytes, 'read');
  return bytes;
};

/** Zeroes the page and gives it back to VTL1. */
export const forget = (system: NtSystem, kept: KeptData | undefined): void => {
  if (kept !== undefined) system.memory.releasePages([kept.page], 1);
};
