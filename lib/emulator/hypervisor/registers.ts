/**
 * The registers of a virtual processor and whether VTLs share them (facts/vsm.md 1.9). A value is one unsigned bigint: 64 bits,
 * or 128 for segments, descriptor tables and XMM (layouts of 1.5). Only values unlike the initial one are stored.
 */
import { MASK_64, MASK_128 } from './constants.js';
import { RegisterName, xmmName } from './register-names.js';

export type RegisterScope = 'private' | 'shared';

interface RegisterRow {
  readonly scope: RegisterScope;
  readonly mask: bigint;
  readonly initial: bigint;
}

/** Registers by name. */
export type RegisterFile = Map<number, bigint>;

const CR0_PE = 1n;
const CR0_PG = 1n << 31n;
const CR0_ET_NE = 0x30n;
const RFLAGS_FIXED = 0x2n;
/** Enabled, x2APIC mode, at its usual address. */
const APIC_BASE = 0xfee0_0c00n;
/** The architecture's value after reset: WB WT UC- UC, twice. */
const PAT = 0x0007_0406_0007_0406n;
/** A flat segment with privilege 0: limit 4 GiB; code execute-read, data read-write. */
const FLAT_CODE = (0xc09bn << 112n) | (0x08n << 96n) | (0xffff_ffffn << 64n);
const FLAT_DATA = (0xc093n << 112n) | (0x10n << 96n) | (0xffff_ffffn << 64n);
const TASK = (0x008bn << 112n) | (0xffffn << 64n);
const LOCAL_TABLE = (0x0082n << 112n) | (0xffffn << 64n);

const rows: Map<number, RegisterRow> = new Map();
const add = (scope: RegisterScope, name: number, initial = 0n, mask = MASK_64): void => {
  rows.set(name, { scope, mask, initial });
};

const { Rax, Rcx, Rdx, Rbx, Rbp, Rsi, Rdi, Cr2, Xfem, Dr0, Dr1, Dr2, Dr3 } = RegisterName;
for (const name of [Rax, Rcx, Rdx, Rbx, Rbp, Rsi, Rdi, Cr2, Dr0, Dr1, Dr2, Dr3]) add('shared', name);
for (let name: number = RegisterName.R8; name <= RegisterName.R15; name++) add('shared', name);
add('shared', Xfem, 1n);
for (let index = 0; index < 16; index++) add('shared', xmmName(index), 0n, MASK_128);

const {
  Rip,
  Rsp,
  Cr3,
  Cr4,
  KernelGsBase,
  SysenterCs,
  SysenterEip,
  SysenterEsp,
  Star,
  Lstar,
  Cstar,
  Sfmask,
  TscAux,
  Tsc,
} = RegisterName;
for (const name of [Rip, Rsp, Cr3, Cr4, KernelGsBase, SysenterCs, SysenterEip, SysenterEsp]) add('private', name);
for (const name of [Star, Lstar, Cstar, Sfmask, TscAux, Tsc]) add('private', name);
add('private', RegisterName.Efer);
add('private', RegisterName.Cr8);
add('private', RegisterName.Rflags, RFLAGS_FIXED);
// A VP starts as firmware leaves it: protected mode, paging off. Real mode is a write to CR0 away.
add('private', RegisterName.Cr0, CR0_ET_NE | CR0_PE);
add('private', RegisterName.Dr6, 0xffff_0ff0n);
add('private', RegisterName.Dr7, 0x400n);
add('private', RegisterName.ApicBase, APIC_BASE);
add('private', RegisterName.Pat, PAT);
add('private', RegisterName.Cs, FLAT_CODE, MASK_128);
const { Ds, Es, Fs, Gs, Ss, Idtr, Gdtr } = RegisterName;
for (const name of [Ds, Es, Fs, Gs, Ss]) add('private', name, FLAT_DATA, MASK_128);
add('private', RegisterName.Tr, TASK, MASK_128);
add('private', RegisterName.Ldtr, LOCAL_TABLE, MASK_128);
for (const name of [Idtr, Gdtr]) add('private', name, 0xffffn << 48n, MASK_128);

/** What is known of a register, undefined for a name that is no architectural register here. */
export const registerRow = (name: number): RegisterRow | undefined => rows.get(name);

const PAT_TYPES: ReadonlySet<bigint> = new Set([0n, 1n, 4n, 5n, 6n, 7n]);

/**
 * Whether a register can hold a value: what the architecture's own checks refuse and OpenHCL with them (facts/vsm.md source O).
 * Reserved bits of CR4, EFER and the descriptor caches are not looked at.
 */
export const canHold = (name: number, value: bigint): boolean => {
  if (name === RegisterName.Cr8) return value <= 15n;
  if (name === RegisterName.Cr0) return (value & CR0_PG) === 0n || (value & CR0_PE) !== 0n;
  if (name !== RegisterName.Pat) return true;
  for (let shift = 0n; shift < 64n; shift += 8n) {
    if (!PAT_TYPES.has((value >> shift) & 0xffn)) return false;
  }
  return true;
};
