/** HvCallGetVpRegisters and HvCallSetVpRegisters once more (facts/vsm.md 1.5 to 1.7, 1.14 column O). */
import { type Context, refusals } from './call-context.js';
import type { VpReference } from './guest-reference.js';
import { capabilities, layAssist } from './msrs-reference.js';
import {
  APIC_BASE,
  ASSIST,
  DR6,
  EFER,
  fits,
  MSR_WRITE_BIT,
  PRIVATE,
  SHARED,
  WRITE_BIT,
} from './registers-reference.js';

const SELF = 2n ** 64n - 1n;
const MASK_64 = 2n ** 64n - 1n;

const VINA = 0xd0005;
const CONFIG = 0xd0007;
const PENDING = 0x10004;
const ASSIST_REGISTER = 0x90013;
/** CodePageOffsets, VpStatus, PartitionStatus, Capabilities, GuestVsmPartitionConfig: "(RO)". */
const READ_ONLY = [0xd0002, 0xd0003, 0xd0004, 0xd0006, 0xd0008];
const isSecureConfig = (name: number): boolean => name >= 0xd0010 && name <= 0xd001e;
const isWatch = (name: number): boolean => name >= 0xe0000 && name <= 0xe0003;
const isArchitectural = (name: number): boolean => SHARED.includes(name) || PRIVATE.includes(name) || name === DR6;
const isKnown = (name: number): boolean =>
  isArchitectural(name) ||
  isSecureConfig(name) ||
  isWatch(name) ||
  READ_ONLY.includes(name) ||
  [VINA, CONFIG, PENDING, ASSIST_REGISTER].includes(name);

/** All writes of 1.7 but the SGX one. */
const WATCHABLE = [...WRITE_BIT.values(), ...MSR_WRITE_BIT.values()].reduce(
  (all, bit) => all | (1n << BigInt(bit)),
  0n,
);

const named = ({ guest, vp, input }: Context): VpReference | undefined => {
  const index = input.getUint32(8, true);
  return index === 0xfffffffe ? vp : guest.vps[index];
};
const vtlOf = ({ vtl, input }: Context): number => {
  const byte = input.getUint8(12);
  return (byte & 16) !== 0 ? byte & 15 : vtl;
};

/** @param other "other VP: Get ACCESS_DENIED · Set INVALID_VP_INDEX" */
export const headerRefusals = (call: Context, other: number): readonly number[] =>
  refusals(
    [call.input.getBigUint64(0, true) !== SELF, 0x06],
    [named(call) !== call.vp, other],
    [call.input.getUint8(12) >= 32 || [13, 14, 15].some((offset) => call.input.getUint8(offset) !== 0), 0x05],
    [vtlOf(call) > call.vtl, 0x06],
  );

const nameRefusals = (call: Context, name: number): readonly number[] => {
  const vtl = vtlOf(call);
  return refusals(
    [!isKnown(name), 0x05],
    [isArchitectural(name) && vtl === call.vtl, 0x06],
    [name === VINA && vtl === 0, 0x05],
    [name === CONFIG && vtl !== 1, 0x05],
    [name === PENDING && vtl >= call.vtl, 0x05],
    [isSecureConfig(name) && vtl <= name - 0xd0010, 0x06],
    [isWatch(name) && vtl !== 1, 0x06],
    [isWatch(name) && !call.vp.enabled, 0x51],
  );
};

const read = (call: Context, name: number): bigint => {
  const { guest, vp } = call;
  const vtl = vtlOf(call);
  if (isArchitectural(name)) return guest.get(vp, vtl, name);
  if (isWatch(name)) return vp.watch[name - 0xe0000] ?? 0n;
  switch (name) {
    case 0xd0002: {
      const longMode = ((guest.get(vp, vtl, EFER) >> 10n) & 1n) === 1n;
      return longMode ? 0x2600fn : 0x1b004n;
    }
    case 0xd0003: {
      const mbec = vp.active === 0 && (vp.secure & 1n) === 1n;
      return BigInt(vp.active) | (mbec ? 16n : 0n) | (vp.enabled ? 0x30000n : 0x10000n);
    }
    case 0xd0004:
      return (guest.enabled ? 3n : 1n) | 0x10000n | (guest.mbec ? 0x100000n : 0n);
    case 0xd0006:
      return capabilities(guest);
    case 0xd0008:
      return 1n;
    case VINA:
      return vp.vina;
    case CONFIG:
      return guest.config;
    case PENDING:
      return vp.pending[vtl] ?? 0n;
    case ASSIST_REGISTER:
      return guest.sint(vp, vtl, ASSIST);
    default:
      return vp.secure;
  }
};

