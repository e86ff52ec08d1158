/** NtQueryInformationThread: who a thread is, and whether it has ended. */
import { ThreadAccess } from '../../guard/operations.js';
import {
  encodeThreadBasicInformation,
  ThreadInfoClass,
  threadBasicInformationSize,
  type WordSize,
} from '../../layout/index.js';
import type { QueryResult } from '../../nt-api.js';
import { Status } from '../../ntstatus.js';
import { peekHandle, referenceHandle } from './handles.js';
import { processOf, type ThreadObject } from './objects.js';
import type { Caller, NtSystem } from './system.js';

const result = (status: number, returnLength = 0): QueryResult => ({ status: status >>> 0, returnLength });

const basic = (thread: ThreadObject, wordSize: WordSize): Uint8Array =>
  encodeThreadBasicInformation(
    { exitStatus: thread.exitStatus, uniqueProcess: thread.process.pid, uniqueThread: thread.tid },
    wordSize,
  );

/**
 * NtQueryInformationThread, classes 0 and 20; both need THREAD_QUERY_LIMITED_INFORMATION.
 * @param buffer its length is the length passed
 */
export const ntQueryInformationThread = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  infoClass: number,
  buffer: Uint8Array,
  wordSize: WordSize,
): QueryResult => {
  const peeked = peekHandle(system, caller.process, handle);
  const target = peeked === undefined ? null : processOf(peeked);
  const fault = system.enter({ call: 'NtQueryInformationThread', target, infoClass });
  if (fault !== null) return result(fault);
  if (infoClass !== ThreadInfoClass.BasicInformation && infoClass !== ThreadInfoClass.IsTerminated) {
    return result(Status.INVALID_INFO_CLASS);
  }
  const size = infoClass === ThreadInfoClass.BasicInformation ? threadBasicInformationSize(wordSize) : 4;
  if (buffer.byteLength !== size) return result(Status.INFO_LENGTH_MISMATCH, size);
  const reference = referenceHandle(system, caller, handle, 'thread', ThreadAccess.QUERY_LIMITED_INFORMATION);
  if (reference.object === null) return result(reference.status);
  const thread = reference.object;
  buffer.set(size === 4 ? Uint8Array.of(Number(thread.terminated), 0, 0, 0) : basic(thread, wordSize));
  return result(Status.SUCCESS, size);
};
