/**
 * A virtual processor: one set of shared registers, and for each VTL a private set with an interrupt controller, a SynIC and a
 * VP assist page of its own (facts/vsm.md 1.9). Plain data; functions beside it act on it.
 */
import { misuse } from '../memory/page-numbers.js';
import type { ExecutionMode } from '../memory/rights.js';
import { decodeFields, type Fields, SegmentValue, VsmVpSecureConfig } from './bit-layouts.js';
import { PAGE_SIZE } from './constants.js';
import { createLocalApic, type LocalApic } from './local-apic.js';
import { RegisterName, registerNameText } from './register-names.js';
import { type RegisterFile, registerRow } from './registers.js';
import { createSynic, type Synic } from './synic.js';

/** What a higher VTL wants to hear of on this VP: its CrIntercept registers (facts/vsm.md 1.6, 1.7). */
export interface CrIntercepts {
  control: bigint;
  cr0Mask: bigint;
  cr4Mask: bigint;
  miscEnableMask: bigint;
}

/** One VTL's side of a virtual processor. */
export interface VpVtl {
  readonly registers: RegisterFile;
  readonly apic: LocalApic;
  readonly synic: Synic;
  /** Private MSRs that only hold a value: timers, NPIEP_CONFIG, SIRBP. */
  readonly msrs: Map<number, bigint>;
  /** VP_ASSIST_PAGE, and the page, which the hypervisor writes whether or not the guest has it mapped. */
  assistMsr: bigint;
  readonly assistPage: Uint8Array;
  vina: bigint;
  readonly crIntercepts: CrIntercepts;
  /** VsmVpSecureConfigVtl*n* as set by this VTL, by *n*. */
  readonly secureConfig: bigint[];
  /** PendingEvent0: 0 where nothing is pending. */
  pendingEvent: bigint;
  /** How this VTL was last entered; 0 before its first entry. Read by conflict C7. */
  lastEntry: number;
}

export interface VirtualProcessor {
  readonly index: number;
  readonly apicId: number;
  activeVtl: number;
  /** A bit for each VTL enabled on this VP. */
  enabledVtls: number;
  /**
   * A bit for each VTL that has a context to run. The first VP's VTL0 starts with the partition, others by HvCallStartVirtualProcessor
   * or SIPI; a VTL enabled on a VP that runs starts with the context it was enabled with. 0: the VP does not run yet.
   */
  startedVtls: number;
  readonly shared: RegisterFile;
  /** Shared MSRs that only hold a value: MTRRs, MCG_STATUS, DEBUG_DEVICE_OPTIONS. */
  readonly msrs: Map<number, bigint>;
  readonly vtls: readonly VpVtl[];
  /** The VP's call waits for another VP's TLB lock: nothing was done yet. */
  waiting: boolean;
}

const createVpVtl = (vtls: number): VpVtl => ({
  registers: new Map(),
  apic: createLocalApic(),
  synic: createSynic(),
  msrs: new Map(),
  assistMsr: 0n,
  assistPage: new Uint8Array(PAGE_SIZE),
  vina: 0n,
  crIntercepts: { control: 0n, cr0Mask: 0n, cr4Mask: 0n, miscEnableMask: 0n },
  secureConfig: Array.from({ length: vtls }, () => 0n),
  pendingEvent: 0n,
  lastEntry: 0,
});

/** A VP as it is after a reset: in VTL0, which alone is enabled (facts/vsm.md 1.8 rule 1). */
export const createVirtualProcessor = (index: number, vtls: number): VirtualProcessor => ({
  index,
  apicId: index,
  activeVtl: 0,
  enabledVtls: 1,
  startedVtls: index === 0 ? 1 : 0,
  shared: new Map(),
  msrs: new Map(),
  vtls: Array.from({ length: vtls }, () => createVpVtl(vtls)),
  waiting: false,
});

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VTL this guest does not have */
export const vtlOf = (vp: VirtualProcessor, vtl: number): VpVtl => {
  const found = vp.vtls[vtl];
  if (found === undefined) throw misuse(`VP ${vp.index} has VTL0 to VTL${vp.vtls.length - 1}; got VTL${vtl}.`);
  return found;
};

export const isEnabled = (vp: VirtualProcessor, vtl: number): boolean => (vp.enabledVtls & (1 << vtl)) !== 0;

const fileOf = (vp: VirtualProcessor, vtl: number, name: number, dr6Shared: boolean): RegisterFile => {
  const shared = registerRow(name)?.scope === 'shared' || (dr6Shared && name === RegisterName.Dr6);
  return shared ? vp.shared : vtlOf(vp, vtl).registers;
};

const rowOf = (name: number): NonNullable<ReturnType<typeof registerRow>> => {
  const row = registerRow(name);
  if (row === undefined) throw misuse(`There is no architectural register ${registerNameText(name)} here.`);
  return row;
};

/**
 * A register as a VTL sees it.
 * @param dr6Shared whether this processor's DR6 is shared (facts/vsm.md 1.9)
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no architectural register, or no VTL of the guest
 */
export const readArchitectural = (vp: VirtualProcessor, vtl: number, name: number, dr6Shared = false): bigint => {
  const { initial } = rowOf(name);
  return fileOf(vp, vtl, name, dr6Shared).get(name) ?? initial;
};

/** Writes a register as a VTL sees it, cut to its width. @throws as `readArchitectural` */
export const writeArchitectural = (
  vp: VirtualProcessor,
  vtl: number,
  name: number,
  value: bigint,
  dr6Shared = false,
): void => {
  const { mask } = rowOf(name);
  fileOf(vp, vtl, name, dr6Shared).set(name, value & mask);
};

/** Current privilege level of a VTL: SS.DPL. */
export const privilegeLevel = (vp: VirtualProcessor, vtl: number): number =>
  decodeFields(SegmentValue, readArchitectural(vp, vtl, RegisterName.Ss)).privilege;

/** CR0.PE is clear. */
export const isRealMode = (vp: VirtualProcessor, vtl: number): boolean =>
  (readArchitectural(vp, vtl, RegisterName.Cr0) & 1n) === 0n;

/** What a VTL has set for one below it. @param lower a VTL the guest has */
export const secureConfigOf = ({ secureConfig }: VpVtl, lower: number): Fields<typeof VsmVpSecureConfig> =>
  decodeFields(VsmVpSecureConfig, secureConfig[lower] as bigint);

/** Whether any VTL above has turned MBEC on for this one on this VP (facts/vsm.md 1.10). */
export const isMbecEnabled = (vp: VirtualProcessor, vtl: number): boolean =>
  vp.vtls.some((higher, above) => above > vtl && secureConfigOf(higher, vtl).mbecEnabled === 1);

const CR4_SMEP = 1n << 20n;

/** How a VTL's accesses are judged. @param smep whether the processor has SMEP at all */
export const executionMode = (vp: VirtualProcessor, vtl: number, smep: boolean, cpl: number): ExecutionMode => ({
  cpl,
  mbec: isMbecEnabled(vp, vtl),
  smep: !smep || (readArchitectural(vp, vtl, RegisterName.Cr4) & CR4_SMEP) !== 0n,
});
