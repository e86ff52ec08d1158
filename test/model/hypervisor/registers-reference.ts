/** Names and numbers for the reference of a whole guest: written from facts/vsm.md 1.1, 1.6, 1.7 and 1.9, and the x64 manuals. */

const run = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => first + index);

export const RAX = 0x20000;
export const RCX = 0x20001;
export const RDX = 0x20002;
export const RSP = 0x20004;
export const R8 = 0x20008;
export const RIP = 0x20010;
export const RFLAGS = 0x20011;
export const XMM0 = 0x30000;
export const CR0 = 0x40000;
export const CR2 = 0x40001;
export const CR3 = 0x40002;
export const CR4 = 0x40003;
export const CR8 = 0x40004;
export const XCR0 = 0x40005;
export const DR6 = 0x50004;
export const SS = 0x60002;
export const CS = 0x60001;
export const TSC = 0x80000;
export const EFER = 0x80001;
export const APIC_BASE = 0x80003;
export const PAT = 0x80004;

/** "RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8–R15, CR2, DR0–DR3, x87/MMX, XMM/YMM/ZMM, XCR0" (1.9). */
export const SHARED: readonly number[] = [
  ...[RAX, RCX, RDX, 0x20003, 0x20005, 0x20006, 0x20007],
  ...run(R8, 8),
  ...[CR2, XCR0],
  ...run(0x50000, 4),
  ...run(XMM0, 16),
];
/** The other architectural registers of 1.9; DR6 is apart. */
export const PRIVATE: readonly number[] = [
  ...[RSP, RIP, RFLAGS, CR0, CR3, CR4, CR8, 0x50005],
  ...run(0x60000, 8),
  ...[0x70000, 0x70001],
  ...run(0x80000, 12),
  0x8007b,
];
export const isWide = (name: number): boolean => name >> 16 === 3 || name >> 16 === 6 || name >> 16 === 7;

/** MSRs that are registers under another name. */
export const MSR_REGISTER: ReadonlyMap<number, number> = new Map<number, number>([
  [0x10, TSC],
  [0x1b, APIC_BASE],
  [0x174, 0x80005],
  [0x175, 0x80007],
  [0x176, 0x80006],
  [0x277, PAT],
  [0xc0000080, EFER],
  [0xc0000081, 0x80008],
  [0xc0000082, 0x80009],
  [0xc0000083, 0x8000a],
  [0xc0000084, 0x8000b],
  [0xc0000102, 0x80002],
  [0xc0000103, 0x8007b],
]);

export const GUEST_OS_ID = 0x40000000;
export const HYPERCALL = 0x40000001;
export const RESET = 0x40000003;
export const REFERENCE_TSC = 0x40000021;
export const ASSIST = 0x40000073;
export const SCONTROL = 0x40000080;
export const SIEFP = 0x40000082;
export const SIMP = 0x40000083;
export const SINT0 = 0x40000090;

/** "DEBUG_DEVICE_OPTIONS", MTRRs, MCG_STATUS; MISC_ENABLE. */
export const SHARED_MSRS: readonly number[] = [0x200, 0x2ff, 0x17a, 0x1a0, 0x400000ff];
/** "NPIEP_CONFIG, SIRBP, … STIMER0–3 CONFIG/COUNT", and those of shadow stacks and XSS. */
export const PRIVATE_MSRS: readonly number[] = [
  ...run(0x400000b0, 8),
  ...[0x40000040, 0x40000085, 0xda0, 0x6a2, 0x6a4, 0x6a5, 0x6a6, 0x6a8],
];
/** The SynIC's and the assist page, private to a VTL of a VP. */
export const PRIVATE_PAGE_MSRS: readonly number[] = [ASSIST, SCONTROL, SIEFP, SIMP, ...run(SINT0, 16)];
/** Private to a VTL, one for all VPs. */
export const PARTITION_MSRS: readonly number[] = [GUEST_OS_ID, HYPERCALL, REFERENCE_TSC];

/** CrInterceptControl, the bit of a register's write (1.7). */
export const WRITE_BIT: ReadonlyMap<number, number> = new Map<number, number>([
  [CR0, 0],
  [CR4, 1],
  [XCR0, 2],
  [0x80009, 6],
  [0x80008, 8],
  [0x8000a, 10],
  [APIC_BASE, 12],
  [EFER, 14],
  [0x70001, 15],
  [0x70000, 16],
  [0x60006, 17],
  [0x60007, 18],
  [0x80005, 19],
  [0x80006, 20],
  [0x80007, 21],
  [0x8000b, 22],
  [0x8007b, 23],
]);
export const MSR_WRITE_BIT: ReadonlyMap<number, number> = new Map([
  [0x1a0, 4],
  [0xda0, 25],
  [0x6a2, 26],
  [0x6a4, 27],
  [0x6a5, 27],
  [0x6a6, 27],
  [0x6a8, 28],
]);

/** InitialVpContext x64: where each register is (1.5). */
export const CONTEXT: readonly (readonly [name: number, offset: number])[] = [
  [RIP, 0],
  [RSP, 8],
  [RFLAGS, 16],
  [CS, 24],
  [0x60003, 40],
  [0x60000, 56],
  [0x60004, 72],
  [0x60005, 88],
  [SS, 104],
  [0x60007, 120],
  [0x60006, 136],
  [0x70000, 152],
  [0x70001, 168],
  [EFER, 184],
  [CR0, 192],
  [CR3, 200],
  [CR4, 208],
  [PAT, 216],
];

/** Values a register refuses: CR8 has four bits, paging needs protection, PAT knows six types. */
export const fits = (name: number, value: bigint): boolean => {
  if (name === CR8) return value < 16n;
  if (name === CR0) return !(((value >> 31n) & 1n) === 1n && (value & 1n) === 0n);
  if (name !== PAT) return true;
  return [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].every((byte) =>
    [0n, 1n, 4n, 5n, 6n, 7n].includes((value >> (byte * 8n)) & 0xffn),
  );
};
