/**
 * The machine as a driver in VTL0 sees it: no access checks, and the same wall. Pids and tids stand in for PEPROCESS and PETHREAD
 * pointers; handles are kernel handles, kept in the System process's table.
 */
import { requireId, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { ProcessAccess } from '../../guard/operations.js';
import { newExtendedBasicInformation, ProcessInfoClass } from '../../layout/index.js';
import type { OpenResult, QueryResult } from '../../nt-api.js';
import { isSuccess, Status } from '../../ntstatus.js';
import { requireAddress, requireBuffer, requireHandle } from '../call-arguments.js';
import { ntClose, ntOpenProcess } from './handles.js';
import { isLive, TERMINATING } from './life-cycle.js';
import { copyMemory } from './memory.js';
import { addModule } from './modules.js';
import type { ProcessObject } from './objects.js';
import { effect, noEffect, type OperationCall, operateAsDriver, refuse, vtl0Only } from './operate.js';
import { leavesUserRange } from './operations/copy-memory.js';
import { ensureAddressSpace, ownVtl } from './process-memory.js';
import { ntQueryInformationProcess, secureMark } from './query-process.js';
import { type Caller, type NtSystem, statusOutcome } from './system.js';

/** An out parameter, as the seed's `BOOLEAN *SecureProcess`: any byte before the call, changed by the callee alone. */
export interface OutBoolean {
  value: number;
}

/** What a kernel-mode copy came to. */
export interface KernelCopy {
  readonly status: number;
  readonly copied: number;
}

export interface DriverView {
  /** ZwOpenProcess as a kernel-mode caller: no access check. */
  ZwOpenProcess(pid: number, desiredAccess: number): OpenResult;
  ZwClose(handle: bigint): number;
  /** ZwQueryInformationProcess; `buffer.byteLength` is the length passed. */
  ZwQueryInformationProcess(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult;
  /**
   * The seed article's IsSecureProcess, copied faithfully: on failure the out parameter is left as it was (B46). Read it after success
   * alone; this package's own functions start from `unknown` instead.
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT above APC_LEVEL, where its PAGED_CODE asserts (B51)
   */
  IsSecureProcess(handle: bigint, secureProcess: OutBoolean): number;
  /**
   * The same as a driver that heeds the seed article does it: IsSecureProcess first, and no APC for a trustlet or a process it could
   * not ask (B45).
   * @returns whether the APC was queued
   */
  InsertApcUnlessSecure(tid: number, normalRoutine: bigint, normalContext: bigint): boolean;
  /** KeRaiseIrql, for the processor that this driver runs on. @param level 0 PASSIVE, 1 APC, 2 DISPATCH … 15, not below the present one */
  KeRaiseIrql(level: number): void;
  /** KeLowerIrql. @param level not above the present one */
  KeLowerIrql(level: number): void;
  /**
   * KeInitializeApc with a user routine, then KeInsertQueueApc.
   * @returns false where the thread takes no APC
   */
  KeInsertQueueApc(tid: number, normalRoutine: bigint, normalContext: bigint): boolean;
  /** MmCopyVirtualMemory into or out of a process; `buffer` is the driver's side. */
  MmCopyVirtualMemory(pid: number, address: bigint, buffer: Uint8Array, direction: 'read' | 'write'): KernelCopy;
  /** KeStackAttachProcess, one touch of each byte inside a __try, KeUnstackDetachProcess. */
  KeStackAttachAndTouch(pid: number, address: bigint, buffer: Uint8Array, direction: 'read' | 'write'): KernelCopy;
  /** Maps a DLL's image into a process from the kernel, as a driver that injects does. @returns NTSTATUS */
  LoadImageIntoProcess(pid: number, imageName: string): number;
}

const HIGHEST_IRQL = 15;
const APC: OperationCall = { operation: 'queue-apc', api: 'KeInsertQueueApc', call: 'NtQueueApcThread', injects: true };
const LOAD: OperationCall = {
  operation: 'load-library',
  api: 'ZwMapViewOfSection',
  call: 'NtMapViewOfSection',
  injects: true,
};
const copyCall = (api: string, direction: 'read' | 'write'): OperationCall => ({
  operation: direction,
  api,
  call: direction === 'read' ? 'NtReadVirtualMemory' : 'NtWriteVirtualMemory',
  injects: direction === 'write',
});

class EmulatedDriver implements DriverView {
  readonly #system: NtSystem;

  constructor(system: NtSystem) {
    this.#system = system;
  }

  /** Kernel handles live in System's table. */
  #caller(): Caller {
    for (const process of this.#system.state.processes.values()) {
      if (process.processKind === 'system') return { process, mode: 'kernel' };
    }
    throw new TrustletError(
      'ERR_TRUSTLET_UNSUPPORTED',
      "This machine's scenario has no System process (kind 'system'), so no driver can run in it.",
    );
  }

  #process(pid: number): ProcessObject | null {
    return this.#system.process(requireId('pid', pid)) ?? null;
  }

  ZwOpenProcess(pid: number, desiredAccess: number): OpenResult {
    return ntOpenProcess(
      this.#system,
      this.#caller(),
      requireId('pid', pid),
      requireId('desiredAccess', desiredAccess),
    );
  }

  ZwClose(handle: bigint): number {
    return ntClose(this.#system, this.#caller(), requireHandle('handle', handle));
  }

  ZwQueryInformationProcess(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const into = requireBuffer('buffer', buffer);
    return ntQueryInformationProcess(
      this.#system,
      this.#caller(),
      requireHandle('handle', handle),
      requireId('infoClass', infoClass),
      into,
      8,
    );
  }

  IsSecureProcess(handle: bigint, secureProcess: OutBoolean): number {
    const { irql } = this.#system.state;
    if (irql > Number(this.#system.outcome('B51'))) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `IsSecureProcess was called at IRQL ${irql}: it is paged code and asserts above APC_LEVEL. Ask before raising the IRQL.`,
      );
    }
    const extended = newExtendedBasicInformation(8);
    const { status } = this.ZwQueryInformationProcess(handle, ProcessInfoClass.BasicInformation, extended);
    if (isSuccess(status)) {
      const flags = new DataView(extended.buffer).getUint32(56, true);
      secureProcess.value = (flags & secureMark(this.#system)) === 0 ? 0 : Number(this.#system.outcome('B48'));
      return status;
    }
    const onFailure = this.#system.outcome('B46');
    if (onFailure !== 'untouched') secureProcess.value = onFailure === 'true' ? 1 : 0;
    return status;
  }

  InsertApcUnlessSecure(tid: number, normalRoutine: bigint, normalContext: bigint): boolean {
    const thread = this.#system.thread(requireId('tid', tid));
    if (thread === undefined) return false;
    const isAllowed = this.#system.outcome('B45') === 'never-asks' || this.#isOrdinary(thread.process.pid);
    return isAllowed && this.KeInsertQueueApc(tid, normalRoutine, normalContext);
  }

  #isOrdinary(pid: number): boolean {
    const opened = this.ZwOpenProcess(pid, ProcessAccess.QUERY_LIMITED_INFORMATION);
    if (!isSuccess(opened.status)) return false;
    const answer = { value: 1 };
    const status = this.IsSecureProcess(opened.handle, answer);
    this.ZwClose(opened.handle);
    return isSuccess(status) && answer.value === 0;
  }

  KeRaiseIrql(level: number): void {
    this.#setIrql(level, this.#system.state.irql, HIGHEST_IRQL);
  }

  KeLowerIrql(level: number): void {
    this.#setIrql(level, 0, this.#system.state.irql);
  }

  #setIrql(level: number, lowest: number, highest: number): void {
    if (!Number.isInteger(level) || level < lowest || level > highest) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `level must be a whole number from ${lowest} to ${highest} here; got ${show(level)}.`,
      );
    }
    this.#system.state.irql = level;
  }

  KeInsertQueueApc(tid: number, normalRoutine: bigint, normalContext: bigint): boolean {
    const routine = requireAddress('normalRoutine', normalRoutine);
    const parameter = requireAddress('normalContext', normalContext);
    const thread = this.#system.thread(requireId('tid', tid));
    if (thread === undefined) return false;
    const target = thread.process;
    const status = operateAsDriver(this.#system, APC, target, () => {
      if (thread.terminated || !isLive(target)) return refuse(Status.UNSUCCESSFUL);
      const refusal = target.secure ? statusOutcome(this.#system.onTrustlet('B35')) : null;
      if (refusal !== null) return refuse(refusal);
      thread.apcs.push({ routine, parameter, origin: 'driver' });
      return target.secure ? noEffect() : effect();
    });
    return isSuccess(status);
  }

  MmCopyVirtualMemory(pid: number, address: bigint, buffer: Uint8Array, direction: 'read' | 'write'): KernelCopy {
    return this.#copy('MmCopyVirtualMemory', pid, address, buffer, direction, (target) =>
      // The secure kernel copies only for a process it has let a debugger into (facts/nt.md 6.2).
      target.secure && target.debugger === null ? statusOutcome(this.#system.onTrustlet('N03')) : null,
    );
  }

  KeStackAttachAndTouch(pid: number, address: bigint, buffer: Uint8Array, direction: 'read' | 'write'): KernelCopy {
    return this.#copy('KeStackAttachProcess', pid, address, buffer, direction, (target, at, length) =>
      this.#system.isolation.access(target, at, length, direction) < length
        ? statusOutcome(this.#system.onTrustlet('N04'))
        : null,
    );
  }

  #copy(
    api: string,
    pid: number,
    address: bigint,
    buffer: Uint8Array,
    direction: 'read' | 'write',
    refusalOf: (target: ProcessObject, address: number, length: number) => number | null,
  ): KernelCopy {
    const at = requireAddress('address', address);
    const bytes = requireBuffer('buffer', buffer);
    const target = this.#process(pid);
    if (target === null) return { status: Status.INVALID_CID, copied: 0 };
    if (leavesUserRange(at, bytes.length)) return { status: Status.ACCESS_VIOLATION, copied: 0 };
    let copied = 0;
    const status = operateAsDriver(this.#system, copyCall(api, direction), target, () => {
      if (!isLive(target)) return refuse(TERMINATING);
      const refusal = refusalOf(target, at, bytes.length);
      if (refusal !== null) return refuse(refusal);
      const { memory } = this.#system;
      // Past the refusals it is the secure kernel that copies out of a trustlet, for a debugger it has let in.
      const vtl = target.debugger === null ? 0 : ownVtl(target);
      copied = copyMemory(memory, vtl, ensureAddressSpace(memory, target), at, bytes, direction);
      if (copied < bytes.length) return refuse(Status.PARTIAL_COPY);
      return target.secure && target.debugger === null ? vtl0Only() : effect();
    });
    return { status, copied };
  }

  LoadImageIntoProcess(pid: number, imageName: string): number {
    if (typeof imageName !== 'string' || imageName === '') {
      throw new TrustletError('ERR_TRUSTLET_ARGUMENT', 'imageName must be the name of a DLL.');
    }
    const target = this.#process(pid);
    if (target === null) return Status.INVALID_CID;
    return operateAsDriver(this.#system, LOAD, target, () => {
      if (!isLive(target)) return refuse(TERMINATING);
      const outcome = target.secure ? this.#system.onTrustlet('B33') : 'vtl0-only';
      const refusal = statusOutcome(outcome);
      if (refusal !== null) return refuse(refusal);
      addModule(this.#system.memory, target, imageName, { vtl0: true, vtl1: outcome === 'both' });
      return target.secure ? vtl0Only() : effect();
    });
  }
}

export const ntDriverView = (system: NtSystem): DriverView => new EmulatedDriver(system);
