/** The hypercall instruction once more (facts/vsm.md 1.2, 1.11): control word, buffers, reps, VTL call and return. */
import type { Context } from './call-context.js';
import { CALLS, type CallReference } from './calls-reference.js';
import type { GuestReference, VpReference } from './guest-reference.js';
import { CR0, R8, RAX, RCX, RDX, XMM0 } from './registers-reference.js';

const MASK_64 = 2n ** 64n - 1n;
/** Bits 30:27, 31 (nested, which is none here), 47:44 and 63:60. */
const RESERVED = 0xf000_f000_f800_0000n;
const XMM_FAST = 112;

interface Control {
  readonly code: number;
  readonly fast: boolean;
  readonly variable: number;
  readonly count: number;
  readonly start: number;
}

const controlOf = (word: bigint): Control => ({
  code: Number(word & 0xffffn),
  fast: ((word >> 16n) & 1n) === 1n,
  variable: Number((word >> 17n) & 0x3ffn),
  count: Number((word >> 32n) & 0xfffn),
  start: Number((word >> 48n) & 0xfffn),
});

/** @returns the answers it may give; what the actual one among them does has been done */
export const hypercall = (guest: GuestReference, vp: VpReference, actual: string): readonly string[] => {
  const vtl = vp.active;
  if (guest.privilege(vp, vtl) !== 0 || (guest.get(vp, vtl, CR0) & 1n) === 0n) return ['fault 6'];
  const word = guest.get(vp, vtl, RCX);
  const control = controlOf(word);
  if (control.code === 0x11 || control.code === 0x12) return [vtlSwitch(guest, vp, word)];
  const call = CALLS.get(control.code);
  const finish = (statuses: readonly number[], reps: number): readonly string[] => {
    const answers = statuses.map((status) => `status ${status} reps ${reps}`);
    if (answers.includes(actual)) {
      guest.set(vp, vtl, RAX, BigInt(Number(actual.split(' ')[1])) | (BigInt(reps) << 32n));
      guest.advance(vp, vtl);
    }
    return answers;
  };
  if (call === undefined) return finish([0x02], 0);
  if ((word & RESERVED) !== 0n || isBadForm(call, control)) return finish([0x03], 0);
  const elements = call.header + control.variable * 8;
  const inputSize = elements + (call.rep === true ? control.count * (call.input ?? 0) : 0);
  const outputSize = call.rep === true ? control.count * (call.output ?? 0) : (call.output ?? 0);
  const buffers = control.fast
    ? fastBuffers(guest, vp, inputSize, outputSize)
    : memoryBuffers(guest, vp, inputSize, outputSize);
  if (buffers.kind === 'intercept') return ['intercept 1'];
  if (buffers.kind === 'status') return finish(buffers.statuses, control.start);
  const context: Context = { guest, vp, vtl, input: buffers.input, output: buffers.output, elements };
  const refused = call.refusals(context);
  if (refused.length > 0) return finish(refused, control.start);
  if (call.waits?.(context) === true) return ['waiting'];
  if (call.rep !== true) {
    call.effect?.(context);
    buffers.store(0, outputSize);
    return finish([0], 0);
  }
  return reps(context, call, control, buffers.store, finish);
};

const reps = (
  context: Context,
  call: CallReference,
  control: Control,
  store: (first: number, end: number) => void,
  finish: (statuses: readonly number[], reps: number) => readonly string[],
): readonly string[] => {
  const { guest, vp, vtl } = context;
  const size = call.output ?? 0;
  for (let index = control.start; ; index++) {
    if (index === control.count || index === control.start + guest.shape.repBudget) {
      store(control.start * size, index * size);
      if (index === control.count) return finish([0], index);
      const word = guest.get(vp, vtl, RCX) & ~(0xfffn << 48n);
      guest.set(vp, vtl, RCX, word | (BigInt(index) << 48n));
      return [`continued ${index}`];
    }
    const refused = call.element?.(context, index) ?? [];
    if (refused.length > 0) {
      store(control.start * size, index * size);
      return finish(refused, index);
    }
  }
};

/** "Rep calls: count 0, or start ≥ count, or a rep count on a simple call → INVALID_HYPERCALL_INPUT" */
const isBadForm = (call: CallReference, { fast, variable, count, start }: Control): boolean => {
  if (fast && call.memoryOnly === true) return true;
  if (variable !== 0 && call.variable !== true) return true;
  return call.rep === true ? start >= count : count !== 0 || start !== 0;
};

