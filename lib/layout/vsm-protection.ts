/** SYSTEM_VSM_PROTECTION_INFORMATION, class 169: two, three or four BOOLEANs by build (facts/nt.md 3.3). */
import { viewOf } from './bytes.js';

/** By the structure's names; null where the build's structure ends before the member. */
export interface VsmProtection {
  readonly DmaProtectionsAvailable: boolean;
  readonly DmaProtectionsInUse: boolean;
  /** Build 17134 and later. */
  readonly HardwareMbecAvailable: boolean | null;
  /** Build 19041 and later. */
  readonly ApicVirtualizationAvailable: boolean | null;
}

const SHORTEST = 2;

/**
 * @param bytes exactly as long as the query that succeeded: its length tells which members there are
 * @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 2 bytes
 */
export const decodeVsmProtection = (bytes: Uint8Array): VsmProtection => {
  const view = viewOf(bytes, SHORTEST, 'SYSTEM_VSM_PROTECTION_INFORMATION');
  const optional = (offset: number): boolean | null => (view.byteLength > offset ? view.getUint8(offset) !== 0 : null);
  return {
    DmaProtectionsAvailable: view.getUint8(0) !== 0,
    DmaProtectionsInUse: view.getUint8(1) !== 0,
    HardwareMbecAvailable: optional(2),
    ApicVirtualizationAvailable: optional(3),
  };
};

/** @returns 4 bytes, or fewer: the structure ends before its first null member */
export const encodeVsmProtection = (info: VsmProtection): Uint8Array => {
  const members = [
    info.DmaProtectionsAvailable,
    info.DmaProtectionsInUse,
    info.HardwareMbecAvailable,
    info.ApicVirtualizationAvailable,
  ];
  const end = members.indexOf(null);
  return Uint8Array.from(end < 0 ? members : members.slice(0, end), Number);
};
