/** HvCallVtlCall and HvCallVtlReturn: no status, no buffers; whatever is wrong is #UD in the caller (facts/vsm.md 1.11, 1.14). */
import { CallCode } from './call-codes.js';
import { CALL_INSTRUCTION_LENGTH, EntryReason, Vector } from './constants.js';
import { evaluateInterrupts } from './interrupts.js';
import { type Fault, fault, type HypercallResult } from './outcomes.js';
import { RegisterName } from './register-names.js';
import { advanceRip, getRegister, type HypervisorState, log, setRegister } from './state.js';
import { type VirtualProcessor, vtlOf } from './virtual-processor.js';
import { resetVinaOnReturn, returnRegisters } from './vp-assist-page.js';
import { enterVtl, leaveVtl, nextEnabledVtl, releaseTlbLocks } from './vtl-switch.js';

/** Bit 0 of a return's input: RAX and RCX stay as they are. */
const FAST_RETURN = 1n;

const undefinedOpcode = (state: HypervisorState, vp: VirtualProcessor, why: string): Fault => {
  log(state, { kind: 'fault', vp: vp.index, vtl: vp.activeVtl, vector: Vector.INVALID_OPCODE, why });
  return fault(Vector.INVALID_OPCODE, null);
};

/** @param control RCX, which may hold the call's code and nothing else */
export const vtlCall = (state: HypervisorState, vp: VirtualProcessor, control: bigint): HypercallResult => {
  const from = vp.activeVtl;
  const to = nextEnabledVtl(vp, from, 1);
  const input = getRegister(state, vp, from, RegisterName.Rax);
  if (control !== BigInt(CallCode.VtlCall) || input !== 0n) {
    return undefinedOpcode(state, vp, 'VTL call with a control word or input that is not its own');
  }
  if (to === undefined) return undefinedOpcode(state, vp, 'VTL call without a higher VTL enabled on this VP');
  advanceRip(state, vp, from, CALL_INSTRUCTION_LENGTH);
  enterVtl(state, vp, to, 'call');
  evaluateInterrupts(state, vp);
  return { kind: 'vtl-switch', from, to };
};

/** C7: a VTL that was entered by an interrupt is past no instruction of its own in one reading. */
const movesOn = (state: HypervisorState, vp: VirtualProcessor, vtl: number): boolean =>
  state.profile.returnAdvancesRip === 'always' || vtlOf(vp, vtl).lastEntry === EntryReason.VTL_CALL;

/** @param control as for a call */
export const vtlReturn = (state: HypervisorState, vp: VirtualProcessor, control: bigint): HypercallResult => {
  const from = vp.activeVtl;
  const to = nextEnabledVtl(vp, from, -1);
  const input = getRegister(state, vp, from, RegisterName.Rax);
  if (control !== BigInt(CallCode.VtlReturn) || (input & ~FAST_RETURN) !== 0n) {
    return undefinedOpcode(state, vp, 'VTL return with a control word or input that is not its own');
  }
  if (to === undefined) return undefinedOpcode(state, vp, 'VTL return from the lowest VTL');
  const fast = input === FAST_RETURN;
  if (movesOn(state, vp, from)) advanceRip(state, vp, from, CALL_INSTRUCTION_LENGTH);
  const returning = vtlOf(vp, from);
  releaseTlbLocks(vp, from);
  resetVinaOnReturn(returning);
  if (!fast) {
    const { rax, rcx } = returnRegisters(returning);
    setRegister(state, vp, from, RegisterName.Rax, rax);
    setRegister(state, vp, from, RegisterName.Rcx, rcx);
  }
  leaveVtl(state, vp, to, fast ? 'fast-return' : 'return');
  evaluateInterrupts(state, vp);
  return { kind: 'vtl-switch', from, to };
};
