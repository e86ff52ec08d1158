/**
 * Switching a VP's active VTL (facts/vsm.md 1.8, 1.11). Private state needs no copying: each VTL has its own, and the active one
 * says which is in the processor. Shared registers stay as they are; scrubbing them is the secure kernel's business (1.9).
 */
import { encodeFields, VsmVpSecureConfig } from './bit-layouts.js';
import { EntryReason } from './constants.js';
import { type HypervisorState, log } from './state.js';
import { isEnabled, secureConfigOf, type VirtualProcessor, vtlOf } from './virtual-processor.js';
import { writeEntryReason } from './vp-assist-page.js';

/** The lowest VTL above, or the highest below, that is enabled on a VP; undefined for none. */
export const nextEnabledVtl = (vp: VirtualProcessor, from: number, step: 1 | -1): number | undefined => {
  for (let vtl = from + step; vtl >= 0 && vtl < vp.vtls.length; vtl += step) {
    if (isEnabled(vp, vtl)) return vtl;
  }
  return undefined;
};

/** Enters a higher VTL. Its first entry starts at the context it was enabled with. */
export const enterVtl = (
  state: HypervisorState,
  vp: VirtualProcessor,
  to: number,
  reason: 'call' | 'interrupt',
): void => {
  const entered = vtlOf(vp, to);
  entered.lastEntry = reason === 'call' ? EntryReason.VTL_CALL : EntryReason.INTERRUPT;
  writeEntryReason(entered, entered.lastEntry);
  log(state, { kind: 'vtl-switch', vp: vp.index, from: vp.activeVtl, to, reason });
  vp.activeVtl = to;
};

export const leaveVtl = (
  state: HypervisorState,
  vp: VirtualProcessor,
  to: number,
  reason: 'return' | 'fast-return',
): void => {
  log(state, { kind: 'vtl-switch', vp: vp.index, from: vp.activeVtl, to, reason });
  vp.activeVtl = to;
};

/** A VTL that returns gives up the TLB locks it holds (facts/vsm.md 1.10). */
export const releaseTlbLocks = (vp: VirtualProcessor, vtl: number): void => {
  const own = vtlOf(vp, vtl);
  for (let lower = 0; lower < vtl; lower++) {
    own.secureConfig[lower] = encodeFields(VsmVpSecureConfig, { ...secureConfigOf(own, lower), tlbLocked: 0 });
  }
};

/** Whether a VTL above has locked a VTL's TLB on a VP. */
export const isTlbLocked = (vp: VirtualProcessor, vtl: number): boolean =>
  vp.vtls.some((higher, above) => above > vtl && secureConfigOf(higher, vtl).tlbLocked === 1);
