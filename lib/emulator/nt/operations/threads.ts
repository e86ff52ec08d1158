/** NtQueueApcThread, NtCreateThreadEx, thread contexts, NtSuspendThread and NtResumeThread. */
import { ProcessAccess, ThreadAccess } from '../../../guard/operations.js';
import { Status } from '../../../ntstatus.js';
import { insertHandle } from '../handles.js';
import { isLive, nextFreeId, TERMINATING } from '../life-cycle.js';
import type { ProcessObject, ThreadContext, ThreadObject } from '../objects.js';
import { type Acted, effect, noEffect, type OperationCall, operateOnHandle, refuse, vtl0Only } from '../operate.js';
import { type Caller, type NtSystem, statusOutcome } from '../system.js';
import { createThread } from '../threads.js';

const QUEUE: OperationCall = { operation: 'queue-apc', api: 'QueueUserAPC', call: 'NtQueueApcThread', injects: true };
const CREATE: OperationCall = {
  operation: 'create-thread',
  api: 'CreateRemoteThread',
  call: 'NtCreateThreadEx',
  injects: true,
};
const SET_CONTEXT: OperationCall = {
  operation: 'set-context',
  api: 'SetThreadContext',
  call: 'NtSetContextThread',
  injects: true,
};
const GET_CONTEXT: OperationCall = { operation: 'set-context', api: 'GetThreadContext', call: 'NtGetContextThread' };
const SUSPEND: OperationCall = { operation: 'suspend', api: 'SuspendThread', call: 'NtSuspendThread' };
const RESUME: OperationCall = { operation: 'suspend', api: 'ResumeThread', call: 'NtSuspendThread' };

/** MAXIMUM_SUSPEND_COUNT (winnt.h). */
const MAXIMUM_SUSPEND_COUNT = 127;
/** First build whose PspAllocateThread refuses a secure target at once (facts/nt.md 0.7). */
const FIRST_BUILD_WITH_EARLY_REFUSAL = 26100;
const THREAD_ALL = ThreadAccess.ALL;

/** NtQueueApcThread. Thread right SET_CONTEXT. */
export const ntQueueApcThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  routine: number,
  parameter: number,
): number =>
  operateOnHandle(system, caller, QUEUE, handle, 'thread', ThreadAccess.SET_CONTEXT, (thread) => {
    // System threads take no user APC; an ended one is not queueable (facts/nt.md 6.2).
    if (thread.process.processKind !== 'normal' && thread.process.processKind !== 'pico')
      return refuse(Status.INVALID_HANDLE);
    if (thread.terminated || !isLive(thread.process)) return refuse(Status.UNSUCCESSFUL);
    const { secure } = thread.process;
    const refusal = secure ? statusOutcome(system.onTrustlet('B39')) : null;
    if (refusal !== null) return refuse(refusal);
    thread.apcs.push({ routine, parameter, origin: 'user' });
    return secure ? noEffect() : effect();
  });

/** What the kernel says of a thread for a trustlet, null where it lets it be made. */
const creationRefusal = (system: NtSystem): number | null => {
  const outcome = system.onTrustlet('B40');
  if (outcome !== 'by-build') return statusOutcome(outcome);
  if (system.parameters.build >= FIRST_BUILD_WITH_EARLY_REFUSAL) return Status.INVALID_PARAMETER;
  return statusOutcome(String(system.outcome('N06')));
};

export interface ThreadRequest {
  readonly routine: number;
  readonly parameter: number;
  readonly suspended: boolean;
}

