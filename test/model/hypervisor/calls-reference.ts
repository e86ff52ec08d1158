/**
 * Hypercalls once more: facts/vsm.md 1.2, 1.5 and 1.14, column O. "The order of error checks is undefined" (1.2), so that a call has
 * not one failure but the set of those that apply, and may answer with any of them; with none it must succeed.
 */
import { type Context, refusals } from './call-context.js';
import { contextValues, NO_WISH } from './guest-reference.js';
import type { Kind, Wish } from './protection-reference.js';
import { CR0, fits } from './registers-reference.js';
import { getRegister, headerRefusals, setRegister } from './vp-registers-reference.js';

export interface CallReference {
  readonly header: number;
  readonly rep?: boolean;
  /** Input and output bytes of a rep; output of a simple call. */
  readonly input?: number;
  readonly output?: number;
  readonly memoryOnly?: boolean;
  readonly variable?: boolean;
  readonly refusals: (call: Context) => readonly number[];
  /** One element of a rep call. */
  readonly element?: (call: Context, index: number) => readonly number[];
  readonly waits?: (call: Context) => boolean;
  readonly effect?: (call: Context) => void;
}

const SELF = 2n ** 64n - 1n;
const SUCCESS: readonly number[] = [];

const otherPartition = ({ input }: Context): boolean => input.getBigUint64(0, true) !== SELF;

/** "HV_INPUT_VTL: 3:0 TargetVtl, 4 UseTargetVtl, 7:5 MBZ; UseTargetVtl=0 ⇒ the caller's current VTL" */
const namedVtl = ({ vtl }: Context, byte: number): number => ((byte & 16) !== 0 ? byte & 15 : vtl);

const anySet = ({ input }: Context, first: number, end: number): boolean => {
  for (let offset = first; offset < end; offset++) if (input.getUint8(offset) !== 0) return true;
  return false;
};

const contextOf = ({ input }: Context): DataView => new DataView(input.buffer, input.byteOffset + 16, 224);
const impossible = (call: Context): boolean =>
  contextValues(contextOf(call)).some(([name, value]) => !fits(name, value));
const realMode = (call: Context): boolean =>
  contextValues(contextOf(call)).some(([name, value]) => name === CR0 && (value & 1n) === 0n);

const vpNamed = ({ guest, vp }: Context, index: number): (typeof guest.vps)[number] | undefined =>
  index === 0xfffffffe ? vp : guest.vps[index];

const enablePartitionVtl: CallReference = {
  header: 16,
  refusals: (call) => {
    const target = call.input.getUint8(8);
    const flags = call.input.getUint8(9);
    return refusals(
      [otherPartition(call), 0x0d],
      [target !== 1, 0x06],
      [anySet(call, 10, 16), 0x05],
      [flags > 1 || (flags === 1 && !call.guest.shape.mbec), 0x05],
      [call.guest.enabled, 0x51],
    );
  },
  effect: ({ guest, input }) => {
    guest.enabled = true;
    guest.mbec = input.getUint8(9) === 1;
  },
};

const enableVpVtl: CallReference = {
  header: 240,
  memoryOnly: true,
  refusals: (call) => {
    const target = call.input.getUint8(12);
    const named = vpNamed(call, call.input.getUint32(8, true));
    const first = !call.guest.vps.some(({ enabled }) => enabled);
    return refusals(
      [otherPartition(call), 0x0d],
      [named === undefined, 0x0e],
      [target !== 1, 0x05],
      [anySet(call, 13, 16), 0x05],
      [!call.guest.enabled, 0x51],
      [call.vtl === 0 && (!first || named !== call.vp), 0x06],
      [named?.enabled === true, 0x86],
      [realMode(call), 0x05],
      [impossible(call), 0x50],
    );
  },
  effect: (call) => {
    const named = vpNamed(call, call.input.getUint32(8, true));
    if (named === undefined) return;
    named.enabled = true;
    if (named.started.size > 0) named.started.add(1);
    call.guest.loadContext(named, 1, contextOf(call));
  },
};