type Buffers =
  | { readonly kind: 'intercept' }
  | { readonly kind: 'status'; readonly statuses: readonly number[] }
  | {
      readonly kind: 'buffers';
      readonly input: DataView;
      readonly output: DataView;
      readonly store: (first: number, end: number) => void;
    };

/** "RDX, R8, XMM0–5 = 112 bytes total; output uses the registers left after input", 16-aligned (6 R44). */
const fastBuffers = (guest: GuestReference, vp: VpReference, inputSize: number, outputSize: number): Buffers => {
  const { active } = vp;
  const start = Math.ceil(inputSize / 16) * 16;
  if (inputSize > XMM_FAST || (outputSize > 0 && start + outputSize > XMM_FAST))
    return { kind: 'status', statuses: [3] };
  const all = new DataView(new ArrayBuffer(XMM_FAST));
  all.setBigUint64(0, guest.get(vp, active, RDX), true);
  all.setBigUint64(8, guest.get(vp, active, R8), true);
  for (let index = 0; index < 6; index++) {
    const value = guest.get(vp, active, XMM0 + index);
    all.setBigUint64(16 + index * 16, value & MASK_64, true);
    all.setBigUint64(24 + index * 16, value >> 64n, true);
  }
  return {
    kind: 'buffers',
    input: new DataView(all.buffer, 0, inputSize),
    output: new DataView(all.buffer, outputSize > 0 ? start : 0, outputSize),
    store: () => {
      if (outputSize === 0) return;
      for (let index = 0; index < 6; index++) {
        const low = all.getBigUint64(16 + index * 16, true);
        guest.set(vp, active, XMM0 + index, low | (all.getBigUint64(24 + index * 16, true) << 64n));
      }
    },
  };
};

/** "Input/output 8-byte aligned, must not cross a page" */
const memoryBuffers = (guest: GuestReference, vp: VpReference, inputSize: number, outputSize: number): Buffers => {
  const { active } = vp;
  const mode = guest.mode(vp, active, 0);
  const from = guest.get(vp, active, RDX);
  const to = guest.get(vp, active, R8);
  const places: readonly (readonly [bigint, number])[] =
    outputSize > 0
      ? [
          [from, inputSize],
          [to, outputSize],
        ]
      : [[from, inputSize]];
  const statuses = places.flatMap(([address, size]) => [
    ...(address % 8n !== 0n ? [4] : []),
    ...(Number(address % 4096n) + size > 4096 ? [3] : []),
  ]);
  if (statuses.length > 0) return { kind: 'status', statuses };
  const output = new Uint8Array(outputSize);
  const page = (address: bigint): number => Number(address / 4096n);
  for (const [address, kind] of [[from, 'read'], ...(outputSize > 0 ? [[to, 'write'] as const] : [])] as const) {
    const answer = guest.memory.check(active, page(address), kind, mode);
    if (answer === 'vtl1') return { kind: 'intercept' };
    if (answer !== 'allowed') return { kind: 'status', statuses: [5] };
  }
  const input = guest.memory.access(active, Number(from), inputSize, 'read', mode, []);
  return {
    kind: 'buffers',
    input: new DataView(Uint8Array.from(typeof input === 'string' ? [] : input).buffer),
    output: new DataView(output.buffer),
    store: (first, end) => {
      guest.memory.access(active, Number(to) + first, end - first, 'write', mode, [...output.subarray(first, end)]);
    },
  };
};

/** 1.11, word for word; each direction moves its own VTL's RIP on (conflict C7). */
const vtlSwitch = (guest: GuestReference, vp: VpReference, word: bigint): string => {
  const from = vp.active;
  const input = guest.get(vp, from, RAX);
  if (word === 0x11n && input === 0n && from === 0 && vp.enabled) {
    guest.advance(vp, 0);
    vp.active = 1;
    return 'switch 0>1';
  }
  if (word !== 0x12n || input > 1n || from !== 1) return 'fault 6';
  guest.advance(vp, 1);
  vp.secure &= ~2n;
  if (input === 0n) {
    const page = guest.pageBytes(1, `vp${vp.index}.assist`);
    const at = (offset: number): bigint =>
      [7, 6, 5, 4, 3, 2, 1, 0].reduce((whole, byte) => whole * 256n + BigInt(page.get(offset + byte) ?? 0), 0n);
    guest.set(vp, 1, RAX, at(16));
    guest.set(vp, 1, RCX, at(24));
  }
  vp.active = 0;
  return 'switch 1>0';
};
