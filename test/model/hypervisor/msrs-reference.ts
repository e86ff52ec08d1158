/** RDMSR and WRMSR once more (facts/vsm.md 1.1, 1.9, 1.11, 1.12). */
import type { GuestReference, VpReference } from './guest-reference.js';
import {
  ASSIST,
  CR8,
  fits,
  GUEST_OS_ID,
  HYPERCALL,
  MSR_REGISTER,
  PRIVATE_MSRS,
  REFERENCE_TSC,
  RESET,
  SCONTROL,
  SHARED_MSRS,
  SIEFP,
  SIMP,
  SINT0,
} from './registers-reference.js';

const MASK_64 = 2n ** 64n - 1n;
const FREQUENCY = 2_000_000_000n;
/** The 50 bytes of 1.11: the bare call, then call and return stubs for 32 and 64 bits. */
const STUBS = `0f01c1c3 89c1b8110000000f01c1c3 4889c8b9110000000f01c1c3 89c1b8120000000f01c1c3 4889c8b9120000000f01c1c3`;
const READ_WRITE = 3;
const READ_EXECUTE = 13;
const READ = 1;

const isSint = (msr: number): boolean => msr >= SINT0 && msr < SINT0 + 16;
const isInterruptState = (msr: number): boolean => (msr >= 0x810 && msr < 0x818) || (msr >= 0x820 && msr < 0x828);

/** Segments' bases have MSRs of their own. */
const BASE: ReadonlyMap<number, number> = new Map([
  [0xc0000100, 0x60004],
  [0xc0000101, 0x60005],
]);

/** @returns undefined for what depends on interrupts */
export const readMsr = (guest: GuestReference, vp: VpReference, msr: number): string | undefined => {
  const vtl = vp.active;
  const own = vtl === 0 ? vp.msrs[0] : vp.msrs[1];
  const partition = vtl === 0 ? guest.partitionMsrs[0] : guest.partitionMsrs[1];
  const register = MSR_REGISTER.get(msr);
  const base = BASE.get(msr);
  if (register !== undefined) return `done ${guest.get(vp, vtl, register)}`;
  if (base !== undefined) return `done ${guest.get(vp, vtl, base) & MASK_64}`;
  if (PRIVATE_MSRS.includes(msr)) return `done ${own.get(msr) ?? 0n}`;
  if (SHARED_MSRS.includes(msr)) return `done ${vp.sharedMsrs.get(msr) ?? 0n}`;
  if (isSint(msr) || [ASSIST, SCONTROL, SIEFP, SIMP].includes(msr)) return `done ${guest.sint(vp, vtl, msr)}`;
  if ([GUEST_OS_ID, HYPERCALL, REFERENCE_TSC].includes(msr)) return `done ${partition.get(msr) ?? 0n}`;
  if (isInterruptState(msr)) return undefined;
  switch (msr) {
    case 0x40000002:
    case 0x802:
      return `done ${vp.index}`;
    case 0x40000020:
    case 0x40000010:
      return `done ${(guest.tsc * 10_000_000n) / FREQUENCY}`;
    case 0x40000022:
      return `done ${FREQUENCY}`;
    case 0x40000072:
    case 0x808:
      return `done ${guest.get(vp, vtl, CR8) << 4n}`;
    case 0xd0006:
      return `done ${capabilities(guest)}`;
    case 0x40000003:
      return 'done 0';
    default:
      return 'fault 13';
  }
};

/** Dr6Shared 0, MbecVtlMask 16:1 (VTL0), DenyLowerVtlStartup 17 (1.7). */
export const capabilities = (guest: GuestReference): bigint =>
  (guest.shape.dr6Shared ? 1n : 0n) | (guest.shape.mbec ? 2n : 0n) | 0x20000n;

/** Bit 0 enable, 63:12 page; the rest must be zero. @returns whether the page could be laid there or taken away */
const lay = (guest: GuestReference, vtl: number, name: string, mask: number, value: bigint, spare = 0n): boolean => {
  if ((value & 0xffen & ~spare) !== 0n) return false;
  if ((value & 1n) === 1n) return guest.memory.place(vtl, name, Number(value >> 12n), mask, guest.pageBytes(vtl, name));
  guest.memory.remove(vtl, name);
  return true;
};

const fill = (bytes: Map<number, number>, content: Uint8Array): void => {
  content.forEach((value, offset) => {
    bytes.set(offset, value);
  });
};

/** The assist page, also where it is written by HvCallSetVpRegisters. */
export const layAssist = (guest: GuestReference, vp: VpReference, vtl: number, value: bigint): boolean => {
  if (!lay(guest, vtl, `vp${vp.index}.assist`, READ_WRITE, value)) return false;
  if ((guest.sint(vp, vtl, ASSIST) & 1n) === 0n) guest.pageBytes(vtl, `vp${vp.index}.assist`).clear();
  (vtl === 0 ? vp.msrs[0] : vp.msrs[1]).set(ASSIST, value);
  return true;
};