const startVirtualProcessor: CallReference = {
  header: 240,
  memoryOnly: true,
  refusals: (call) => {
    const { guest, vp, vtl, input } = call;
    const target = input.getUint8(12);
    const named = vpNamed(call, input.getUint32(8, true));
    const denied = guest.enabled && ((guest.config >> 6n) & 1n) === 1n;
    const has = target === 0 || (target === 1 && named?.enabled === true);
    return refusals(
      [otherPartition(call), 0x0d],
      [named === undefined || named === vp, 0x0e],
      [target > 15 || anySet(call, 13, 16), 0x05],
      [target > 1 || (target === 1 && !guest.enabled), 0x51],
      [target > vtl, 0x06],
      [vtl === 0 && denied, 0x06],
      [named !== undefined && !has, 0x15],
      [named?.started.has(target) === true, 0x15],
      [impossible(call), 0x50],
    );
  },
  effect: (call) => {
    const target = call.input.getUint8(12);
    const named = vpNamed(call, call.input.getUint32(8, true));
    if (named === undefined) return;
    call.guest.loadContext(named, target, contextOf(call));
    if (named.started.size === 0) named.active = target;
    named.started.add(target);
  },
};

/** "only RAM pages can be protected"; "A VTL names itself; the pages' VTL0 permissions change." */
const modifyVtlProtectionMask: CallReference = {
  header: 16,
  rep: true,
  input: 8,
  refusals: (call) => {
    const { guest, vtl, input } = call;
    const byte = input.getUint8(12);
    const named = namedVtl(call, byte);
    return refusals(
      [otherPartition(call), 0x06],
      [byte >= 32 || anySet(call, 13, 16), 0x05],
      [named > vtl, 0x06],
      [named === 0, 0x05],
      [named > 0 && (guest.config & 1n) === 0n, 0x06],
      [!guest.memory.validMask(input.getUint32(8, true), guest.mbec), 0x50],
    );
  },
  element: ({ guest, input, elements }, index) => {
    const page = input.getBigUint64(elements + index * 8, true);
    const done = page < 2n ** 32n ? guest.memory.protect(1, Number(page), 1, input.getUint32(8, true)) : 0;
    return done === 1 ? SUCCESS : [0x05];
  },
};

const getVpRegisters: CallReference = {
  header: 16,
  rep: true,
  input: 4,
  output: 16,
  refusals: (call) => headerRefusals(call, 0x06),
  element: getRegister,
};

const setVpRegisters: CallReference = {
  header: 16,
  rep: true,
  input: 32,
  refusals: (call) => headerRefusals(call, 0x0e),
  element: setRegister,
};

const wishOf = (flags: bigint): Wish => {
  const has = (bit: bigint): boolean => (flags & bit) !== 0n;
  const kinds: readonly (readonly [bigint, Kind])[] = [
    [0x1n, 'read'],
    [0x2n, 'write'],
    [0x4n, 'execute'],
  ];
  return {
    ...NO_WISH,
    kinds: kinds.filter(([bit]) => has(bit)).map(([, kind]) => kind),
    exempt: has(0x8n),
    setBits: has(0x10n),
    supervisor: has(0x40n),
    user: has(0x80n),
    enforceSmap: has(0x100n),
    overrideSmap: has(0x200n),
  };
};

const translateVirtualAddress = (output: number, pageOffset: number): CallReference => ({
  header: 32,
  output,
  refusals: (call) => {
    const { vp, vtl, input } = call;
    const byte = input.getUint8(23);
    const flags = input.getBigUint64(16, true) & (2n ** 56n - 1n);
    return refusals(
      [otherPartition(call), 0x06],
      [vpNamed(call, input.getUint32(8, true)) !== vp, 0x06],
      [namedVtl(call, byte) >= vtl, 0x06],
      [byte >= 32 || flags > 0x3ffn || input.getUint32(12, true) !== 0, 0x05],
    );
  },
  effect: ({ guest, vp, input, output: answer }) => {
    const flags = input.getBigUint64(16, true) & 0x3ffn;
    const address = BigInt.asUintN(64, input.getBigUint64(24, true) << 12n);
    const mode = guest.mode(vp, 0, guest.privilege(vp, 0));
    const found = guest.memory.translate(0, address, mode, guest.paging(vp, 0), wishOf(flags));
    if (found.code === 0 && (flags & 0x20n) !== 0n) vp.secure |= 2n;
    const word = BigInt(found.code) | (BigInt(found.cache) << 32n) | (found.overlay ? 1n << 40n : 0n);
    answer.setBigUint64(0, word, true);
    answer.setBigUint64(pageOffset, BigInt(found.page), true);
  },
});

