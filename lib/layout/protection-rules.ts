/** Who may act on whom among protected processes (facts/nt.md 2). Over PS_PROTECTION bytes; no handle, no query. */
import type { Protection } from '../types.js';

/**
 * Rights Microsoft documents as refused (facts/nt.md 2, S5). Which signers refuse TERMINATE too, as anybody's but the parent's, is
 * [known, unverified].
 */
const REFUSED_PROCESS_RIGHTS = 0xf07fa;
const REFUSED_THREAD_RIGHTS = 0x3f9;
const TERMINATE = 0x1;
const KEEPS_TERMINATE: ReadonlySet<number> = new Set([3, 4, 6, 7]);

/** Signers each signer dominates, as bits by signer number [known, unverified beyond the rule itself: facts/nt.md 2]. */
const DOMINATED_SIGNERS: readonly number[] = [0x0, 0x2, 0x4, 0x108, 0x110, 0x13e, 0x17e, 0x1fe, 0x100];

const typeOf = (protection: number): number => protection & 0x7;
const signerOf = (protection: number): number => protection >>> 4;

/**
 * RtlTestProtectedAccess: may a process of one protection act on one of another?
 * @param opener PS_PROTECTION byte
 * @param target PS_PROTECTION byte
 */
export const dominates = (opener: number, target: number): boolean => {
  if (typeOf(target) === 0) return true;
  const dominated = DOMINATED_SIGNERS[signerOf(opener)] ?? 0;
  return typeOf(opener) >= typeOf(target) && (dominated & (1 << signerOf(target))) !== 0;
};

/**
 * Rights that a protected process refuses to a user-mode caller, whatever its privileges.
 * @param opener PS_PROTECTION byte of the caller
 * @param target PS_PROTECTION byte
 * @param isParent whether the caller started the target
 * @returns an access mask; 0 where the caller dominates the target
 */
export const refusedByProtection = (
  opener: number,
  target: number,
  kind: 'process' | 'thread',
  isParent: boolean,
): number => {
  if (dominates(opener, target)) return 0;
  if (kind === 'thread') return REFUSED_THREAD_RIGHTS;
  return REFUSED_PROCESS_RIGHTS | (KEEPS_TERMINATE.has(signerOf(target)) && !isParent ? TERMINATE : 0);
};

/** `PPL-Lsa`, `PP-WinTcb`, `none`. */
export const protectionName = ({ type, signer }: Pick<Protection, 'type' | 'signer'>): string => {
  if (type === 'None') return 'none';
  const kind = type === 'ProtectedLight' ? 'PPL' : type === 'Protected' ? 'PP' : type;
  return `${kind}-${signer}`;
};
