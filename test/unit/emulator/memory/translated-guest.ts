/** A guest with one path of page tables, and translations in it. */
import assert from 'node:assert/strict';
import {
  type PagingRegisters,
  type Translation,
  translateAddress,
  translationOptions,
} from '../../../../lib/emulator/memory/address-translation.js';
import { createGuestMemory, readMemory, writeMemory } from '../../../../lib/emulator/memory/guest-memory.js';
import { createSlat, type Slat } from '../../../../lib/emulator/memory/slat.js';

export const P = 0x1n;
export const W = 0x2n;
export const U = 0x4n;
export const PWT = 0x8n;
export const PCD = 0x10n;
export const PS = 0x80n;
export const NX = 1n << 63n;

export const CR0_PE = 0x1n;
export const CR0_WP = 0x1_0000n;
export const CR0_PG = 0x8000_0000n;
export const SMEP = 0x10_0000n;
export const SMAP = 0x20_0000n;

/** Kernel mode, 64-bit, WP and NX on. */
export const registers: PagingRegisters = {
  cr0: CR0_PE | CR0_WP | CR0_PG,
  cr3: 0x1000n,
  cr4: 0x20n,
  efer: 0xd01n,
  rflags: 0x2n,
  pat: 0x0007_0406_0007_0406n,
  cpl: 0,
  mbec: false,
  smep: false,
};
export const USER: Partial<PagingRegisters> = { cpl: 3 };

/** Tables at pages 1–4 map the address below through PML4[1], PDPT[2], PD[3], PT[4] to page 100. */
export const ADDRESS = 0x0000_0080_8060_4abcn;
export const ENTRIES = [0x1008, 0x2010, 0x3018, 0x4020] as const;

export const put = (slat: Slat, address: number, entry: bigint): void => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, entry, true);
  assert.equal(writeMemory(slat.memory, address, bytes), 8);
};
export const get = (slat: Slat, address: number): bigint => {
  const bytes = new Uint8Array(8);
  readMemory(slat.memory, address, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
};

/** A guest of 4 GiB; flags of the four levels' entries, top first. */
export const guest = (flags: readonly bigint[] = [], leaf = 0x64000n): Slat => {
  const slat = createSlat(createGuestMemory([{ firstPage: 0, pageCount: 2 ** 20 }]));
  const targets = [0x2000n, 0x3000n, 0x4000n, leaf];
  ENTRIES.forEach((address, level) => {
    put(slat, address, (targets[level] ?? 0n) | (flags[level] ?? P | W | U));
  });
  return slat;
};
export const allLevels = (flags: bigint): readonly bigint[] => [flags, flags, flags, flags];

export const translate = (
  slat: Slat,
  flags: number,
  change: Partial<PagingRegisters> = {},
  address: bigint = ADDRESS,
  vtl = 0,
): Translation => {
  const changed = { ...registers, ...change };
  const smep = (changed.cr4 & SMEP) !== 0n;
  return translateAddress(slat, vtl, { ...changed, smep }, address, translationOptions(flags));
};

export const READ = 0x1;
export const WRITE = 0x2;
export const EXECUTE = 0x4;
export const EXEMPT = 0x8;
export const SET_BITS = 0x10;
export const SUPERVISOR = 0x40;
export const USER_FLAG = 0x80;
export const ENFORCE_SMAP = 0x100;
export const OVERRIDE_SMAP = 0x200;

export const success = (page: number): Translation => ({ code: 0, page, cacheType: 6, overlay: false, refused: null });
export const codesOf = (slat: Slat, change: Partial<PagingRegisters>, flags = 0): readonly number[] =>
  [READ, WRITE, EXECUTE].map((access) => translate(slat, access | flags, change).code);