/** "7:0 result (0 ok, 1 memory intercept), 15:8 denied access, 19:16 intercepting VTL" */
const checkSparseGpaPageVtlAccess: CallReference = {
  header: 16,
  rep: true,
  input: 8,
  output: 8,
  refusals: (call) => {
    const byte = call.input.getUint8(8);
    const desired = call.input.getUint8(9);
    return refusals(
      [otherPartition(call), 0x06],
      [byte >= 32 || anySet(call, 10, 16), 0x05],
      [namedVtl(call, byte) >= call.vtl, 0x06],
      [desired === 0 || desired > 15, 0x05],
    );
  },
  element: ({ guest, vp, input, elements, output }, index) => {
    const page = Number(input.getBigUint64(elements + index * 8, true));
    const desired = input.getUint8(9);
    const mode = guest.mode(vp, 0, guest.privilege(vp, 0));
    const user = mode.mbec && mode.smep && mode.cpl === 3;
    const asked: readonly (readonly [boolean, Kind, number])[] = [
      [(desired & 1) !== 0, 'read', 1],
      [(desired & 2) !== 0, 'write', 2],
      [(desired & 12) !== 0, 'execute', user ? 8 : 4],
    ];
    const denied = asked.find(([wanted, kind]) => wanted && guest.memory.check(0, page, kind, mode) === 'vtl1');
    output.setBigUint64(index * 8, denied === undefined ? 0n : BigInt(0x10001 | (denied[2] << 8)), true);
    return SUCCESS;
  },
};

/** HV_VP_SET: format 0 is banks of 64 VPs behind a mask of banks, 1 is all. @returns null for what is neither */
const vpSet = ({ guest, input }: Context, start: number): readonly number[] | null => {
  const all = guest.vps.map(({ index }) => index);
  const format = input.getBigUint64(start, true);
  if (format === 1n) return all;
  if (format !== 0n) return null;
  const banks = [...Array(64).keys()].filter((bank) => (input.getBigUint64(start + 8, true) >> BigInt(bank)) & 1n);
  if (start + 16 + banks.length * 8 > input.byteLength) return null;
  const place = banks.indexOf(0);
  const mask = place < 0 ? 0n : input.getBigUint64(start + 16 + place * 8, true);
  return all.filter((index) => ((mask >> BigInt(index)) & 1n) === 1n);
};

const vpMask = ({ guest, input }: Context, offset: number): readonly number[] =>
  guest.vps.map(({ index }) => index).filter((index) => (input.getBigUint64(offset, true) >> BigInt(index)) & 1n);

const flushed = ({ vtl, input }: Context): number => {
  const flags = input.getBigUint64(8, true);
  if ((flags & 16n) === 0n) return vtl;
  const named = (flags >> 8n) & 3n;
  return named === 1n ? 0 : named === 2n ? 1 : -1;
};

/** "bit 0 all VPs, 1 all spaces, 2 non-global only, 3 extended range, 4 use target VTL, 8 VTL0, 9 VTL1" */
const flush = (list: boolean, extended: boolean): CallReference => {
  const targets = (call: Context): readonly number[] | null => {
    if ((call.input.getBigUint64(8, true) & 1n) === 1n) return call.guest.vps.map(({ index }) => index);
    return extended ? vpSet(call, 16) : vpMask(call, 16);
  };
  return {
    header: extended ? 32 : 24,
    variable: extended,
    ...(list ? { rep: true, input: 8, element: () => SUCCESS } : {}),
    refusals: (call) => {
      const vtl = flushed(call);
      const unknown = (call.input.getBigUint64(8, true) & ~0x31fn) !== 0n;
      const named = targets(call);
      return refusals([unknown || vtl < 0 || vtl > call.vtl, 0x05], [named === null || named.length === 0, 0x05]);
    },
    /** "that VP's pending flushes by lower VTLs wait" */
    waits: (call) => call.vtl === 0 && (targets(call) ?? []).some((index) => (call.guest.vp(index).secure & 2n) === 2n),
  };
};

