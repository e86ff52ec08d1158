/**
 * RDMSR and WRMSR by the active VTL. Each VTL has the private ones of its own (facts/vsm.md 1.9). What an MSR cannot hold, one that
 * does not exist, and one the partition has no privilege for are #GP.
 */

import { hasReservedBits, Sint } from './bit-layouts.js';
import { MASK_64, Vector } from './constants.js';
import { interceptMsrWrite } from './intercepts.js';
import { sendInterrupt } from './interprocessor.js';
import { evaluateInterrupts, signalEnd } from './interrupts.js';
import { APIC_VERSION, wordOf } from './local-apic.js';
import { isPrivateStore, isSharedStore, MSR_REGISTERS, Msr } from './msr-names.js';
import { done, type Fault, fault, type InstructionResult } from './outcomes.js';
import { placeVpPage, writeAssistMsr, writeGuestOsId, writeHypercallMsr, writeReferenceTscMsr } from './overlays.js';
import { partitionVtl } from './partition.js';
import { RegisterName } from './register-names.js';
import { canHold } from './registers.js';
import { getRegister, type HypervisorState, log, resetState, setRegister } from './state.js';
import { type VirtualProcessor, type VpVtl, vtlOf } from './virtual-processor.js';
import { capabilities } from './vsm-registers.js';

const SCONTROL_ENABLE = 1n;
const SYNIC_VERSION = 1n;
const APIC_FREQUENCY = 200_000_000n;
const UNITS_A_SECOND = 10_000_000n;

const generalProtection = (state: HypervisorState, vp: VirtualProcessor, why: string): Fault => {
  log(state, { kind: 'fault', vp: vp.index, vtl: vp.activeVtl, vector: Vector.GENERAL_PROTECTION, why });
  return fault(Vector.GENERAL_PROTECTION, 0);
};

const isSynic = (msr: number): boolean => msr >= Msr.SCONTROL && msr < Msr.STIMER0_CONFIG;
const isSint = (msr: number): boolean => msr >= Msr.SINT0 && msr < Msr.SINT0 + 16;
const isTime = (msr: number): boolean => msr === Msr.TIME_REF_COUNT || msr === Msr.VP_RUNTIME;

/** 100 ns units since the partition began. */
const referenceTime = ({ tsc, features }: HypervisorState): bigint => (tsc * UNITS_A_SECOND) / features.tscFrequency;

const segmentBase = (state: HypervisorState, vp: VirtualProcessor, name: number): bigint =>
  getRegister(state, vp, vp.activeVtl, name) & 0xffff_ffff_ffff_ffffn;

const setSegmentBase = (state: HypervisorState, vp: VirtualProcessor, name: number, base: bigint): void => {
  const segment = getRegister(state, vp, vp.activeVtl, name);
  setRegister(state, vp, vp.activeVtl, name, ((segment >> 64n) << 64n) | base);
};

/** Interrupts in service and requested, 32 vectors a register. */
const vectorWord = ({ apic }: VpVtl, msr: number): bigint | undefined => {
  if (msr >= Msr.APIC_ISR0 && msr < Msr.APIC_ISR0 + 8) return BigInt(wordOf(apic.inService, msr - Msr.APIC_ISR0));
  if (msr >= Msr.APIC_IRR0 && msr < Msr.APIC_IRR0 + 8) return BigInt(wordOf(apic.requested, msr - Msr.APIC_IRR0));
  return undefined;
};

const readSynic = ({ synic }: VpVtl, msr: number): bigint | undefined => {
  if (isSint(msr)) return synic.sints[msr - Msr.SINT0];
  const values: ReadonlyMap<number, bigint> = new Map<number, bigint>([
    [Msr.SCONTROL, synic.scontrol],
    [Msr.SVERSION, SYNIC_VERSION],
    [Msr.SIEFP, synic.siefp],
    [Msr.SIMP, synic.simp],
    [Msr.EOM, 0n],
  ]);
  return values.get(msr);
};

const readHypervisor = (state: HypervisorState, vp: VirtualProcessor, own: VpVtl, msr: number): bigint | undefined => {
  const partition = partitionVtl(state.partition, vp.activeVtl);
  switch (msr) {
    case Msr.GUEST_OS_ID:
      return partition.guestOsId;
    case Msr.HYPERCALL:
      return partition.hypercallMsr;
    case Msr.REFERENCE_TSC:
      return partition.referenceTscMsr;
    case Msr.VP_INDEX:
      return BigInt(vp.index);
    case Msr.RESET:
    // A VP that idles here goes on at once.
    case Msr.GUEST_IDLE:
    case Msr.MCG_CAP:
      return 0n;
    case Msr.TSC_FREQUENCY:
      return state.features.tscFrequency;
    case Msr.APIC_FREQUENCY:
      return APIC_FREQUENCY;
    case Msr.VP_ASSIST_PAGE:
      return own.assistMsr;
    case Msr.VSM_CAPABILITIES:
      return state.features.accessVsm ? capabilities(state) : undefined;
    default:
      return isTime(msr) ? referenceTime(state) : undefined;
  }
};

const readApic = (state: HypervisorState, vp: VirtualProcessor, own: VpVtl, msr: number): bigint | undefined => {
  switch (msr) {
    case Msr.APIC_ID:
      return BigInt(vp.apicId);
    case Msr.APIC_VERSION:
      return APIC_VERSION;
    case Msr.APIC_TPR:
    case Msr.TPR:
      return getRegister(state, vp, vp.activeVtl, RegisterName.Cr8) << 4n;
    default:
      return vectorWord(own, msr);
  }
};

