/** The VP assist page's part about VTLs (facts/vsm.md 1.11). All offsets are the page's. */
import { decodeFields, VsmVina } from './bit-layouts.js';
import type { VpVtl } from './virtual-processor.js';

const ENTRY_REASON = 8;
const VINA_STATUS = 12;
const RETURN_RAX = 16;
const RETURN_RCX = 24;

const viewOf = ({ assistPage }: VpVtl): DataView =>
  new DataView(assistPage.buffer, assistPage.byteOffset, assistPage.byteLength);

export const writeEntryReason = (vtl: VpVtl, reason: number): void => viewOf(vtl).setUint32(ENTRY_REASON, reason, true);

/** RAX and RCX that a normal return restores, as the returning VTL left them in its page. */
export const returnRegisters = (vtl: VpVtl): { readonly rax: bigint; readonly rcx: bigint } => {
  const view = viewOf(vtl);
  return { rax: view.getBigUint64(RETURN_RAX, true), rcx: view.getBigUint64(RETURN_RCX, true) };
};

const isVinaAsserted = (vtl: VpVtl): boolean => viewOf(vtl).getUint8(VINA_STATUS) !== 0;

/**
 * Raises VINA unless it is off or was raised and not cleared yet (facts/vsm.md 1.12).
 * @returns the interrupt to request, undefined for none
 */
export const assertVina = (vtl: VpVtl): { readonly vector: number; readonly autoEoi: boolean } | undefined => {
  const { vector, enabled, autoEoi } = decodeFields(VsmVina, vtl.vina);
  if (enabled === 0 || isVinaAsserted(vtl)) return undefined;
  viewOf(vtl).setUint8(VINA_STATUS, 1);
  return { vector, autoEoi: autoEoi === 1 };
};

/** On return with AutoReset, as OpenHCL does it (facts/vsm.md 1.12). */
export const resetVinaOnReturn = (vtl: VpVtl): void => {
  if (decodeFields(VsmVina, vtl.vina).autoReset === 1) viewOf(vtl).setUint8(VINA_STATUS, 0);
};
