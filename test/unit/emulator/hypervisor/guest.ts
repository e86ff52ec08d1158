/** A guest brought up into VTL1, calls made, and what came of them. */
import assert from 'node:assert/strict';
import { Hypervisor } from '../../../../lib/emulator/hypervisor/hypervisor.js';
import type { HypercallResult, InstructionResult } from '../../../../lib/emulator/hypervisor/outcomes.js';
import type { HypervisorOptions } from '../../../../lib/emulator/hypervisor/state.js';

import {
  ASSIST,
  bytes,
  Code,
  type ContextWords,
  type ControlOptions,
  context,
  control,
  enablePartition,
  enableVp,
  getInput,
  type Header,
  INPUT,
  LONG_CODE,
  LONG_MODE,
  MESSAGES,
  Msr,
  modify,
  Name,
  number,
  OUTPUT,
  SINT0_VECTOR,
  setInput,
  TABLES,
  use,
} from './inputs.js';

export * from './inputs.js';

export interface CallOptions extends ControlOptions {
  readonly vp?: number;
  readonly at?: bigint;
  readonly to?: bigint;
}

/** Makes a call: with its input in memory, or in registers if `fast`. */
export const call = (hv: Hypervisor, code: number, input: Uint8Array, options: CallOptions = {}): HypercallResult => {
  const { vp = 0, at = INPUT, to = OUTPUT, fast = false } = options;
  if (fast) {
    const xmm = [16, 32, 48, 64, 80, 96].map((offset) => number(input, offset, 16));
    return hv.hypercall(vp, {
      control: control(code, options),
      input: number(input, 0, 8),
      output: number(input, 8, 8),
      xmm,
    });
  }
  hv.writePhysical(at, input);
  return hv.hypercall(vp, { control: control(code, options), input: at, output: to });
};

export const completed = (result: HypercallResult): Extract<HypercallResult, { kind: 'completed' }> => {
  if (result.kind !== 'completed') assert.fail(`the call did not complete: ${result.kind}`);
  return result;
};

export const status = (hv: Hypervisor, code: number, input: Uint8Array, options: CallOptions = {}): number =>
  completed(call(hv, code, input, options)).status;

export const succeed = (hv: Hypervisor, code: number, input: Uint8Array, options: CallOptions = {}): void => {
  assert.equal(status(hv, code, input, options), 0, `call 0x${code.toString(16)}`);
};

/** A call's output in memory. */
export const output = (hv: Hypervisor, offset: number, size: number, at: bigint = OUTPUT): bigint =>
  number(hv.readPhysical(at + BigInt(offset), size), 0, size);

export const getStatus = (hv: Hypervisor, name: number, header: Header = {}, vp = 0): number =>
  status(hv, Code.GET, getInput([name], header), { reps: 1, vp });

/** A register's value by GetVpRegisters. */
export const get = (hv: Hypervisor, name: number, header: Header = {}, vp = 0): bigint => {
  assert.equal(getStatus(hv, name, header, vp), 0, `GetVpRegisters 0x${name.toString(16)}`);
  return output(hv, 0, 16);
};

/** The status of SetVpRegisters. */
export const set = (hv: Hypervisor, name: number, value: bigint, header: Header = {}, vp = 0): number =>
  status(hv, Code.SET, setInput([[name, value]], header), { reps: 1, vp });

export const write = (hv: Hypervisor, msr: number, value: bigint, vp = 0): void => {
  assert.equal(hv.writeMsr(vp, msr, value).kind, 'done', `WRMSR 0x${msr.toString(16)}`);
};

/** An MSR's value. */
export const msr = (hv: Hypervisor, name: number, vp = 0): bigint => readValue(hv.readMsr(vp, name));

export const readValue = (result: InstructionResult): bigint => {
  if (result.kind !== 'done') assert.fail(`the instruction was not done: ${result.kind}`);
  return result.value;
};

export const create = (options: HypervisorOptions = {}): Hypervisor => new Hypervisor(options);

/** VTL1 is enabled for the partition. */
export const partitionOn = (options: HypervisorOptions = {}, mbec = false): Hypervisor => {
  const hv = create(options);
  succeed(hv, Code.ENABLE_PARTITION, enablePartition({ flags: mbec ? 1 : 0 }));
  return hv;
};

/** VTL1 is enabled for VP 0 too; VTL0 runs. */
export const vpOn = (options: HypervisorOptions = {}, words: ContextWords = {}, mbec = false): Hypervisor => {
  const hv = partitionOn(options, mbec);
  succeed(hv, Code.ENABLE_VP, enableVp({}, context(words)));
  return hv;
};

