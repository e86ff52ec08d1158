/**
 * Secure intercepts (facts/vsm.md 1.13): the lower VTL stops at its instruction, a message goes to the higher VTL's SINT0, and its
 * interrupt enters that VTL.
 */
import type { PageAccess } from '../memory/rights.js';
import type { HypervisorEvent } from './event-log.js';
import {
  type InterceptedInstruction,
  ioPortMessage,
  memoryMessage,
  msrMessage,
  registerMessage,
} from './intercept-messages.js';
import { requestInterrupt } from './interrupts.js';
import type { Intercepted } from './outcomes.js';
import { partitionVtl } from './partition.js';
import { RegisterName } from './register-names.js';
import { getRegister, type HypervisorState, log } from './state.js';
import { INTERCEPT_SINT, postMessage } from './synic.js';
import { type CrIntercepts, isEnabled, type VirtualProcessor, vtlOf } from './virtual-processor.js';

const WRITE_BACK = 6;

const deliver = (
  state: HypervisorState,
  vp: VirtualProcessor,
  to: number,
  message: Uint8Array,
  what: Pick<Extract<HypervisorEvent, { kind: 'intercept' }>, 'cause' | 'access' | 'subject'>,
): Intercepted => {
  const from = vp.activeVtl;
  const posting = postMessage(vtlOf(vp, to).synic, INTERCEPT_SINT, message);
  const reason = posting.posted ? null : posting.reason;
  log(state, { kind: 'intercept', vp: vp.index, from, to, ...what, posted: posting.posted, reason });
  if (posting.posted) requestInterrupt(state, vp, to, posting.vector, 'sint', posting.autoEoi);
  return { kind: 'intercept', vtl: to, posted: posting.posted, entered: vp.activeVtl === to };
};

/** A mask of a higher VTL refused an access. @param gpa of the first byte in the refused page */
export const interceptMemory = (
  state: HypervisorState,
  vp: VirtualProcessor,
  to: number,
  instruction: InterceptedInstruction,
  gpa: bigint,
  cacheType: number = WRITE_BACK,
  hypercallOutput = false,
): Intercepted => {
  const message = memoryMessage(state, vp, instruction, gpa, cacheType, hypercallOutput);
  return deliver(state, vp, to, message, { cause: 'memory', access: instruction.access, subject: gpa });
};

/** Bits of CrInterceptControl that ask for writes (facts/vsm.md 1.7). */
const WRITE_BITS: ReadonlyMap<number, number> = new Map<number, number>([
  [RegisterName.Cr0, 0],
  [RegisterName.Cr4, 1],
  [RegisterName.Xfem, 2],
  [RegisterName.Lstar, 6],
  [RegisterName.Star, 8],
  [RegisterName.Cstar, 10],
  [RegisterName.ApicBase, 12],
  [RegisterName.Efer, 14],
  [RegisterName.Gdtr, 15],
  [RegisterName.Idtr, 16],
  [RegisterName.Ldtr, 17],
  [RegisterName.Tr, 18],
  [RegisterName.SysenterCs, 19],
  [RegisterName.SysenterEip, 20],
  [RegisterName.SysenterEsp, 21],
  [RegisterName.Sfmask, 22],
  [RegisterName.TscAux, 23],
]);

/** The same for MSRs that are no registers here: MISC_ENABLE, XSS, S_CET, PL0 to PL2_SSP, INTERRUPT_SSP_TABLE. */
const MSR_WRITE_BITS: ReadonlyMap<number, number> = new Map([
  [0x1a0, 4],
  [0xda0, 25],
  [0x6a2, 26],
  [0x6a4, 27],
  [0x6a5, 27],
  [0x6a6, 27],
  [0x6a8, 28],
]);
const MISC_ENABLE = 0x1a0;

/** What OpenHCL accepts in CrInterceptControl: all writes but the SGX one, no reads (facts/vsm.md source O). */
export const SUPPORTED_CR_INTERCEPTS: bigint = [...WRITE_BITS.values(), ...MSR_WRITE_BITS.values()].reduce(
  (bits, bit) => bits | (1n << BigInt(bit)),
  0n,
);

/** The lowest VTL above the active one that wants to hear of a write. */
const watcherOf = (
  vp: VirtualProcessor,
  bit: number | undefined,
  wants: (intercepts: CrIntercepts) => boolean,
): number =>
  bit === undefined
    ? -1
    : vp.vtls.findIndex(
        ({ crIntercepts }, vtl) =>
          vtl > vp.activeVtl &&
          isEnabled(vp, vtl) &&
          (crIntercepts.control & (1n << BigInt(bit))) !== 0n &&
          wants(crIntercepts),
      );

/** CR0 and CR4 only where a masked bit changes (facts/vsm.md 1.7). */
const changes = (name: number, old: bigint, value: bigint, { cr0Mask, cr4Mask }: CrIntercepts): boolean => {
  if (name === RegisterName.Cr0) return ((old ^ value) & cr0Mask) !== 0n;
  return name !== RegisterName.Cr4 || ((old ^ value) & cr4Mask) !== 0n;
};

/** The active VTL writes a register by an instruction of its own. @returns null where nobody above watches it */
export const interceptRegisterWrite = (
  state: HypervisorState,
  vp: VirtualProcessor,
  name: number,
  value: bigint,
  bytes: Uint8Array,
): Intercepted | null => {
  const old = getRegister(state, vp, vp.activeVtl, name);
  const to = watcherOf(vp, WRITE_BITS.get(name), (intercepts) => changes(name, old, value, intercepts));
  if (to < 0) return null;
  const message = registerMessage(state, vp, { access: 'write', bytes }, name, value);
  return deliver(state, vp, to, message, { cause: 'register', access: 'write', subject: BigInt(name) });
};

/**
 * The active VTL writes an MSR.
 * @param register the register this MSR is, undefined for one that is none
 * @param old its value so far, for IA32_MISC_ENABLE
 */
export const interceptMsrWrite = (
  state: HypervisorState,
  vp: VirtualProcessor,
  msr: number,
  register: number | undefined,
  old: bigint,
  value: bigint,
  bytes: Uint8Array,
): Intercepted | null => {
  const bit = register === undefined ? MSR_WRITE_BITS.get(msr) : WRITE_BITS.get(register);
  const to = watcherOf(vp, bit, ({ miscEnableMask }) => msr !== MISC_ENABLE || ((old ^ value) & miscEnableMask) !== 0n);
  if (to < 0) return null;
  const message = msrMessage(state, vp, { access: 'write', bytes }, msr, value);
  return deliver(state, vp, to, message, { cause: 'msr', access: 'write', subject: BigInt(msr) });
};

/** The active VTL uses an I/O port. @param size bytes: 1, 2 or 4 */
export const interceptIoPort = (
  state: HypervisorState,
  vp: VirtualProcessor,
  port: number,
  access: Exclude<PageAccess, 'execute'>,
  size: number,
  bytes: Uint8Array,
): Intercepted | null => {
  const bit = access === 'read' ? 1 : 2;
  const to = state.partition.vtls.findIndex(
    (_, vtl) =>
      vtl > vp.activeVtl &&
      isEnabled(vp, vtl) &&
      ((partitionVtl(state.partition, vtl).ioIntercepts.get(port) ?? 0) & bit) !== 0,
  );
  if (to < 0) return null;
  const message = ioPortMessage(state, vp, { access, bytes }, port, size);
  return deliver(state, vp, to, message, { cause: 'io-port', access, subject: BigInt(port) });
};
