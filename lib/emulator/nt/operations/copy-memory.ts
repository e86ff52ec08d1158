/** NtReadVirtualMemory and NtWriteVirtualMemory. */
import { ProcessAccess } from '../../../guard/operations.js';
import { isSuccess, Status } from '../../../ntstatus.js';
import { isLive, TERMINATING } from '../life-cycle.js';
import { copyMemory, PageProtection, regionAt, USER_ADDRESS_END } from '../memory.js';
import type { ProcessObject } from '../objects.js';
import { type Acted, effect, noEffect, type OperationCall, operateOnHandle, refuse } from '../operate.js';
import { ensureAddressSpace, ownVtl, plant } from '../process-memory.js';
import { type Caller, hasDebugPrivilege, type NtSystem, statusOutcome } from '../system.js';

const READ: OperationCall = { operation: 'read', api: 'ReadProcessMemory', call: 'NtReadVirtualMemory' };
const WRITE: OperationCall = {
  operation: 'write',
  api: 'WriteProcessMemory',
  call: 'NtWriteVirtualMemory',
  injects: true,
};

/** What a copy came to. */
export interface CopyResult {
  readonly status: number;
  readonly copied: number;
}

/** True when [address, address+length) leaves the user range: STATUS_ACCESS_VIOLATION before the handle is looked at (facts/nt.md 6.2). */
export const leavesUserRange = (address: number, length: number): boolean =>
  address < 0 || address + length > USER_ADDRESS_END;

/**
 * Whether the secure test of the copy applies: not to oneself, not to a target that is being debugged (then the secure kernel copies
 * for the debugger), and, in row B32, not even a debug privilege lifts it.
 */
const isShielded = (system: NtSystem, caller: Caller, target: ProcessObject): boolean => {
  if (!target.secure || target === caller.process || target.debugger !== null) return false;
  return !(system.outcome('B32') === 'reachable' && hasDebugPrivilege(caller.process));
};

/** A user-mode write reaches read-only code too: WriteProcessMemory lifts the protection for the moment of the copy. */
const isCode = (system: NtSystem, target: ProcessObject, address: number): boolean =>
  regionAt(ensureAddressSpace(system.memory, target), address)?.protection === PageProtection.EXECUTE_READ;

const copy = (
  system: NtSystem,
  caller: Caller,
  target: ProcessObject,
  address: number,
  buffer: Uint8Array,
  direction: 'read' | 'write',
): CopyResult => {
  const { memory } = system;
  const space = ensureAddressSpace(memory, target);
  // The secure kernel copies for a debugger it has let in, and for the trustlet itself.
  const throughSecureKernel = target.debugger !== null || target === caller.process;
  const allowed = throughSecureKernel
    ? buffer.length
    : system.isolation.access(target, address, buffer.length, direction);
  const vtl = throughSecureKernel ? ownVtl(target) : 0;
  const copied =
    direction === 'write' && isCode(system, target, address)
      ? plant(memory, vtl, space, address, buffer.subarray(0, allowed))
      : copyMemory(memory, vtl, space, address, buffer, direction, allowed);
  return { status: copied === buffer.length ? Status.SUCCESS : Status.PARTIAL_COPY, copied };
};

const transfer = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  address: number,
  buffer: Uint8Array,
  direction: 'read' | 'write',
): CopyResult => {
  if (leavesUserRange(address, buffer.length)) return { status: Status.ACCESS_VIOLATION, copied: 0 };
  if (buffer.length === 0) return { status: Status.SUCCESS, copied: 0 };
  const access = direction === 'read' ? ProcessAccess.VM_READ : ProcessAccess.VM_WRITE;
  const call = direction === 'read' ? READ : WRITE;
  let copied = 0;
  const act = (target: ProcessObject): Acted => {
    if (!isLive(target)) return refuse(TERMINATING);
    if (isShielded(system, caller, target)) {
      const status = statusOutcome(system.onTrustlet(direction === 'read' ? 'B42' : 'B43'));
      if (status !== null) return refuse(status);
      copied = buffer.length;
      return noEffect();
    }
    const result = copy(system, caller, target, address, buffer, direction);
    copied = result.copied;
    return isSuccess(result.status) || copied > 0 ? effect(result.status) : refuse(result.status);
  };
  return { status: operateOnHandle(system, caller, call, handle, 'process', access, act), copied };
};

/**
 * NtReadVirtualMemory: range, then length zero (success without a test), then handle and rights, then isolation, then the pages.
 * @param buffer filled as far as the copy gets
 */
export const ntReadVirtualMemory = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  address: number,
  buffer: Uint8Array,
): CopyResult => transfer(system, caller, handle, address, buffer, 'read');

/** NtWriteVirtualMemory, with the protection change that WriteProcessMemory puts around it. */
export const ntWriteVirtualMemory = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  address: number,
  bytes: Uint8Array,
): CopyResult => transfer(system, caller, handle, address, bytes, 'write');
