/** Messages to a higher VTL about what a lower one tried (facts/vsm.md 1.13; I/O and MSR forms from source O). Offsets are a payload's. */

import type { PageAccess } from '../memory/rights.js';
import { ACCESS_TYPES } from './outcomes.js';
import { RegisterName } from './register-names.js';
import { getRegister, type HypervisorState } from './state.js';
import { MESSAGE_HEADER_SIZE, MESSAGE_SIZE } from './synic.js';
import { privilegeLevel, type VirtualProcessor, vtlOf } from './virtual-processor.js';
import { setValue128 } from './wide-values.js';

export const MessageType = {
  GPA_INTERCEPT: 0x80000001,
  IO_PORT_INTERCEPT: 0x80010000,
  MSR_INTERCEPT: 0x80010001,
  REGISTER_INTERCEPT: 0x80010006,
} as const;

const HEADER_SIZE = 0x28;
const MEMORY_SIZE = 0x50;
const MEMORY_WITH_REGISTERS_SIZE = 0xf0;
const REGISTER_SIZE = 0x40;
const MSR_SIZE = 0x40;
const IO_PORT_SIZE = 0x80;
const MAX_INSTRUCTION_BYTES = 15;
const HYPERCALL_OUTPUT_PENDING = 0x4;

const CR0_AM = 1n << 18n;
const EFER_LMA = 1n << 10n;

/** What every intercept says of the instruction that caused it. */
export interface InterceptedInstruction {
  readonly access: PageAccess;
  /** The instruction, as far as the caller said; at most 15 bytes count. */
  readonly bytes: Uint8Array;
}

const executionState = (state: HypervisorState, vp: VirtualProcessor, vtl: number): number => {
  const cr0 = getRegister(state, vp, vtl, RegisterName.Cr0);
  const efer = getRegister(state, vp, vtl, RegisterName.Efer);
  const bit = (on: boolean, index: number): number => (on ? 1 << index : 0);
  return (
    privilegeLevel(vp, vtl) |
    bit((cr0 & 1n) !== 0n, 2) |
    bit((cr0 & CR0_AM) !== 0n, 3) |
    bit((efer & EFER_LMA) !== 0n, 4) |
    bit(vtlOf(vp, vtl).pendingEvent !== 0n, 6) |
    (vtl << 7)
  );
};

const createMessage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  type: number,
  size: number,
  instruction: InterceptedInstruction,
): { readonly message: Uint8Array; readonly payload: DataView } => {
  const message = new Uint8Array(MESSAGE_SIZE);
  const header = new DataView(message.buffer);
  header.setUint32(0, type, true);
  header.setUint8(4, size);
  const payload = new DataView(message.buffer, MESSAGE_HEADER_SIZE, size);
  const vtl = vp.activeVtl;
  const read = (name: number): bigint => getRegister(state, vp, vtl, name);
  const length = Math.min(instruction.bytes.length, MAX_INSTRUCTION_BYTES);
  payload.setUint32(0, vp.index, true);
  payload.setUint8(4, length | (Number(read(RegisterName.Cr8)) << 4));
  payload.setUint8(5, ACCESS_TYPES[instruction.access]);
  payload.setUint16(6, executionState(state, vp, vtl), true);
  setValue128(payload, 8, read(RegisterName.Cs));
  payload.setBigUint64(0x18, read(RegisterName.Rip), true);
  payload.setBigUint64(0x20, read(RegisterName.Rflags), true);
  return { message, payload };
};

const setInstructionBytes = (payload: DataView, offset: number, { bytes }: InterceptedInstruction): void => {
  bytes.subarray(0, MAX_INSTRUCTION_BYTES).forEach((byte, index) => {
    payload.setUint8(offset + index, byte);
  });
};

