/** Inputs of hypercalls, laid out byte by byte from facts/vsm.md 1.2 to 1.6. Numbers are literals. */
import type { ProfileName } from '../../../../lib/emulator/hypervisor/profile.js';

export const PROFILES: readonly ProfileName[] = ['openhcl', 'tlfs', 'kvm'];

/** Where inputs and outputs lie unless a test says otherwise; the pages that VTL1 places; the root of page tables. */
export const INPUT = 0x1_0000n;
export const OUTPUT = 0x1_1000n;
export const ASSIST = 0x4_0000n;
export const MESSAGES = 0x4_1000n;
export const TABLES = 0x5_0000n;
export const SELF = 0xffff_ffff_ffff_ffffn;
export const VP_SELF = 0xffff_fffe;
export const ANY_VP = 0xffff_ffff;
/** The vector of VTL1's SINT0. */
export const SINT0_VECTOR = 0x50;
/** Where VTL1 begins. */
export const VTL1_RIP = 0x7000n;

export const Code = {
  FLUSH_SPACE: 0x02,
  FLUSH_LIST: 0x03,
  IPI: 0x0b,
  MODIFY: 0x0c,
  ENABLE_PARTITION: 0x0d,
  ENABLE_VP: 0x0f,
  FLUSH_SPACE_EX: 0x13,
  FLUSH_LIST_EX: 0x14,
  IPI_EX: 0x15,
  INSTALL_INTERCEPT: 0x4d,
  GET: 0x50,
  SET: 0x51,
  TRANSLATE: 0x52,
  INTERCEPT_RESULT: 0x91,
  ASSERT_INTERRUPT: 0x94,
  START_VP: 0x99,
  VP_FROM_APIC: 0x9a,
  TRANSLATE_EX: 0xac,
  CHECK: 0xd4,
} as const;

export const Name = {
  PENDING_EVENT: 0x0001_0004,
  RAX: 0x0002_0000,
  RCX: 0x0002_0001,
  RDX: 0x0002_0002,
  RBX: 0x0002_0003,
  RSP: 0x0002_0004,
  R8: 0x0002_0008,
  RIP: 0x0002_0010,
  RFLAGS: 0x0002_0011,
  XMM0: 0x0003_0000,
  CR0: 0x0004_0000,
  CR2: 0x0004_0001,
  CR3: 0x0004_0002,
  CR4: 0x0004_0003,
  CR8: 0x0004_0004,
  DS: 0x0006_0003,
  ES: 0x0006_0000,
  CS: 0x0006_0001,
  SS: 0x0006_0002,
  FS: 0x0006_0004,
  EFER: 0x0008_0001,
  APIC_BASE: 0x0008_0003,
  PAT: 0x0008_0004,
  LSTAR: 0x0008_0009,
  ASSIST_PAGE: 0x0009_0013,
  CODE_PAGE_OFFSETS: 0x000d_0002,
  VP_STATUS: 0x000d_0003,
  PARTITION_STATUS: 0x000d_0004,
  VINA: 0x000d_0005,
  CAPABILITIES: 0x000d_0006,
  CONFIG: 0x000d_0007,
  GUEST_CONFIG: 0x000d_0008,
  SECURE_CONFIG_VTL0: 0x000d_0010,
  SECURE_CONFIG_VTL1: 0x000d_0011,
  CR_CONTROL: 0x000e_0000,
  CR0_MASK: 0x000e_0001,
  CR4_MASK: 0x000e_0002,
  MISC_MASK: 0x000e_0003,
} as const;

export const Msr = {
  GUEST_OS_ID: 0x4000_0000,
  HYPERCALL: 0x4000_0001,
  REFERENCE_TSC: 0x4000_0021,
  ICR: 0x4000_0071,
  ASSIST: 0x4000_0073,
  SCONTROL: 0x4000_0080,
  SIMP: 0x4000_0083,
  EOM: 0x4000_0084,
  SINT0: 0x4000_0090,
} as const;

/** HV_INPUT_VTL with UseTargetVtl set. */
export const use = (vtl: number): number => 0x10 | vtl;

export type Field = readonly [offset: number, size: 1 | 2 | 4 | 8 | 16, value: bigint | number];

/** `size` bytes with little-endian fields in them. */
export const bytes = (size: number, fields: readonly Field[]): Uint8Array => {
  const result = new Uint8Array(size);
  for (const [offset, width, value] of fields) {
    for (let index = 0; index < width; index++) {
      result[offset + index] = Number((BigInt(value) >> BigInt(index * 8)) & 0xffn);
    }
  }
  return result;
};

/** The little-endian number in some bytes. */
export const number = (from: Uint8Array, offset: number, size: number): bigint => {
  let value = 0n;
  for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(from[offset + index] ?? 0);
  return value;
};

export const hex = (from: Uint8Array): string => Buffer.from(from).toString('hex');

export interface ControlOptions {
  readonly fast?: boolean;
  readonly header?: number;
  readonly reps?: number;
  readonly start?: number;
}

export const control = (code: number, { fast = false, header = 0, reps = 0, start = 0 }: ControlOptions = {}): bigint =>
  BigInt(code) | (fast ? 0x1_0000n : 0n) | (BigInt(header) << 17n) | (BigInt(reps) << 32n) | (BigInt(start) << 48n);

export interface ContextWords {
  readonly rip?: bigint;
  readonly rsp?: bigint;
  readonly rflags?: bigint;
  readonly cr0?: bigint;
  readonly cr3?: bigint;
  readonly cr4?: bigint;
  readonly efer?: bigint;
  readonly pat?: bigint;
}

