/** All state of an emulated hypervisor: plain data, so that `structuredClone` is a snapshot. */
import { show } from '../../arguments.js';
import { createGuestMemory, type RamRange, zeroPages } from '../memory/guest-memory.js';
import { HV_NUM_VTLS, misuse } from '../memory/page-numbers.js';
import { PageRight } from '../memory/rights.js';
import { createSlat, forEachProtection, type Slat, slatAfterReset } from '../memory/slat.js';
import { MASK_64 } from './constants.js';
import { createEventLog, type EventLog, type HypervisorEvent, logEvent } from './event-log.js';
import { configOf, createPartition, type Partition } from './partition.js';
import { type Profile, type ProfileName, type ProfileSwitches, resolveProfile } from './profile.js';
import { RegisterName } from './register-names.js';
import {
  createVirtualProcessor,
  executionMode,
  readArchitectural,
  type VirtualProcessor,
  writeArchitectural,
} from './virtual-processor.js';

/** What the platform offers this partition, and its privileges (facts/vsm.md 1.1, 1.7). */
export interface Features {
  /** VTL1 can be enabled. */
  readonly vsm: boolean;
  readonly mbec: boolean;
  /** DR6 is the same register in all VTLs. */
  readonly dr6Shared: boolean;
  /** The processor has SMEP. */
  readonly smep: boolean;
  /** Hypercall input in XMM registers (CPUID 0x40000003 EDX[4]) and output (EDX[15]). */
  readonly xmmInput: boolean;
  readonly xmmOutput: boolean;
  readonly accessVsm: boolean;
  readonly accessVpRegisters: boolean;
  readonly startVirtualProcessor: boolean;
  readonly accessSynic: boolean;
  /** The processor is AMD's: the hypercall page says `vmmcall`. */
  readonly amd: boolean;
  /** TSC ticks a second. */
  readonly tscFrequency: bigint;
}

export interface HypervisorOptions {
  /** Sorted RAM ranges; 64 MiB from 0 unless given. What is never touched costs nothing. */
  readonly ram?: readonly RamRange[];
  /** 1 … 64; 1 unless given. */
  readonly processors?: number;
  readonly profile?: ProfileName;
  /** Switches set otherwise than the profile has them. */
  readonly switches?: Partial<ProfileSwitches>;
  readonly features?: Partial<Features>;
  /** Devices are confined to VTL0's rights. */
  readonly iommu?: boolean;
  /** Reps a rep call does before it must be executed again; 4095, all a call can have, unless given. */
  readonly repBudget?: number;
  /** Events kept; 4096 unless given. */
  readonly eventCapacity?: number;
}

export interface HypervisorState {
  readonly profile: Profile;
  readonly features: Features;
  readonly repBudget: number;
  slat: Slat;
  partition: Partition;
  vps: readonly VirtualProcessor[];
  readonly log: EventLog;
  /** The processors' time stamp counter. Nothing but `advanceTime` moves it. */
  tsc: bigint;
}

const FEATURES: Features = {
  vsm: true,
  mbec: true,
  dr6Shared: false,
  smep: true,
  xmmInput: true,
  xmmOutput: true,
  accessVsm: true,
  accessVpRegisters: true,
  startVirtualProcessor: true,
  accessSynic: true,
  amd: false,
  tscFrequency: 2_000_000_000n,
};

const RAM: readonly RamRange[] = [{ firstPage: 0, pageCount: 16_384 }];
/** A processor mask of the TLFS holds 64. */
export const MAX_PROCESSORS = 64;
const MAX_REPS = 4095;

const requireCount = (name: string, value: number, least: number, most: number): number => {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw misuse(`${name} is a whole number from ${least} to ${most}; got ${value}.`);
};

const createProcessors = (count: number): readonly VirtualProcessor[] =>
  Array.from({ length: count }, (_, index) => createVirtualProcessor(index, HV_NUM_VTLS));

/**
 * A partition just created: VTL0 alone, every page with all rights.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for options out of range
 */