/** RAX to R15 without RSP's exception: the order of the register names (facts/vsm.md 1.6, 1.13). */
const appendRegisters = (state: HypervisorState, vp: VirtualProcessor, payload: DataView): void => {
  const vtl = vp.activeVtl;
  setValue128(payload, 0x50, getRegister(state, vp, vtl, RegisterName.Ds));
  setValue128(payload, 0x60, getRegister(state, vp, vtl, RegisterName.Ss));
  for (let index = 0; index < 16; index++) {
    payload.setBigUint64(0x70 + index * 8, getRegister(state, vp, vtl, RegisterName.Rax + index), true);
  }
};

/**
 * A page's rights refused an access. The address is guest-physical; GvaValid is never set (facts/vsm.md 6 R25).
 * @param cacheType of the mapping: 6 is write-back
 */
export const memoryMessage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: InterceptedInstruction,
  gpa: bigint,
  cacheType: number,
  hypercallOutput: boolean,
): Uint8Array => {
  const withRegisters = state.profile.memoryInterceptRegisters === 'appended';
  const size = withRegisters ? MEMORY_WITH_REGISTERS_SIZE : MEMORY_SIZE;
  const { message, payload } = createMessage(state, vp, MessageType.GPA_INTERCEPT, size, instruction);
  payload.setUint32(HEADER_SIZE, cacheType, true);
  payload.setUint8(0x2c, Math.min(instruction.bytes.length, MAX_INSTRUCTION_BYTES));
  payload.setUint8(0x2d, hypercallOutput ? HYPERCALL_OUTPUT_PENDING : 0);
  payload.setUint8(0x2e, Number(getRegister(state, vp, vp.activeVtl, RegisterName.Cr8)));
  payload.setBigUint64(0x38, gpa, true);
  setInstructionBytes(payload, 0x40, instruction);
  if (withRegisters) appendRegisters(state, vp, payload);
  return message;
};

/** A write to a register that a higher VTL watches. */
export const registerMessage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: InterceptedInstruction,
  name: number,
  value: bigint,
): Uint8Array => {
  const { message, payload } = createMessage(state, vp, MessageType.REGISTER_INTERCEPT, REGISTER_SIZE, instruction);
  payload.setUint32(0x2c, name, true);
  setValue128(payload, 0x30, value);
  return message;
};

/** A write to an MSR that a higher VTL watches: RDX and RAX hold its halves. */
export const msrMessage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: InterceptedInstruction,
  msr: number,
  value: bigint,
): Uint8Array => {
  const { message, payload } = createMessage(state, vp, MessageType.MSR_INTERCEPT, MSR_SIZE, instruction);
  payload.setUint32(HEADER_SIZE, msr, true);
  payload.setBigUint64(0x30, value >> 32n, true);
  payload.setBigUint64(0x38, value & 0xffff_ffffn, true);
  return message;
};

/** An access to a port that a higher VTL watches. @param size bytes: 1, 2 or 4 */
export const ioPortMessage = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: InterceptedInstruction,
  port: number,
  size: number,
): Uint8Array => {
  const { message, payload } = createMessage(state, vp, MessageType.IO_PORT_INTERCEPT, IO_PORT_SIZE, instruction);
  const read = (name: number): bigint => getRegister(state, vp, vp.activeVtl, name);
  payload.setUint16(HEADER_SIZE, port, true);
  payload.setUint8(0x2a, size);
  payload.setUint8(0x2b, Math.min(instruction.bytes.length, MAX_INSTRUCTION_BYTES));
  payload.setBigUint64(0x30, read(RegisterName.Rax), true);
  setInstructionBytes(payload, 0x38, instruction);
  setValue128(payload, 0x48, read(RegisterName.Ds));
  setValue128(payload, 0x58, read(RegisterName.Es));
  payload.setBigUint64(0x68, read(RegisterName.Rcx), true);
  payload.setBigUint64(0x70, read(RegisterName.Rsi), true);
  payload.setBigUint64(0x78, read(RegisterName.Rdi), true);
  return message;
};