/** NtCreateThreadEx. The kernel asks for CREATE_THREAD alone; the Win32 page asks for more (facts/nt.md 6.2). */
export const ntCreateThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  request: ThreadRequest,
): { readonly status: number; readonly handle: bigint; readonly tid: number } => {
  let made: ThreadObject | null = null;
  const act = (target: ProcessObject): Acted => {
    if (!isLive(target)) return refuse(TERMINATING);
    const refusal = target.secure ? creationRefusal(system) : null;
    if (refusal !== null) return refuse(refusal);
    const thread = createThread(nextFreeId(system), target, { routine: request.routine, parameter: request.parameter });
    thread.suspendCount = request.suspended ? 1 : 0;
    target.tids = [...target.tids, thread.tid];
    system.state.threads.set(thread.tid, thread);
    system.state.threadOwners.set(thread.tid, target);
    made = thread;
    return target.secure ? noEffect() : effect();
  };
  const status = operateOnHandle(system, caller, CREATE, handle, 'process', ProcessAccess.CREATE_THREAD, act);
  const thread = made as ThreadObject | null;
  if (thread === null) return { status, handle: 0n, tid: 0 };
  return { status, handle: insertHandle(system, caller.process, thread, THREAD_ALL), tid: thread.tid };
};

const contextRefusal = (system: NtSystem, thread: ThreadObject): Acted | null => {
  if (thread.terminated || !isLive(thread.process)) return refuse(Status.THREAD_IS_TERMINATING);
  const refusal = thread.process.secure ? statusOutcome(system.onTrustlet('N02')) : null;
  return refusal === null ? null : refuse(refusal);
};

/** NtGetContextThread: the context into `into`; a trustlet thread has a VTL0 shell's. */
export const ntGetContextThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  into: Partial<ThreadContext>,
): number =>
  operateOnHandle(system, caller, GET_CONTEXT, handle, 'thread', ThreadAccess.GET_CONTEXT, (thread) => {
    const refusal = contextRefusal(system, thread);
    if (refusal !== null) return refusal;
    Object.assign(into, thread.context);
    return thread.process.secure ? vtl0Only() : effect();
  });

/** NtSetContextThread: an ordinary thread goes on from the new rip when it runs next. */
export const ntSetContextThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  context: Partial<ThreadContext>,
): number =>
  operateOnHandle(system, caller, SET_CONTEXT, handle, 'thread', ThreadAccess.SET_CONTEXT, (thread) => {
    const refusal = contextRefusal(system, thread);
    if (refusal !== null) return refusal;
    thread.redirected = context.rip !== undefined && context.rip !== thread.context.rip;
    Object.assign(thread.context, context);
    return thread.process.secure ? vtl0Only() : effect();
  });

const suspensionRefusal = (system: NtSystem, thread: ThreadObject): Acted | null => {
  if (thread.terminated || !isLive(thread.process)) return refuse(Status.THREAD_IS_TERMINATING);
  // Scheduling is no isolation matter: row N10 alone answers, not the uniform failure of B37.
  const refusal = thread.process.secure ? statusOutcome(String(system.outcome('N10'))) : null;
  return refusal === null ? null : refuse(refusal);
};

/** NtSuspendThread. @returns the status and the count before the call */
export const ntSuspendThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
): { readonly status: number; readonly previous: number } => {
  let previous = 0;
  const status = operateOnHandle(system, caller, SUSPEND, handle, 'thread', ThreadAccess.SUSPEND_RESUME, (thread) => {
    const refusal = suspensionRefusal(system, thread);
    if (refusal !== null) return refusal;
    if (thread.suspendCount === MAXIMUM_SUSPEND_COUNT) return refuse(Status.SUSPEND_COUNT_EXCEEDED);
    previous = thread.suspendCount;
    thread.suspendCount += 1;
    return effect();
  });
  return { status, previous };
};

/** NtResumeThread. @returns the status and the count before the call */
export const ntResumeThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
): { readonly status: number; readonly previous: number } => {
  let previous = 0;
  const status = operateOnHandle(system, caller, RESUME, handle, 'thread', ThreadAccess.SUSPEND_RESUME, (thread) => {
    const refusal = suspensionRefusal(system, thread);
    if (refusal !== null) return refusal;
    previous = thread.suspendCount;
    thread.suspendCount = Math.max(0, thread.suspendCount - 1);
    return effect();
  });
  return { status, previous };
};
