/** NtDebugActiveProcess and NtRemoveProcessDebug. */

import { ProcessAccess } from '../../../guard/operations.js';
import { SYSTEM_PID } from '../../../layout/index.js';
import { dominates } from '../../../layout/protection-rules.js';
import { isSuccess, Status } from '../../../ntstatus.js';
import { parseStatus } from '../../status-names.js';
import { isLive, TERMINATING } from '../life-cycle.js';
import type { ProcessObject } from '../objects.js';
import { type Acted, effect, type OperationCall, operateOnHandle, refuse } from '../operate.js';
import { type Caller, isStatusOutcome, type NtSystem } from '../system.js';

const ATTACH: OperationCall = {
  operation: 'debug',
  api: 'DebugActiveProcess',
  call: 'NtDebugActiveProcess',
  injects: true,
};
const DETACH: OperationCall = { operation: 'debug', api: 'DebugActiveProcessStop', call: 'NtDebugActiveProcess' };

/** What the secure kernel says of a debugger. @returns null to let it in */
const secureKernelRefusal = (system: NtSystem, process: ProcessObject): number | null => {
  if (!process.secure) return null;
  const uniform = system.outcome('B37');
  if (isStatusOutcome(String(uniform))) return parseStatus(uniform);
  const secure = system.secureKernel.secureProcess(process);
  // Without VTL1 nobody is there to let a debugger in.
  if (secure === undefined) return parseStatus(system.outcome('B28'));
  const { status } = system.secureKernel.ask('DEBUG_PROCESS', [secure.handle], process.label);
  return isSuccess(status) ? null : status;
};

const protectionRefusal = (caller: Caller, process: ProcessObject): number | null =>
  dominates(caller.process.protection, process.protection) ? null : Status.PROCESS_IS_PROTECTED;

/** Self and System, then protection, then the secure kernel, then a debugger that is there already (facts/nt.md 6.2). */
const attach = (system: NtSystem, caller: Caller, target: ProcessObject): Acted => {
  if (target === caller.process || target.pid === SYSTEM_PID) return refuse(Status.ACCESS_DENIED);
  const protection = (): number | null => protectionRefusal(caller, target);
  const secure = (): number | null => secureKernelRefusal(system, target);
  const refusal =
    system.outcome('N11') === 'protection-first' ? (protection() ?? secure()) : (secure() ?? protection());
  if (refusal !== null) return refuse(refusal);
  if (!isLive(target)) return refuse(TERMINATING);
  if (target.debugger !== null) return refuse(Status.INVALID_PARAMETER);
  target.debugger = caller.process;
  return effect();
};

/** NtDebugActiveProcess. Process right SUSPEND_RESUME (SET_PORT). */
export const ntDebugActiveProcess = (system: NtSystem, caller: Caller, handle: bigint): number =>
  operateOnHandle(system, caller, ATTACH, handle, 'process', ProcessAccess.SUSPEND_RESUME, (target) =>
    attach(system, caller, target),
  );

/** NtRemoveProcessDebug. */
export const ntRemoveProcessDebug = (system: NtSystem, caller: Caller, handle: bigint): number =>
  operateOnHandle(system, caller, DETACH, handle, 'process', ProcessAccess.SUSPEND_RESUME, (target) => {
    if (target.debugger !== caller.process) return refuse(Status.PORT_NOT_SET);
    target.debugger = null;
    return effect();
  });
