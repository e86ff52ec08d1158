/**
 * The hypercall instruction (facts/vsm.md 1.2): control word, buffers, reps, continuation and result. What a call does is in
 * `calls/`.
 */
import { CallResult, Control, decodeFields, encodeFields, type Fields, hasReservedBits } from './bit-layouts.js';
import { CallCode, callNamed } from './call-codes.js';
import { type Call, type Caller, firstRefusal, type RepCall, type SimpleCall } from './calls/call.js';
import { calls } from './calls/calls.js';
import { CALL_INSTRUCTION_LENGTH, Vector } from './constants.js';
import { refuse } from './failure-matrix.js';
import { HvStatus } from './hv-status.js';
import { type CallBuffers, fastBuffers, memoryBuffers } from './hypercall-buffers.js';
import { fault, type HypercallResult, type Intercepted } from './outcomes.js';
import { RegisterName } from './register-names.js';
import { advanceRip, getRegister, type HypervisorState, log, setRegister } from './state.js';
import { isRealMode, privilegeLevel, type VirtualProcessor } from './virtual-processor.js';
import { vtlCall, vtlReturn } from './vtl-instructions.js';

type ControlFields = Fields<typeof Control>;

const QWORD = 8;

/** How far a call came. */
interface Progress {
  readonly status: number;
  readonly repsCompleted: number;
}

const complete = ({ state, vp, vtl }: Caller, { code }: ControlFields, progress: Progress): HypercallResult => {
  const { status, repsCompleted } = progress;
  const result = encodeFields(CallResult, { status, repsCompleted });
  setRegister(state, vp, vtl, RegisterName.Rax, result);
  advanceRip(state, vp, vtl, CALL_INSTRUCTION_LENGTH);
  vp.waiting = false;
  log(state, { kind: 'hypercall', vp: vp.index, vtl, code, status, repsCompleted });
  return { kind: 'completed', status, repsCompleted, result };
};

/** RIP stays; the same instruction goes on from the next rep (facts/vsm.md 1.2). */
const continueAt = ({ state, vp, vtl }: Caller, control: ControlFields, repsCompleted: number): HypercallResult => {
  const next = encodeFields(Control, { ...control, repStart: repsCompleted });
  setRegister(state, vp, vtl, RegisterName.Rcx, next);
  const event = { kind: 'hypercall-suspended', vp: vp.index, vtl, code: control.code } as const;
  log(state, { ...event, reason: 'rep-budget', repsCompleted });
  return { kind: 'continued', repsCompleted };
};

/** A VP that waits is logged once, however often it tries. */
const wait = ({ state, vp, vtl }: Caller, { code, repStart }: ControlFields): HypercallResult => {
  const event = { kind: 'hypercall-suspended', vp: vp.index, vtl, code } as const;
  if (!vp.waiting) log(state, { ...event, reason: 'tlb-lock', repsCompleted: repStart });
  vp.waiting = true;
  return { kind: 'waiting' };
};

const isBadForm = (call: Call, control: ControlFields): boolean => {
  const { fast, nested, variableHeaderQwords, repCount, repStart } = control;
  if (nested === 1 || (fast === 1 && !call.fast)) return true;
  if (variableHeaderQwords !== 0 && call.variableHeader !== true) return true;
  if (call.kind === 'simple') return repCount !== 0 || repStart !== 0;
  return repStart >= repCount;
};

/** C4: a profile may let a call for registers do nothing. */
const isEmptySuccess = ({ state }: Caller, call: Call, { repCount, repStart }: ControlFields): boolean =>
  call.kind === 'rep' &&
  call.mayBeEmpty === true &&
  state.profile.noRegisters === 'success' &&
  repCount === 0 &&
  repStart === 0;

const buffersOf = (caller: Caller, call: Call, control: ControlFields): CallBuffers | number | Intercepted => {
  const reps = call.kind === 'rep' ? control.repCount : 0;
  const header = call.headerSize + control.variableHeaderQwords * QWORD;
  const inputSize = header + (call.kind === 'rep' ? reps * call.repInputSize : 0);
  const outputSize = call.kind === 'rep' ? reps * call.repOutputSize : call.outputSize;
  return control.fast === 1 ? fastBuffers(caller, inputSize, outputSize) : memoryBuffers(caller, inputSize, outputSize);
};