export const getRegister = (call: Context, index: number): readonly number[] => {
  const name = call.input.getUint32(call.elements + index * 4, true);
  const statuses = nameRefusals(call, name);
  if (statuses.length > 0) return statuses;
  const value = read(call, name);
  call.output.setBigUint64(index * 16, value & MASK_64, true);
  call.output.setBigUint64(index * 16 + 8, value >> 64n, true);
  return statuses;
};

/** "EnableVtlProtection (write-once)"; "the mask must include R and W"; "bits outside 0x7F" */
const isBadConfig = ({ guest }: Context, value: bigint): boolean => {
  const enabled = (guest.config & 1n) === 1n;
  const mask = Number((value >> 1n) & 15n);
  if (value > 0x7fn || !guest.memory.validDefault(mask, guest.mbec)) return true;
  return enabled && ((value & 1n) === 0n || (value & 0x1en) !== (guest.config & 0x1en));
};

const isBadEvent = (value: bigint): boolean => {
  if ((value & 0xfef0n) !== 0n) return true;
  return (value & 1n) === 1n && ((value & 0xen) !== 0n || ((value >> 16n) & 0xffffn) > 31n);
};

const isBadPage = ({ guest }: Context, value: bigint): boolean =>
  (value & 0xffen) !== 0n || ((value & 1n) === 1n && value >> 12n > BigInt(guest.shape.lastPage));

const valueRefusals = (call: Context, name: number, value: bigint): readonly number[] => {
  const { guest, vp } = call;
  return refusals(
    [READ_ONLY.includes(name), 0x05],
    [name === VINA && value > 0x7ffn, 0x50],
    [name === CONFIG && isBadConfig(call, value), 0x50],
    [name === PENDING && isBadEvent(value), 0x50],
    [name === ASSIST_REGISTER && (value > MASK_64 || isBadPage(call, value)), 0x50],
    [isSecureConfig(name) && (value > 3n || ((value & 1n) === 1n) !== guest.mbec), 0x50],
    [name === 0xe0000 && (value & ~WATCHABLE) !== 0n, 0x50],
    [name === APIC_BASE && value !== guest.get(vp, vtlOf(call), name), 0x05],
    [isArchitectural(name) && !fits(name, value), 0x50],
  );
};

const write = (call: Context, name: number, value: bigint): void => {
  const { guest, vp } = call;
  const vtl = vtlOf(call);
  if (isArchitectural(name)) guest.set(vp, vtl, name, value);
  else if (isWatch(name)) vp.watch[name - 0xe0000] = value & MASK_64;
  else if (name === VINA) vp.vina = value;
  else if (name === PENDING) vp.pending[vtl] = (value & 1n) === 1n ? value : 0n;
  else if (name === ASSIST_REGISTER) layAssist(guest, vp, vtl, value);
  else if (name === CONFIG) {
    guest.config = value;
    if ((value & 1n) === 1n) guest.memory.setDefault(1, Number((value >> 1n) & 15n));
  } else vp.secure = value;
};

/** "elements @16, each 32 bytes: name u32@0, MBZ 12, value 16@16" */
export const setRegister = (call: Context, index: number): readonly number[] => {
  const at = call.elements + index * 32;
  const name = call.input.getUint32(at, true);
  const value = call.input.getBigUint64(at + 16, true) | (call.input.getBigUint64(at + 24, true) << 64n);
  const statuses = [...nameRefusals(call, name), ...valueRefusals(call, name, value)];
  // "MBZ 12" of the element: "reserved input bits set → INVALID_PARAMETER" (1.14).
  const reserved = [4, 8, 12].some((offset) => call.input.getUint32(at + offset, true) !== 0);
  if (reserved) statuses.push(0x05);
  if (statuses.length === 0) write(call, name, value);
  return statuses;
};