const writePartition = (guest: GuestReference, vtl: number, msr: number, value: bigint): boolean => {
  const msrs = vtl === 0 ? guest.partitionMsrs[0] : guest.partitionMsrs[1];
  const page = msrs.get(HYPERCALL) ?? 0n;
  if (msr === GUEST_OS_ID) {
    msrs.set(msr, value);
    if (value === 0n) msrs.set(HYPERCALL, page & ~1n);
    if (value === 0n) guest.memory.remove(vtl, 'hypercall');
    return true;
  }
  if (msr === HYPERCALL) {
    if ((page & 2n) !== 0n) return false;
    const kept = (msrs.get(GUEST_OS_ID) ?? 0n) === 0n ? value & ~1n : value;
    fill(guest.pageBytes(vtl, 'hypercall'), Buffer.from(STUBS.replaceAll(' ', ''), 'hex'));
    if ((value & 0xffcn) !== 0n || !lay(guest, vtl, 'hypercall', READ_EXECUTE, kept, 2n)) return false;
    msrs.set(msr, kept);
    return true;
  }
  const tsc = Buffer.alloc(16);
  tsc.writeUInt32LE(1, 0);
  tsc.writeBigUInt64LE((10_000_000n * 2n ** 64n) / FREQUENCY, 8);
  fill(guest.pageBytes(vtl, 'reference-tsc'), tsc);
  if (!lay(guest, vtl, 'reference-tsc', READ, value)) return false;
  msrs.set(msr, value);
  return true;
};

/** Fixed 0, NMI 4, INIT 5, start-up 6; who gets an INIT or a start-up is this model's, interrupts are not. */
const interruptCommand = (guest: GuestReference, vp: VpReference, command: bigint): boolean => {
  const vector = Number(command & 0xffn);
  const mode = Number((command >> 8n) & 7n);
  const shorthand = Number((command >> 18n) & 3n);
  const destination = Number(command >> 32n);
  if (![0, 4, 5, 6].includes(mode) || (command & 0x800n) !== 0n || (mode === 0 && vector < 16)) return false;
  if (mode < 5) return true;
  const named = guest.vps.filter((each) => {
    if (shorthand === 0) return each.index === destination || destination === 0xffffffff;
    if (shorthand === 1) return each === vp;
    return shorthand === 2 || each !== vp;
  });
  for (const target of named) guest.startUp(vp, target, vector, mode === 5);
  return true;
};

/** @returns whether the MSR took the value */
const write = (guest: GuestReference, vp: VpReference, msr: number, value: bigint): boolean => {
  const vtl = vp.active;
  const own = vtl === 0 ? vp.msrs[0] : vp.msrs[1];
  const register = MSR_REGISTER.get(msr);
  const base = BASE.get(msr);
  if (register !== undefined) {
    if (!fits(register, value)) return false;
    guest.set(vp, vtl, register, value);
  } else if (base !== undefined) {
    guest.set(vp, vtl, base, ((guest.get(vp, vtl, base) >> 64n) << 64n) | value);
  } else if (PRIVATE_MSRS.includes(msr)) own.set(msr, value);
  else if (SHARED_MSRS.includes(msr)) vp.sharedMsrs.set(msr, value);
  else if (isSint(msr)) {
    if ((value & ~0x300ffn) !== 0n) return false;
    own.set(msr, value);
  } else if (msr === SCONTROL) {
    if (value > 1n) return false;
    own.set(msr, value);
  } else if (msr === SIMP || msr === SIEFP) {
    const name = `vp${vp.index}.${msr === SIMP ? 'simp' : 'siefp'}`;
    if (!lay(guest, vtl, name, READ_WRITE, value)) return false;
    own.set(msr, value);
  } else if (msr === ASSIST) return layAssist(guest, vp, vtl, value);
  else if ([GUEST_OS_ID, HYPERCALL, REFERENCE_TSC].includes(msr)) return writePartition(guest, vtl, msr, value);
  else if (msr === RESET) {
    if ((value & 1n) === 1n) guest.reset();
  } else if (msr === 0x40000072 || msr === 0x808) {
    if (value > 0xffn) return false;
    guest.set(vp, vtl, CR8, value >> 4n);
  } else if (msr === 0x40000071 || msr === 0x830) return interruptCommand(guest, vp, value);
  else if (msr === 0x83f) return value >= 16n && value <= 0xffn;
  else return msr === 0x40000070 || msr === 0x80b || msr === 0x40000084;
  return true;
};

export const writeMsr = (guest: GuestReference, vp: VpReference, msr: number, value: bigint): string => {
  if (guest.interceptsMsr(vp, msr, MSR_REGISTER.get(msr), value)) return 'intercept 1';
  return write(guest, vp, msr, value) ? 'done 0' : 'fault 13';
};