const runSimple = (
  caller: Caller,
  call: SimpleCall,
  control: ControlFields,
  { input, output, store }: CallBuffers,
): HypercallResult => {
  const status = call.run(caller, input, output);
  if (status === 'waiting') return wait(caller, control);
  if (status === HvStatus.SUCCESS) store(0, call.outputSize);
  return complete(caller, control, { status, repsCompleted: 0 });
};

const runReps = (
  caller: Caller,
  call: RepCall,
  control: ControlFields,
  { input, output, store }: CallBuffers,
): HypercallResult => {
  const { repStart, repCount: count } = control;
  const checked = call.check(caller, input);
  if (checked === 'waiting') return wait(caller, control);
  const elements = call.headerSize + control.variableHeaderQwords * QWORD;
  const end = Math.min(count, repStart + caller.state.repBudget);
  let status = checked;
  let index = repStart;
  while (status === HvStatus.SUCCESS && index < end) {
    status = call.rep(caller, input, { index, count, elements }, output);
    if (status === HvStatus.SUCCESS) index += 1;
  }
  if (index > repStart) call.logReps?.(caller, input, { index: repStart, count, elements }, index);
  store(repStart * call.repOutputSize, index * call.repOutputSize);
  const unfinished = status === HvStatus.SUCCESS && index < count;
  return unfinished ? continueAt(caller, control, index) : complete(caller, control, { status, repsCompleted: index });
};

const privilegeMissing = ({ state }: Caller, { privilege }: Call): boolean =>
  privilege !== undefined && !state.features[privilege];

const runCall = (caller: Caller, call: Call, control: ControlFields, word: bigint): HypercallResult => {
  const { profile } = caller.state;
  // A denial wins over whatever else is wrong (facts/vsm.md 1.2).
  const status =
    refuse(profile, 'privilege-missing', privilegeMissing(caller, call)) ??
    refuse(profile, 'control-reserved-bits', hasReservedBits(Control, word));
  if (status !== null) return complete(caller, control, { status, repsCompleted: 0 });
  if (isEmptySuccess(caller, call, control)) {
    return complete(caller, control, { status: HvStatus.SUCCESS, repsCompleted: 0 });
  }
  const badForm = refuse(profile, 'control-bad-form', isBadForm(call, control));
  if (badForm !== null) return complete(caller, control, { status: badForm, repsCompleted: 0 });
  const buffers = buffersOf(caller, call, control);
  if (typeof buffers === 'number') {
    // Nothing was done, in this execution: reps of earlier ones stay counted.
    return complete(caller, control, { status: buffers, repsCompleted: control.repStart });
  }
  if ('kind' in buffers) return buffers;
  return call.kind === 'simple' ? runSimple(caller, call, control, buffers) : runReps(caller, call, control, buffers);
};

/**
 * The active VTL of a VP executes the hypercall instruction with the registers it has: RCX the control word, RDX and R8 the
 * buffers or fast words, RAX a VTL call's input.
 */
export const executeHypercall = (state: HypervisorState, vp: VirtualProcessor): HypercallResult => {
  const caller: Caller = { state, vp, vtl: vp.activeVtl };
  const { vtl } = caller;
  if (privilegeLevel(vp, vtl) !== 0 || isRealMode(vp, vtl)) {
    const why = 'hypercall outside of CPL 0 or in real mode';
    log(state, { kind: 'fault', vp: vp.index, vtl, vector: Vector.INVALID_OPCODE, why });
    return fault(Vector.INVALID_OPCODE, null);
  }
  const word = getRegister(state, vp, vtl, RegisterName.Rcx);
  const control = decodeFields(Control, word);
  if (control.code === CallCode.VtlCall) return vtlCall(state, vp, word);
  if (control.code === CallCode.VtlReturn) return vtlReturn(state, vp, word);
  const name = callNamed(control.code, state.profile.callNumbering);
  if (name === undefined || name === 'VtlCall' || name === 'VtlReturn') {
    const status = firstRefusal(caller, [['unknown-call', true]]);
    return complete(caller, control, { status, repsCompleted: 0 });
  }
  return runCall(caller, calls[name], control, word);
};