/** The active VTL of a VP turns its SynIC and assist page on. VPs' pages follow one another 64 KiB apart. */
export const setUpSynic = (hv: Hypervisor, vp = 0): void => {
  const offset = BigInt(vp) * 0x1_0000n;
  write(hv, Msr.ASSIST, (ASSIST + offset) | 1n, vp);
  write(hv, Msr.SCONTROL, 1n, vp);
  write(hv, Msr.SIMP, (MESSAGES + offset) | 1n, vp);
  write(hv, Msr.SINT0, BigInt(SINT0_VECTOR), vp);
};

/** VTL1 of VP 0 runs, its SynIC and assist page on. */
export const secure = (options: HypervisorOptions = {}, words: ContextWords = {}, mbec = false): Hypervisor => {
  const hv = vpOn(options, words, mbec);
  assert.equal(hv.vtlCall(0).kind, 'vtl-switch');
  setUpSynic(hv);
  return hv;
};

/** As `secure`, with EnableVtlProtection and all rights by default. */
export const protecting = (options: HypervisorOptions = {}, words: ContextWords = {}, mbec = false): Hypervisor => {
  const hv = secure(options, words, mbec);
  assert.equal(set(hv, Name.CONFIG, 0x3fn), 0);
  return hv;
};

/** What names the protected side of ModifyVtlProtectionMask in a profile (conflict C2): VTL1 itself, or VTL0. */
export const protectedSide = (hv: Hypervisor): number => (hv.profile.protectionTarget === 'owner' ? 0 : use(0));

/** VTL1 gives pages a mask. */
export const protect = (hv: Hypervisor, mask: number, pages: readonly number[]): void => {
  succeed(hv, Code.MODIFY, modify(mask, pages, { vtl: protectedSide(hv) }), { reps: pages.length });
};

/** VTL1 returns, its registers left alone. */
export const leave = (hv: Hypervisor, vp = 0): void => {
  assert.equal(hv.vtlReturn(vp, 1n).kind, 'vtl-switch');
};

/** Page tables at TABLES that map the first GiB to itself, of the entries' flags. */
export const mapIdentity = (hv: Hypervisor, flags = 0x7n): void => {
  hv.writePhysical(TABLES, bytes(8, [[0, 8, (TABLES + 0x1000n) | 0x7n]]));
  hv.writePhysical(TABLES + 0x1000n, bytes(8, [[0, 8, 0x80n | flags]]));
};

/** The active VTL turns long mode on. */
export const enterLongMode = (hv: Hypervisor, vp = 0): void => {
  const { cr0, cr3, cr4, efer } = LONG_MODE;
  for (const [name, value] of [
    [Name.CR3, cr3],
    [Name.CR4, cr4],
    [Name.EFER, efer],
    [Name.CR0, cr0],
    [Name.CS, LONG_CODE],
  ] as const) {
    assert.equal(hv.writeRegister(vp, name, value).kind, 'done');
  }
};

/** VTL1's SINT0 slot: 256 bytes. */
export const message = (hv: Hypervisor, vp = 0): Uint8Array => hv.page(vp, 1, 'messages').subarray(0, 256);

/** What the events of a kind say, without their numbers. */
export const eventsOf = (hv: Hypervisor, kind: string): readonly Record<string, unknown>[] =>
  hv.events.filter((event) => event.kind === kind).map(({ sequence, ...event }) => event);

export const refusesMisuse = (run: () => unknown, says: RegExp): void => {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.equal((error as Error & { code?: string }).code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, says);
    return true;
  });
};

/** VP 1 and on get VTL1 from VTL1 of VP 0, and start in it; VP 0 stays in VTL1. */
export const startOthers = (hv: Hypervisor, count: number): void => {
  for (let vp = 1; vp < count; vp++) {
    succeed(hv, Code.ENABLE_VP, enableVp({ vp }));
    succeed(hv, Code.START_VP, enableVp({ vp }));
  }
};

/** VTL1 handles the intercept it was told of: takes the interrupt, frees the slot, ends both. */
export const handle = (hv: Hypervisor, vp = 0): void => {
  hv.writeRegister(vp, Name.RFLAGS, 0x202n);
  assert.deepEqual(hv.nextEvent(vp), { kind: 'interrupt', vector: SINT0_VECTOR });
  const address = MESSAGES + BigInt(vp) * 0x1_0000n;
  hv.access(vp, { access: 'write', address, data: new Uint8Array(4), physical: true });
  write(hv, Msr.EOM, 0n, vp);
  hv.endOfInterrupt(vp);
};
