/** What a VP starts with in a VTL, and the steps that bring a guest to where VTL1 protects memory. */

import { type Step, VTL1_TABLES } from './guest-world.js';
import { CR0, CR3, CR4, CR8, CS, EFER, PAT, RFLAGS, SS } from './registers-reference.js';

const SELF = 2n ** 64n - 1n;
const OWN_VP = 0xffff_fffen;
/** HV_INPUT_VTL: VTL1 by name. */
const VTL1 = 0x11n << 32n;
const INPUT = 0x8000n;
const OUTPUT = 0x9000n;

export const FLAT_CODE = (0xa09bn << 112n) | (8n << 96n) | (0xffff_ffffn << 64n);
export const FLAT_DATA = (0xc093n << 112n) | (16n << 96n) | (0xffff_ffffn << 64n);
export const USER_DATA = (0xc0f3n << 112n) | (27n << 96n) | (0xffff_ffffn << 64n);
export const PAT_VALUE = 0x0007_0406_0007_0406n;
/** 224 bytes: an initial context in long mode, with tables of its own. */
export const contextWords = (table: number, cr0 = 0x80010031n, pat = PAT_VALUE): readonly bigint[] => {
  const wide = [
    FLAT_CODE,
    FLAT_DATA,
    FLAT_DATA,
    FLAT_DATA,
    FLAT_DATA,
    FLAT_DATA,
    0x8bn << 112n,
    0x82n << 112n,
    0xfffn << 48n,
    0xfffn << 48n,
  ];
  const halves = wide.flatMap((value) => [value & SELF, value >> 64n]);
  return [0x7000n, 0x8000n, 0x202n, ...halves, 0xd01n, cr0, BigInt(table) << 12n, 0x100020n, pat];
};

/** Values that a guest writes into registers: right ones, some wrong ones. */
export const REGISTER_VALUES: ReadonlyMap<number, readonly bigint[]> = new Map<number, readonly bigint[]>([
  [CR0, [0x80010031n, 0x80010031n, 0x80010031n, 0x80000031n, 0x31n, 0x30n, 0x80000030n]],
  [CR3, [0x1000n, 0x1000n, 0x1000n, 0x10000n, 0x12000n, 0x13000n, 0x40000n]],
  [CR4, [0x20n, 0x100020n, 0x300020n, 0x300020n]],
  [EFER, [0xd01n, 0xd01n, 0xd01n, 0x501n, 0n]],
  [PAT, [PAT_VALUE, 0x0606_0606_0606_0606n, 0x0706_0504_0100_0604n, 0x03n, 0x0807_0504_0100_0604n]],
  [RFLAGS, [0x202n, 0x202n, 0x2n, 0x40202n]],
  [CR8, [0n, 0n, 4n, 15n, 16n]],
  [SS, [FLAT_DATA, FLAT_DATA, FLAT_DATA, USER_DATA]],
  [CS, [FLAT_CODE, USER_DATA]],
]);
export const OTHER_VALUES: readonly bigint[] = [
  0n,
  1n,
  0x1122_3344_5566_7788n,
  0x7fff_ffff_ffff_ffffn,
  0x0123_4567n << 64n,
];

/** SetVpRegisters of one register of VTL1. */
const setRegister = (vp: number, name: bigint, value: bigint): Step => ({
  vp,
  do: 'call',
  control: 0x1_0000_0051n,
  words: [SELF, OWN_VP | VTL1, name, 0n, value, 0n],
  input: INPUT,
  output: OUTPUT,
});

/**
 * VP 0 comes to CPL 0 without paging, enables VTL1, enters it, protects memory and returns. What is so already is refused, which the
 * reference has to know as well.
 */
export const bootSteps = (mbec: boolean): readonly Step[] => {
  const call = { vp: 0, do: 'call', input: INPUT, output: OUTPUT } as const;
  return [
    { vp: 0, do: 'write-register', name: SS, value: FLAT_DATA },
    { vp: 0, do: 'write-register', name: CR0, value: 0x31n },
    { ...call, control: 0xdn, words: [SELF, mbec ? 0x101n : 1n] },
    { ...call, control: 0xfn, words: [SELF, 1n << 32n, ...contextWords(VTL1_TABLES[0] ?? 0)] },
    { vp: 0, do: 'vtl-call', input: 0n },
    setRegister(0, 0x000d_0007n, 0x3fn),
    setRegister(0, 0x000d_0010n, mbec ? 1n : 0n),
    setRegister(0, 0x000e_0002n, 0x10_0000n),
    setRegister(0, 0x000e_0000n, 0x2n),
    { ...call, control: 0x2_0000_000cn, words: [SELF, 0n, 16n, 23n] },
    { vp: 0, do: 'handle' },
  ];
};