export const createState = (options: HypervisorOptions): HypervisorState => {
  const slat = createSlat(createGuestMemory(options.ram ?? RAM), HV_NUM_VTLS);
  slat.iommu = options.iommu ?? false;
  return {
    profile: resolveProfile(options.profile, options.switches),
    features: { ...FEATURES, ...options.features },
    repBudget: requireCount('repBudget', options.repBudget ?? MAX_REPS, 1, MAX_REPS),
    slat,
    partition: createPartition(HV_NUM_VTLS),
    vps: createProcessors(requireCount('processors', options.processors ?? 1, 1, MAX_PROCESSORS)),
    log: createEventLog(requireCount('eventCapacity', options.eventCapacity ?? 4096, 0, 1_000_000)),
    tsc: 0n,
  };
};

/** Zeroes what a VTL kept from lower ones: the pages it lets them not even read. @returns how many */
const zeroSecrets = ({ slat }: HypervisorState, vtl: number): number => {
  const secret: number[] = [];
  forEachProtection(slat, vtl, (page, mask) => {
    if ((mask & PageRight.READ) === 0) secret.push(page);
  });
  for (const page of secret) zeroPages(slat.memory, page, 1);
  return secret.length;
};

/**
 * Higher VTLs, overlays and processor state are gone; memory stays but for what ZeroMemoryOnReset has zeroed, and the log goes on
 * (facts/vsm.md 1.7, 1.8 rule 1, 2 S12).
 */
export const resetState = (state: HypervisorState): void => {
  let pagesZeroed = 0;
  for (let vtl = 1; vtl < HV_NUM_VTLS; vtl++) {
    const enabled = (state.partition.enabledVtls & (1 << vtl)) !== 0;
    if (enabled && configOf(state.partition, vtl).zeroMemoryOnReset === 1) pagesZeroed += zeroSecrets(state, vtl);
  }
  state.slat = slatAfterReset(state.slat);
  state.partition = createPartition(HV_NUM_VTLS);
  state.vps = createProcessors(state.vps.length);
  log(state, { kind: 'reset', pagesZeroed });
};

/** The highest VTL a partition can have: 0 without VSM. */
export const maximumVtl = (state: HypervisorState): number => (state.features.vsm ? HV_NUM_VTLS - 1 : 0);

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a VP this guest does not have */
export const vpOf = (state: HypervisorState, index: number): VirtualProcessor => {
  const vp = Number.isInteger(index) ? state.vps[index] : undefined;
  if (vp === undefined) throw misuse(`This guest has VP 0 to VP ${state.vps.length - 1}; got ${show(index)}.`);
  return vp;
};

export const log = (state: HypervisorState, event: HypervisorEvent): void => logEvent(state.log, event);

/** A register as a VTL sees it. @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no architectural register */
export const getRegister = (state: HypervisorState, vp: VirtualProcessor, vtl: number, name: number): bigint =>
  name === RegisterName.Tsc
    ? (state.tsc + readArchitectural(vp, vtl, name)) & MASK_64
    : readArchitectural(vp, vtl, name, state.features.dr6Shared);

/** @throws as `getRegister` */
export const setRegister = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  name: number,
  value: bigint,
): void => {
  // What a VTL has of its own is the offset from the processor's counter (facts/vsm.md 1.9).
  const kept = name === RegisterName.Tsc ? value - state.tsc : value;
  writeArchitectural(vp, vtl, name, kept, state.features.dr6Shared);
};

/** Moves a VTL past its instruction. @param length bytes */
export const advanceRip = (state: HypervisorState, vp: VirtualProcessor, vtl: number, length: number): void =>
  setRegister(state, vp, vtl, RegisterName.Rip, getRegister(state, vp, vtl, RegisterName.Rip) + BigInt(length));

/** How the SLAT judges a VTL's accesses. @param cpl the accessing privilege level, 0 … 3 */
export const modeOf = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  cpl: number,
): ReturnType<typeof executionMode> => executionMode(vp, vtl, state.features.smep, cpl);
