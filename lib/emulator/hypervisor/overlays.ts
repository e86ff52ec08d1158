/** Where a VTL has the hypervisor's pages: the MSRs that place overlays (facts/vsm.md 1.1, 1.9, 1.10). */
import { endOfRam } from '../memory/guest-memory.js';
import { PageRight } from '../memory/rights.js';
import { placeOverlay, removeOverlay } from '../memory/slat.js';
import { decodeFields, HypercallMsr, hasReservedBits, PageMsr } from './bit-layouts.js';
import { hypercallPageCode } from './hypercall-page.js';
import { type PartitionVtl, partitionVtl } from './partition.js';
import { type HypervisorState, log } from './state.js';
import { type VirtualProcessor, vtlOf } from './virtual-processor.js';

const READ_WRITE = PageRight.READ | PageRight.WRITE;
const READ_EXECUTE = PageRight.READ | PageRight.KERNEL_EXECUTE | PageRight.USER_EXECUTE;

/** Pages of a VP and pages of the partition that a VTL places. */
export type OverlayName = 'assist' | 'simp' | 'siefp' | 'hypercall' | 'reference-tsc';

const RIGHTS: Readonly<Record<OverlayName, number>> = {
  assist: READ_WRITE,
  simp: READ_WRITE,
  siefp: READ_WRITE,
  hypercall: READ_EXECUTE,
  'reference-tsc': PageRight.READ,
};

/** Lays, moves or takes away a page. @returns false for a page no guest has: the write is #GP */
const place = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  kind: OverlayName,
  name: string,
  bytes: Uint8Array,
  msr: { readonly enabled: number; readonly page: number },
): boolean => {
  const { enabled, page } = msr;
  if (enabled === 0) {
    if (removeOverlay(state.slat, vtl, name) === undefined) return true;
  } else if (!placeOverlay(state.slat, vtl, { name, page, rights: RIGHTS[kind], bytes })) return false;
  log(state, { kind: 'overlay', vp: vp.index, vtl, name, page: enabled === 0 ? null : page });
  return true;
};

/** Whether a page MSR can hold a value: no reserved bits, and a page the guest has where it is enabled. */
export const canPlacePage = ({ slat }: HypervisorState, value: bigint): boolean => {
  const { enabled, page } = decodeFields(PageMsr, value);
  return !hasReservedBits(PageMsr, value) && (enabled === 0 || page < endOfRam(slat.memory));
};

/** Places one of the VP's own pages. Reserved bits are #GP. @returns false for #GP */
export const placeVpPage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  kind: 'assist' | 'simp' | 'siefp',
  bytes: Uint8Array,
  value: bigint,
): boolean =>
  !hasReservedBits(PageMsr, value) &&
  place(state, vp, vtl, kind, `vp${vp.index}.${kind}`, bytes, decodeFields(PageMsr, value));

/** VP_ASSIST_PAGE. The page is zero when it is enabled: unverified (facts/vsm.md 1.11). */
export const writeAssistMsr = (state: HypervisorState, vp: VirtualProcessor, vtl: number, value: bigint): boolean => {
  const own = vtlOf(vp, vtl);
  if (!placeVpPage(state, vp, vtl, 'assist', own.assistPage, value)) return false;
  if ((own.assistMsr & 1n) === 0n) own.assistPage.fill(0);
  own.assistMsr = value;
  return true;
};

const activePartitionVtl = (state: HypervisorState, vp: VirtualProcessor): PartitionVtl =>
  partitionVtl(state.partition, vp.activeVtl);

/** HYPERCALL: stays disabled while GUEST_OS_ID is 0; a locked one is #GP, as OpenHCL has it (facts/vsm.md 1.2 and source O). */
export const writeHypercallMsr = (state: HypervisorState, vp: VirtualProcessor, value: bigint): boolean => {
  const own = activePartitionVtl(state, vp);
  if (decodeFields(HypercallMsr, own.hypercallMsr).locked === 1 || hasReservedBits(HypercallMsr, value)) return false;
  const kept = own.guestOsId === 0n ? value & ~1n : value;
  own.hypercallPage.set(hypercallPageCode(state.features.amd));
  if (!place(state, vp, vp.activeVtl, 'hypercall', 'hypercall', own.hypercallPage, decodeFields(HypercallMsr, kept)))
    return false;
  own.hypercallMsr = kept;
  return true;
};

/** GUEST_OS_ID: 0 takes the hypercall page away (facts/vsm.md 1.2). */
export const writeGuestOsId = (state: HypervisorState, vp: VirtualProcessor, value: bigint): void => {
  const own = activePartitionVtl(state, vp);
  own.guestOsId = value;
  if (value !== 0n) return;
  own.hypercallMsr &= ~1n;
  place(state, vp, vp.activeVtl, 'hypercall', 'hypercall', own.hypercallPage, { enabled: 0, page: 0 });
};

/** REFERENCE_TSC: sequence, scale and offset, equal in every VTL (facts/vsm.md 6 R23). */
export const writeReferenceTscMsr = (state: HypervisorState, vp: VirtualProcessor, value: bigint): boolean => {
  const own = activePartitionVtl(state, vp);
  if (hasReservedBits(PageMsr, value)) return false;
  const view = new DataView(own.referenceTscPage.buffer, own.referenceTscPage.byteOffset);
  view.setUint32(0, 1, true);
  view.setBigUint64(8, (10_000_000n << 64n) / state.features.tscFrequency, true);
  const msr = decodeFields(PageMsr, value);
  if (!place(state, vp, vp.activeVtl, 'reference-tsc', 'reference-tsc', own.referenceTscPage, msr)) return false;
  own.referenceTscMsr = value;
  return true;
};
