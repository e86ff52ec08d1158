/** Where a hypercall's input comes from and its output goes to: two pages of memory, or registers (facts/vsm.md 1.2). */
import { accessMemory } from '../memory/guest-access.js';
import { PAGE_SIZE, pageOfAddress } from '../memory/page-numbers.js';
import { neededRight } from '../memory/rights.js';
import { type AccessOutcome, checkPage } from '../memory/slat.js';
import { type Caller, firstRefusal } from './calls/call.js';
import { refuse } from './failure-matrix.js';
import { HvStatus } from './hv-status.js';
import { interceptMemory } from './intercepts.js';
import type { Intercepted } from './outcomes.js';
import { crossingPageStatus } from './profile.js';
import { RegisterName, xmmName } from './register-names.js';
import { getRegister, modeOf, setRegister } from './state.js';
import { setValue128 } from './wide-values.js';

/** RDX and R8, and with them XMM0 to XMM5. */
const FAST_BYTES = 16;
const XMM_FAST_BYTES = 112;
const XMM_BYTES = 16;
const ALIGNMENT = 8n;
/** Hypercalls are made at CPL 0. */
const CALLER_CPL = 0;

export interface CallBuffers {
  readonly input: DataView;
  readonly output: DataView;
  /** Gives the caller the output's bytes from `first` up to `end`. */
  readonly store: (first: number, end: number) => void;
}

const register = ({ state, vp, vtl }: Caller, name: number): bigint => getRegister(state, vp, vtl, name);

/** Everything the fast registers hold: RDX, R8, XMM0 … XMM5. */
const fastRegisters = (caller: Caller): DataView => {
  const view = new DataView(new ArrayBuffer(XMM_FAST_BYTES));
  view.setBigUint64(0, register(caller, RegisterName.Rdx), true);
  view.setBigUint64(8, register(caller, RegisterName.R8), true);
  for (let index = 0; index < 6; index++) {
    setValue128(view, FAST_BYTES + index * XMM_BYTES, register(caller, xmmName(index)));
  }
  return view;
};

/** Gives a run of the fast registers new contents: whole registers, as `fastRegisters` lays them out. */
const storeFast = ({ state, vp, vtl }: Caller, registers: DataView, first: number, end: number): void => {
  for (let offset = first - (first % XMM_BYTES); offset < end; offset += XMM_BYTES) {
    const value = registers.getBigUint64(offset, true) | (registers.getBigUint64(offset + 8, true) << 64n);
    setRegister(state, vp, vtl, xmmName((offset - FAST_BYTES) / XMM_BYTES), value);
  }
};

/**
 * The output begins in the first register pair after the input (facts/vsm.md 1.2, 6 R44).
 * @returns a status where the registers cannot hold both
 */
export const fastBuffers = (caller: Caller, inputSize: number, outputSize: number): CallBuffers | number => {
  const { xmmInput, xmmOutput } = caller.state.features;
  const room = xmmInput ? XMM_FAST_BYTES : FAST_BYTES;
  const start = Math.ceil(inputSize / XMM_BYTES) * XMM_BYTES;
  const fits = outputSize === 0 ? inputSize <= room : xmmOutput && start + outputSize <= room;
  if (!fits) return HvStatus.INVALID_HYPERCALL_INPUT;
  const registers = fastRegisters(caller);
  return {
    input: new DataView(registers.buffer, 0, inputSize),
    output: new DataView(registers.buffer, outputSize === 0 ? 0 : start, outputSize),
    store: (first, end) => storeFast(caller, registers, start + first, start + end),
  };
};

/** An address's own fault, before anything is read (facts/vsm.md 1.2, 1.14; conflict C3). */
const misplaced = ({ state: { profile } }: Caller, address: bigint, size: number): number | null => {
  if (size === 0) return null;
  const crosses = Number(address % BigInt(PAGE_SIZE)) + size > PAGE_SIZE;
  return (
    refuse(profile, 'buffer-misaligned', address % ALIGNMENT !== 0n) ?? (crosses ? crossingPageStatus(profile) : null)
  );
};

/** A buffer the caller may not use so: an intercept, or a status where the refusal is no VTL's. */
const refused = (
  caller: Caller,
  outcome: Exclude<AccessOutcome, { kind: 'allowed' }>,
  access: 'read' | 'write',
  address: bigint,
): Intercepted | number => {
  if (outcome.kind !== 'intercept') return firstRefusal(caller, [['buffer-no-ram', true]]);
  const { state, vp } = caller;
  const instruction = { access, bytes: new Uint8Array(0) };
  return interceptMemory(state, vp, outcome.vtl, instruction, address, undefined, access === 'write');
};

/** The output page is looked at before the call does anything, so that a refusal leaves no trace (facts/vsm.md 1.13). */
export const memoryBuffers = (
  caller: Caller,
  inputSize: number,
  outputSize: number,
): CallBuffers | number | Intercepted => {
  const { state, vp, vtl } = caller;
  const mode = modeOf(state, vp, vtl, CALLER_CPL);
  const from = register(caller, RegisterName.Rdx);
  const to = register(caller, RegisterName.R8);
  const fault = misplaced(caller, from, inputSize) ?? misplaced(caller, to, outputSize);
  if (fault !== null) return fault;
  const input = new Uint8Array(inputSize);
  const read = checkPage(state.slat, vtl, pageOfAddress(from), neededRight('read', mode));
  if (read.kind !== 'allowed') return refused(caller, read, 'read', from);
  accessMemory(state.slat, vtl, Number(from), input, 'read', mode);
  if (outputSize > 0) {
    const write = checkPage(state.slat, vtl, pageOfAddress(to), neededRight('write', mode));
    if (write.kind !== 'allowed') return refused(caller, write, 'write', to);
  }
  const output = new Uint8Array(outputSize);
  return {
    input: new DataView(input.buffer),
    output: new DataView(output.buffer),
    store: (first, end) => {
      accessMemory(state.slat, vtl, Number(to) + first, output.subarray(first, end), 'write', mode);
    },
  };
};