/** The active VTL reads an MSR. */
export const readMsr = (state: HypervisorState, vp: VirtualProcessor, msr: number): InstructionResult => {
  const own = vtlOf(vp, vp.activeVtl);
  const register = MSR_REGISTERS.get(msr);
  if (register !== undefined) return done(getRegister(state, vp, vp.activeVtl, register));
  if (msr === Msr.FS_BASE) return done(segmentBase(state, vp, RegisterName.Fs));
  if (msr === Msr.GS_BASE) return done(segmentBase(state, vp, RegisterName.Gs));
  if (isPrivateStore(msr)) return done(own.msrs.get(msr) ?? 0n);
  if (isSharedStore(msr)) return done(vp.msrs.get(msr) ?? 0n);
  const value = isSynic(msr)
    ? state.features.accessSynic
      ? readSynic(own, msr)
      : undefined
    : (readHypervisor(state, vp, own, msr) ?? readApic(state, vp, own, msr));
  return value === undefined ? generalProtection(state, vp, `RDMSR 0x${msr.toString(16)}`) : done(value);
};

/** @returns false for #GP */
const writeSynic = (state: HypervisorState, vp: VirtualProcessor, own: VpVtl, msr: number, value: bigint): boolean => {
  const { synic } = own;
  const vtl = vp.activeVtl;
  if (isSint(msr)) {
    if (hasReservedBits(Sint, value)) return false;
    synic.sints[msr - Msr.SINT0] = value;
    return true;
  }
  switch (msr) {
    case Msr.SCONTROL:
      if ((value & ~SCONTROL_ENABLE) !== 0n) return false;
      synic.scontrol = value;
      return true;
    case Msr.SIEFP:
      if (!placeVpPage(state, vp, vtl, 'siefp', synic.events, value)) return false;
      synic.siefp = value;
      return true;
    case Msr.SIMP:
      if (!placeVpPage(state, vp, vtl, 'simp', synic.messages, value)) return false;
      synic.simp = value;
      return true;
    default:
      // Nothing waits for a slot: what could not be posted is caused again by the VP that was stopped (facts/vsm.md 1.13).
      return msr === Msr.EOM;
  }
};

const setTaskPriority = (state: HypervisorState, vp: VirtualProcessor, value: bigint): boolean => {
  if (value > 0xffn) return false;
  setRegister(state, vp, vp.activeVtl, RegisterName.Cr8, value >> 4n);
  evaluateInterrupts(state, vp);
  return true;
};

const writeApic = (state: HypervisorState, vp: VirtualProcessor, msr: number, value: bigint): boolean => {
  switch (msr) {
    case Msr.APIC_TPR:
    case Msr.TPR:
      return setTaskPriority(state, vp, value);
    case Msr.APIC_EOI:
    case Msr.EOI:
      signalEnd(state, vp);
      return true;
    case Msr.APIC_ICR:
    case Msr.ICR:
      return sendInterrupt(state, vp, value);
    case Msr.APIC_SELF_IPI:
      // The interrupt command register with the shorthand "self".
      return value <= 0xffn && sendInterrupt(state, vp, value | 0x4_0000n);
    default:
      return false;
  }
};

const writeHypervisor = (state: HypervisorState, vp: VirtualProcessor, msr: number, value: bigint): boolean => {
  switch (msr) {
    case Msr.GUEST_OS_ID:
      writeGuestOsId(state, vp, value);
      return true;
    case Msr.HYPERCALL:
      return writeHypercallMsr(state, vp, value);
    case Msr.REFERENCE_TSC:
      return writeReferenceTscMsr(state, vp, value);
    case Msr.VP_ASSIST_PAGE:
      return writeAssistMsr(state, vp, vp.activeVtl, value);
    case Msr.RESET:
      if ((value & 1n) !== 0n) resetState(state);
      return true;
    default:
      return writeApic(state, vp, msr, value);
  }
};

const writeRegister = (state: HypervisorState, vp: VirtualProcessor, name: number, value: bigint): boolean => {
  if (!canHold(name, value)) return false;
  setRegister(state, vp, vp.activeVtl, name, value);
  return true;
};

const write = (state: HypervisorState, vp: VirtualProcessor, msr: number, value: bigint): boolean => {
  const own = vtlOf(vp, vp.activeVtl);
  const register = MSR_REGISTERS.get(msr);
  if (register !== undefined) return writeRegister(state, vp, register, value);
  if (msr === Msr.FS_BASE || msr === Msr.GS_BASE) {
    setSegmentBase(state, vp, msr === Msr.FS_BASE ? RegisterName.Fs : RegisterName.Gs, value);
    return true;
  }
  if (isPrivateStore(msr)) own.msrs.set(msr, value);
  else if (isSharedStore(msr)) vp.msrs.set(msr, value);
  else if (isSynic(msr)) return state.features.accessSynic && writeSynic(state, vp, own, msr, value);
  else return writeHypervisor(state, vp, msr, value);
  return true;
};

/**
 * The active VTL writes an MSR.
 * @param bytes the instruction, for the message of a higher VTL that watches this MSR
 */
export const writeMsr = (
  state: HypervisorState,
  vp: VirtualProcessor,
  msr: number,
  value: bigint,
  bytes: Uint8Array,
): InstructionResult => {
  const old = vp.msrs.get(msr) ?? 0n;
  const intercepted = interceptMsrWrite(state, vp, msr, MSR_REGISTERS.get(msr), old, value, bytes);
  if (intercepted !== null) return intercepted;
  if (write(state, vp, msr, value & MASK_64)) return done(0n);
  return generalProtection(state, vp, `WRMSR 0x${msr.toString(16)} = 0x${value.toString(16)}`);
};
