/** The frame of every operation on a process: gate, reference, act, record. */
import type { GuardOperation } from '../../types.js';
import type { FaultCall } from '../scenario.js';
import type { TouchOutcome } from '../touches.js';
import { peekHandle, referenceHandle } from './handles.js';
import { type ProcessObject, processOf, type ThreadObject } from './objects.js';
import type { Caller, NtSystem } from './system.js';

/** What identifies an operation in the gate and in the record. */
export interface OperationCall {
  readonly operation: GuardOperation;
  readonly api: string;
  readonly call: FaultCall;
  /** Counts as an attempt to get code into the process (policy `destabilise`). */
  readonly injects?: boolean | undefined;
}

/** What acting came to. */
export interface Acted {
  readonly status: number;
  readonly outcome: TouchOutcome;
}

/** It did what it does on an ordinary process. */
export const effect = (status = 0): Acted => ({ status: status >>> 0, outcome: 'effect' });
export const vtl0Only = (): Acted => ({ status: 0, outcome: 'vtl0-only' });
export const noEffect = (): Acted => ({ status: 0, outcome: 'no-effect' });
export const refuse = (status: number): Acted => ({ status: status >>> 0, outcome: 'refused' });

const record = (system: NtSystem, call: OperationCall, process: ProcessObject, acted: Acted): number => {
  const { operation, api, injects = false } = call;
  const touch = system.touch(process, { operation, api, ...acted });
  if (injects) system.destabilise(touch);
  return acted.status;
};

interface Kinds {
  readonly process: ProcessObject;
  readonly thread: ThreadObject;
}

/**
 * An operation on the object behind a handle.
 * @param access rights the handle must have
 * @param act runs once the handle has been referenced with them
 * @returns the NTSTATUS
 */
export const operateOnHandle = <K extends keyof Kinds>(
  system: NtSystem,
  caller: Caller,
  call: OperationCall,
  handle: bigint,
  kind: K,
  access: number,
  act: (object: Kinds[K]) => Acted,
): number => {
  const peeked = peekHandle(system, caller.process, handle);
  const aimedAt = peeked === undefined ? null : processOf(peeked);
  const fault = system.enter({ call: call.call, target: aimedAt });
  const reference = referenceHandle(system, caller, handle, kind, access);
  // A handle that names no process or thread is refused by the reference, and nobody was touched.
  if (aimedAt === null) return fault ?? reference.status;
  if (fault !== null) return record(system, call, aimedAt, refuse(fault));
  return record(system, call, aimedAt, reference.object === null ? refuse(reference.status) : act(reference.object));
};

/** A driver's operation on a process it has a pointer to: no handle, no rights. */
export const operateAsDriver = (
  system: NtSystem,
  call: OperationCall,
  process: ProcessObject,
  act: () => Acted,
): number => {
  const fault = system.enter({ call: call.call, target: process });
  return record(system, call, process, fault === null ? act() : refuse(fault));
};
