/** NtTerminateProcess, NtDuplicateObject across processes, instrumentation callbacks, windows hooks. */

import { ProcessAccess } from '../../../guard/operations.js';
import { SYSTEM_PID } from '../../../layout/index.js';
import type { OpenResult } from '../../../nt-api.js';
import { Status } from '../../../ntstatus.js';
import { duplicateInto, ntDuplicateOwn, peekHandle, referenceHandle, removeHandle } from '../handles.js';
import { endProcess, isLive, TERMINATING } from '../life-cycle.js';
import { type ProcessObject, processOf } from '../objects.js';
import {
  type Acted,
  effect,
  noEffect,
  type OperationCall,
  operateAsDriver,
  operateOnHandle,
  refuse,
  vtl0Only,
} from '../operate.js';
import { type Caller, hasDebugPrivilege, type NtSystem, statusOutcome } from '../system.js';

const TERMINATE: OperationCall = { operation: 'terminate', api: 'TerminateProcess', call: 'NtTerminateProcess' };
const DUPLICATE: OperationCall = { operation: 'duplicate-handle', api: 'DuplicateHandle', call: 'NtDuplicateObject' };
const SET_INFORMATION: OperationCall = {
  operation: 'set-information',
  api: 'SetProcessInformation',
  call: 'NtSetInformationProcess',
  injects: true,
};
/** win32k's call is none of the NT calls that can be scripted; it passes the gate as the other setting of a process does. */
const HOOK: OperationCall = {
  operation: 'set-windows-hook',
  api: 'SetWindowsHookEx',
  call: 'NtSetInformationProcess',
  injects: true,
};

/** ProcessInstrumentationCallback (phnt). */
export const INSTRUMENTATION_CALLBACK_CLASS = 40;

/** NtTerminateProcess. Process right TERMINATE; on a trustlet by rights alone (row N10). */
export const ntTerminateProcess = (system: NtSystem, caller: Caller, handle: bigint, exitStatus: number): number =>
  operateOnHandle(system, caller, TERMINATE, handle, 'process', ProcessAccess.TERMINATE, (target) => {
    if (!isLive(target)) return refuse(TERMINATING);
    if (target.pid === SYSTEM_PID) return refuse(Status.ACCESS_DENIED);
    const refusal = target.secure ? statusOutcome(String(system.outcome('N10'))) : null;
    if (refusal !== null) return refuse(refusal);
    endProcess(system, target, exitStatus);
    return effect();
  });

/** DUPLICATE_SAME_ACCESS and DUPLICATE_CLOSE_SOURCE (winnt.h). */
const DuplicateOption = { CLOSE_SOURCE: 1, SAME_ACCESS: 2 } as const;

/** What DuplicateHandle is asked for. */
export interface DuplicateRequest {
  readonly sourceProcess: bigint;
  readonly source: bigint;
  readonly targetProcess: bigint;
  readonly access: number;
  readonly options: number;
}

/** NtDuplicateObject. Inside one process it is no operation on another; out of another it needs DUP_HANDLE. */
export const ntDuplicateObject = (system: NtSystem, caller: Caller, request: DuplicateRequest): OpenResult => {
  const access = (request.options & DuplicateOption.SAME_ACCESS) !== 0 ? null : request.access;
  const to = referenceHandle(system, caller, request.targetProcess, 'process', ProcessAccess.DUP_HANDLE);
  if (to.object === null) return { status: to.status, handle: 0n };
  const target = to.object;
  const source = peekHandle(system, caller.process, request.sourceProcess);
  const own = source !== undefined && processOf(source) === caller.process && target === caller.process;
  if (own) {
    const opened = ntDuplicateOwn(system, caller, request.source, access);
    if ((request.options & DuplicateOption.CLOSE_SOURCE) !== 0) removeHandle(system, caller.process, request.source);
    return opened;
  }
  let result: OpenResult = { status: Status.UNSUCCESSFUL, handle: 0n };
  const act = (from: ProcessObject): Acted => {
    if (!isLive(from) || !isLive(target)) return refuse(TERMINATING);
    // The handle table is VTL0's: no isolation matter, so row N07 alone answers.
    const refusal = from.secure || target.secure ? statusOutcome(String(system.outcome('N07'))) : null;
    if (refusal !== null) return refuse(refusal);
    result = duplicateInto(system, caller, from, request.source, target, access);
    if ((request.options & DuplicateOption.CLOSE_SOURCE) !== 0) removeHandle(system, from, request.source);
    return result.handle === 0n ? refuse(result.status) : effect();
  };
  const status = operateOnHandle(
    system,
    caller,
    DUPLICATE,
    request.sourceProcess,
    'process',
    ProcessAccess.DUP_HANDLE,
    act,
  );
  return { status, handle: result.handle };
};

/** NtSetInformationProcess with an instrumentation callback. Right SET_INFORMATION, and SeDebugPrivilege for another process. */
export const ntSetInstrumentationCallback = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  callback: number,
): number =>
  operateOnHandle(system, caller, SET_INFORMATION, handle, 'process', ProcessAccess.SET_INFORMATION, (target) => {
    if (!isLive(target)) return refuse(TERMINATING);
    if (target !== caller.process && !hasDebugPrivilege(caller.process)) return refuse(Status.PRIVILEGE_NOT_HELD);
    const refusal = target.secure ? statusOutcome(system.onTrustlet('N08')) : null;
    if (refusal !== null) return refuse(refusal);
    target.instrumentationCallback = callback === 0 ? null : callback;
    return target.secure ? vtl0Only() : effect();
  });

/** SetWindowsHookEx on one thread, by its id: no handle, so the session decides. */
export const setThreadHook = (
  system: NtSystem,
  caller: Caller,
  tid: number,
  module: string,
  routine: number,
): number => {
  const thread = system.thread(tid);
  if (thread === undefined || thread.terminated) return Status.INVALID_CID;
  const target = thread.process;
  return operateAsDriver(system, HOOK, target, () => {
    if (!isLive(target)) return refuse(TERMINATING);
    const refusal = target.secure ? statusOutcome(system.onTrustlet('N09')) : null;
    if (refusal !== null) return refuse(refusal);
    if (target.secure) return noEffect();
    if (target.sessionId !== caller.process.sessionId) return refuse(Status.ACCESS_DENIED);
    target.hooks = [...target.hooks, { module, routine }];
    return effect();
  });
};
