/** Numbers of the TLFS that several files need (facts/vsm.md 1.1, 1.2). */
export { HV_NUM_VTLS, PAGE_SIZE } from '../memory/page-numbers.js';

export const HV_PARTITION_ID_SELF = 0xffff_ffff_ffff_ffffn;
export const HV_VP_INDEX_SELF = 0xffff_fffe;
/** Bytes of `vmcall` and of `vmmcall`: how far a completed hypercall advances RIP. */
export const CALL_INSTRUCTION_LENGTH = 3;

/** Exception vectors the emulator raises. */
export const Vector = { NMI: 2, INVALID_OPCODE: 6, GENERAL_PROTECTION: 13, PAGE_FAULT: 14 } as const;

/** VTL entry reasons (facts/vsm.md 1.11). 3, entry through the intercept page, is not emulated: intercepts arrive through SINT0. */
export const EntryReason = { VTL_CALL: 1, INTERRUPT: 2 } as const;

export const MASK_64 = 0xffff_ffff_ffff_ffffn;
export const MASK_128: bigint = (1n << 128n) - 1n;
