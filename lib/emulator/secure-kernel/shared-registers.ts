/**
 * Registers that VTLs share (facts/vsm.md 1.9): the hypervisor leaves them as they are at a switch, so the secure kernel must not
 * leave a trustlet's values in them, and gives VTL0 back what it had.
 */
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { RegisterName, xmmName } from '../hypervisor/register-names.js';

const { Rbx, Rbp, Rsi, Rdi, Cr2, Dr0, Dr1, Dr2, Dr3, R9, R15, Xmm0 } = RegisterName;
const XMM_REGISTERS = 16;

/** All but RAX, RCX, RDX and R8, which every return sets. */
const SHARED: readonly number[] = [
  ...[Rbx, Rbp, Rsi, Rdi, Cr2, Dr0, Dr1, Dr2, Dr3],
  ...Array.from({ length: R15 - R9 + 1 }, (_, index) => R9 + index),
  ...Array.from({ length: XMM_REGISTERS }, (_, index) => xmmName(index)),
];

export const readSharedRegisters = (hypervisor: Hypervisor, vp: number): readonly bigint[] =>
  SHARED.map((name) => hypervisor.readRegister(vp, name));

/** @param values as `readSharedRegisters` gave them; left out: zero */
export const writeSharedRegisters = (hypervisor: Hypervisor, vp: number, values: readonly bigint[] = []): void => {
  SHARED.forEach((name, index) => {
    hypervisor.writeRegister(vp, name, values[index] ?? 0n);
  });
};

/** A trustlet copies its arguments together, and the last bytes it copied stay in the vector registers. */
export const loadVectorRegisters = (hypervisor: Hypervisor, vp: number, bytes: Uint8Array): void => {
  const last = new Uint8Array(XMM_REGISTERS * 16);
  last.set(bytes.subarray(-last.length));
  const view = new DataView(last.buffer);
  for (let index = 0; index < XMM_REGISTERS; index++) {
    const value = (view.getBigUint64(index * 16 + 8, true) << 64n) | view.getBigUint64(index * 16, true);
    hypervisor.writeRegister(vp, Xmm0 + index, value);
  }
  last.fill(0);
};
