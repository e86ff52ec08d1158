/** InitialVpContext for x64: the private registers a VTL begins with (facts/vsm.md 1.5). 224 bytes. */
import { RegisterName } from '../register-names.js';
import { canHold } from '../registers.js';
import { type HypervisorState, setRegister } from '../state.js';
import type { VirtualProcessor } from '../virtual-processor.js';
import { getValue128 } from '../wide-values.js';

export const CONTEXT_SIZE = 224;

/** Offset by register: first words, then segments and tables of 16 bytes. */
const WORDS: readonly (readonly [register: number, offset: number])[] = [
  [RegisterName.Rip, 0],
  [RegisterName.Rsp, 8],
  [RegisterName.Rflags, 16],
  [RegisterName.Efer, 184],
  [RegisterName.Cr0, 192],
  [RegisterName.Cr3, 200],
  [RegisterName.Cr4, 208],
  [RegisterName.Pat, 216],
];
const WIDE: readonly (readonly [register: number, offset: number])[] = [
  [RegisterName.Cs, 24],
  [RegisterName.Ds, 40],
  [RegisterName.Es, 56],
  [RegisterName.Fs, 72],
  [RegisterName.Gs, 88],
  [RegisterName.Ss, 104],
  [RegisterName.Tr, 120],
  [RegisterName.Ldtr, 136],
  [RegisterName.Idtr, 152],
  [RegisterName.Gdtr, 168],
];

/** A context by register name. */
export type InitialContext = ReadonlyMap<number, bigint>;

export const readContext = (input: DataView, start: number): InitialContext => {
  const context = new Map<number, bigint>();
  for (const [register, offset] of WORDS) context.set(register, input.getBigUint64(start + offset, true));
  for (const [register, offset] of WIDE) context.set(register, getValue128(input, start + offset));
  return context;
};

/** Protected mode, as every VTL above 0 needs it (facts/vsm.md 1.8 rule 7). */
export const isProtectedMode = (context: InitialContext): boolean =>
  ((context.get(RegisterName.Cr0) as bigint) & 1n) !== 0n;

/** Whether the registers can hold it. */
export const isPossible = (context: InitialContext): boolean =>
  [...context].every(([register, value]) => canHold(register, value));

export const loadContext = (
  state: HypervisorState,
  vp: VirtualProcessor,
  vtl: number,
  context: InitialContext,
): void => {
  for (const [register, value] of context) setRegister(state, vp, vtl, register, value);
};