const FLAT_CODE = (0xc09bn << 112n) | (0x08n << 96n) | (0xffff_ffffn << 64n);
const FLAT_DATA = (0xc093n << 112n) | (0x10n << 96n) | (0xffff_ffffn << 64n);
export const LONG_CODE: bigint = (0xa09bn << 112n) | (0x08n << 96n) | (0xffff_ffffn << 64n);
/** What paging in long mode needs. */
export const LONG_MODE = { cr0: 0x8001_0031n, cr3: TABLES, cr4: 0x20n, efer: 0xd01n } as const;

/** InitialVpContext: protected mode without paging unless words say otherwise. 224 bytes. */
export const context = (words: ContextWords = {}): Uint8Array => {
  const { rip = VTL1_RIP, rsp = 0x8000n, rflags = 2n, cr0 = 0x31n, cr3 = 0n, cr4 = 0n, efer = 0n } = words;
  const segments: Field[] = [40, 56, 72, 88, 104].map((offset) => [offset, 16, FLAT_DATA]);
  return bytes(224, [
    [0, 8, rip],
    [8, 8, rsp],
    [16, 8, rflags],
    [24, 16, efer === 0n ? FLAT_CODE : LONG_CODE],
    ...segments,
    [120, 16, (0x8bn << 112n) | (0xffffn << 64n)],
    [136, 16, (0x82n << 112n) | (0xffffn << 64n)],
    [152, 16, 0xffffn << 48n],
    [168, 16, 0xffffn << 48n],
    [184, 8, efer],
    [192, 8, cr0],
    [200, 8, cr3],
    [208, 8, cr4],
    [216, 8, words.pat ?? 0x0007_0406_0007_0406n],
  ]);
};

export interface Header {
  readonly partition?: bigint;
  readonly vp?: number;
  readonly vtl?: number;
}

export const enablePartition = ({
  partition = SELF,
  vtl = 1,
  flags = 0,
}: Header & { flags?: number } = {}): Uint8Array =>
  bytes(16, [
    [0, 8, partition],
    [8, 1, vtl],
    [9, 1, flags],
  ]);

/** The input of EnableVpVtl and of StartVirtualProcessor. */
export const enableVp = (
  { partition = SELF, vp = VP_SELF, vtl = 1 }: Header = {},
  initial: Uint8Array = context(),
): Uint8Array => {
  const header = bytes(16, [
    [0, 8, partition],
    [8, 4, vp],
    [12, 1, vtl],
  ]);
  return Uint8Array.from([...header, ...initial]);
};

export const modify = (
  flags: number,
  pages: readonly (number | bigint)[],
  { partition = SELF, vtl = 0 }: Header = {},
): Uint8Array =>
  bytes(16 + pages.length * 8, [
    [0, 8, partition],
    [8, 4, flags],
    [12, 1, vtl],
    ...pages.map((page, index): Field => [16 + index * 8, 8, page]),
  ]);

const registerHeader = ({ partition = SELF, vp = VP_SELF, vtl = 0 }: Header): readonly Field[] => [
  [0, 8, partition],
  [8, 4, vp],
  [12, 1, vtl],
];

export const getInput = (names: readonly number[], header: Header = {}): Uint8Array =>
  bytes(16 + names.length * 4, [
    ...registerHeader(header),
    ...names.map((name, index): Field => [16 + index * 4, 4, name]),
  ]);

/** Elements side by side: of one register, both layouts of C5 are the same. */
export const setInput = (
  registers: readonly (readonly [name: number, value: bigint])[],
  header: Header = {},
): Uint8Array =>
  bytes(16 + registers.length * 32, [
    ...registerHeader(header),
    ...registers.flatMap(([name, value], index): Field[] => [
      [16 + index * 32, 4, name],
      [32 + index * 32, 16, value],
    ]),
  ]);

export const translateInput = (address: bigint, flags: bigint, header: Header = {}): Uint8Array =>
  bytes(32, [
    [0, 8, header.partition ?? SELF],
    [8, 4, header.vp ?? VP_SELF],
    [16, 8, flags],
    [23, 1, header.vtl ?? use(0)],
    [24, 8, address >> 12n],
  ]);

export const checkInput = (
  access: number,
  pages: readonly (number | bigint)[],
  { partition = SELF, vtl = use(0) }: Header = {},
): Uint8Array =>
  bytes(16 + pages.length * 8, [
    [0, 8, partition],
    [8, 1, vtl],
    [9, 1, access],
    ...pages.map((page, index): Field => [16 + index * 8, 8, page]),
  ]);

export const ipiInput = (vector: number, vtl: number, mask: bigint): Uint8Array =>
  bytes(16, [
    [0, 4, vector],
    [4, 1, vtl],
    [8, 8, mask],
  ]);

export const flushInput = (flags: bigint, mask: bigint): Uint8Array =>
  bytes(24, [
    [8, 8, flags],
    [16, 8, mask],
  ]);

export const interceptInput = (access: number, port: bigint, type = 0, partition = SELF): Uint8Array =>
  bytes(24, [
    [0, 8, partition],
    [8, 4, access],
    [12, 4, type],
    [16, 8, port],
  ]);

export const assertInput = (
  vector: number,
  {
    type = 0n,
    destination = 0n,
    vtl = use(0),
    partition = SELF,
  }: {
    readonly type?: bigint;
    readonly destination?: bigint;
    readonly vtl?: number;
    readonly partition?: bigint;
  } = {},
): Uint8Array =>
  bytes(32, [
    [0, 8, partition],
    [8, 8, type],
    [16, 8, destination],
    [24, 4, vector],
    [28, 1, vtl],
  ]);

export const apicInput = (ids: readonly number[], { partition = SELF, vtl = 0 }: Header = {}): Uint8Array =>
  bytes(16 + ids.length * 4, [
    [0, 8, partition],
    [8, 1, vtl],
    ...ids.map((id, index): Field => [16 + index * 4, 4, id]),
  ]);