const sendIpi = (extended: boolean): CallReference => ({
  header: extended ? 24 : 16,
  variable: extended,
  refusals: (call) => {
    const vector = call.input.getUint32(0, true);
    const byte = call.input.getUint8(4);
    const target = namedVtl(call, byte);
    return refusals(
      [byte >= 32 || anySet(call, 5, 8), 0x05],
      [target > call.vtl, 0x51],
      [vector < 16 || vector > 255, 0x05],
      [extended && vpSet(call, 8) === null, 0x05],
    );
  },
});

const installIntercept: CallReference = {
  header: 24,
  refusals: (call) =>
    refusals(
      [otherPartition(call), 0x06],
      [call.vtl === 0, 0x06],
      [call.input.getUint32(12, true) !== 0, 0x05],
      [call.input.getUint32(8, true) > 3 || call.input.getBigUint64(16, true) > 0xffffn, 0x05],
    ),
  effect: ({ guest, input }) => {
    guest.ports.set(Number(input.getBigUint64(16, true)), input.getUint32(8, true));
  },
};

const assertVirtualInterrupt: CallReference = {
  header: 32,
  memoryOnly: true,
  refusals: (call) => {
    const { guest, vtl, input } = call;
    const control = input.getBigUint64(8, true);
    const type = control & 0xffffffffn;
    const vector = input.getUint32(24, true);
    const byte = input.getUint8(28);
    const missing = !guest.vps.some(({ index }) => BigInt(index) === input.getBigUint64(16, true));
    return refusals(
      [otherPartition(call), 0x06],
      [namedVtl(call, byte) >= vtl, 0x06],
      [byte >= 32 || anySet(call, 29, 32) || control >> 34n !== 0n, 0x05],
      [type !== 0n && type !== 4n, 0x05],
      [type !== 4n && (vector < 16 || vector > 255), 0x05],
      [missing || (control >> 32n) % 4n !== 0n, 0x05],
    );
  },
};

const getVpIndexFromApicId: CallReference = {
  header: 16,
  rep: true,
  input: 4,
  output: 4,
  refusals: (call) => {
    const byte = call.input.getUint8(8);
    return refusals(
      [otherPartition(call), 0x0d],
      [byte >= 32 || anySet(call, 9, 16), 0x05],
      [namedVtl(call, byte) > call.vtl, 0x06],
    );
  },
  element: ({ guest, input, elements, output }, index) => {
    const id = input.getUint32(elements + index * 4, true);
    if (id >= guest.vps.length) return [0x05];
    output.setUint32(index * 4, id, true);
    return SUCCESS;
  },
};

export const CALLS: ReadonlyMap<number, CallReference> = new Map<number, CallReference>([
  [0x02, flush(false, false)],
  [0x03, flush(true, false)],
  [0x13, flush(false, true)],
  [0x14, flush(true, true)],
  [0x0b, sendIpi(false)],
  [0x15, sendIpi(true)],
  [0x0c, modifyVtlProtectionMask],
  [0x0d, enablePartitionVtl],
  [0x0f, enableVpVtl],
  [0x4d, installIntercept],
  [0x50, getVpRegisters],
  [0x51, setVpRegisters],
  [0x52, translateVirtualAddress(16, 8)],
  [0xac, translateVirtualAddress(64, 48)],
  [0x91, { header: 16, refusals: ({ vtl }) => [vtl === 0 ? 0x06 : 0x05] }],
  [0x94, assertVirtualInterrupt],
  [0x99, startVirtualProcessor],
  [0x9a, getVpIndexFromApicId],
  [0xd4, checkSparseGpaPageVtlAccess],
]);
