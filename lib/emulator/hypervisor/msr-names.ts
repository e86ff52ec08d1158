/** MSRs by number: the hypervisor's (facts/vsm.md 1.1, 1.9; numbers it leaves out from its sources T and O) and the architecture's. */
import { RegisterName } from './register-names.js';

export const Msr = {
  TSC: 0x10,
  APIC_BASE: 0x1b,
  MCG_CAP: 0x179,
  MCG_STATUS: 0x17a,
  MISC_ENABLE: 0x1a0,
  APIC_ID: 0x802,
  APIC_VERSION: 0x803,
  APIC_TPR: 0x808,
  APIC_EOI: 0x80b,
  APIC_ISR0: 0x810,
  APIC_IRR0: 0x820,
  APIC_ICR: 0x830,
  APIC_SELF_IPI: 0x83f,
  FS_BASE: 0xc000_0100,
  GS_BASE: 0xc000_0101,
  VSM_CAPABILITIES: 0x000d_0006,
  GUEST_OS_ID: 0x4000_0000,
  HYPERCALL: 0x4000_0001,
  VP_INDEX: 0x4000_0002,
  RESET: 0x4000_0003,
  VP_RUNTIME: 0x4000_0010,
  TIME_REF_COUNT: 0x4000_0020,
  REFERENCE_TSC: 0x4000_0021,
  TSC_FREQUENCY: 0x4000_0022,
  APIC_FREQUENCY: 0x4000_0023,
  NPIEP_CONFIG: 0x4000_0040,
  EOI: 0x4000_0070,
  ICR: 0x4000_0071,
  TPR: 0x4000_0072,
  VP_ASSIST_PAGE: 0x4000_0073,
  SCONTROL: 0x4000_0080,
  SVERSION: 0x4000_0081,
  SIEFP: 0x4000_0082,
  SIMP: 0x4000_0083,
  EOM: 0x4000_0084,
  SIRBP: 0x4000_0085,
  SINT0: 0x4000_0090,
  STIMER0_CONFIG: 0x4000_00b0,
  GUEST_IDLE: 0x4000_00f0,
  DEBUG_DEVICE_OPTIONS: 0x4000_00ff,
} as const;

/** MSRs that are registers of the processor under another name. */
export const MSR_REGISTERS: ReadonlyMap<number, number> = new Map<number, number>([
  [Msr.TSC, RegisterName.Tsc],
  [Msr.APIC_BASE, RegisterName.ApicBase],
  [0x174, RegisterName.SysenterCs],
  [0x175, RegisterName.SysenterEsp],
  [0x176, RegisterName.SysenterEip],
  [0x277, RegisterName.Pat],
  [0xc000_0080, RegisterName.Efer],
  [0xc000_0081, RegisterName.Star],
  [0xc000_0082, RegisterName.Lstar],
  [0xc000_0083, RegisterName.Cstar],
  [0xc000_0084, RegisterName.Sfmask],
  [0xc000_0102, RegisterName.KernelGsBase],
  [0xc000_0103, RegisterName.TscAux],
]);

const inRange = (msr: number, first: number, count: number): boolean => msr >= first && msr < first + count;

/** Private to a VTL and without an effect here: timers, NPIEP_CONFIG, SIRBP, XSS, S_CET and the shadow-stack pointers. */
export const isPrivateStore = (msr: number): boolean =>
  inRange(msr, Msr.STIMER0_CONFIG, 8) ||
  msr === Msr.NPIEP_CONFIG ||
  msr === Msr.SIRBP ||
  msr === 0xda0 ||
  msr === 0x6a2 ||
  inRange(msr, 0x6a4, 3) ||
  msr === 0x6a8;

/** Shared by all VTLs and without an effect here: MTRRs, MCG_STATUS, MISC_ENABLE, DEBUG_DEVICE_OPTIONS. */
export const isSharedStore = (msr: number): boolean =>
  inRange(msr, 0x200, 20) ||
  msr === 0x250 ||
  inRange(msr, 0x258, 2) ||
  inRange(msr, 0x268, 8) ||
  msr === 0x2ff ||
  msr === Msr.MCG_STATUS ||
  msr === Msr.MISC_ENABLE ||
  msr === Msr.DEBUG_DEVICE_OPTIONS;
