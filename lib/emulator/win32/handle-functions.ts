/** Opening, closing, duplicating, and asking what a handle is. */
import { requireId } from '../../arguments.js';
import { ProcessAccess } from '../../guard/operations.js';
import { decodeThreadBasicInformation, threadBasicInformationSize } from '../../layout/index.js';
import { type Out, requireHandle } from '../call-arguments.js';
import { ntClose, ntOpenProcess, ntOpenThread, referenceHandle } from '../nt/handles.js';
import { ntDuplicateObject, ntTerminateProcess } from '../nt/operations/manage.js';
import { ntQueryInformationThread } from '../nt/query-thread.js';
import type { SurfaceContext } from './context.js';

export interface HandleFunctions {
  /** @returns the error code of the last call of this surface that failed */
  GetLastError(): number;
  /** The pseudo-handle of the calling process. */
  GetCurrentProcess(): bigint;
  GetCurrentProcessId(): number;
  /** @returns a handle, 0n on failure */
  OpenProcess(desiredAccess: number, inheritHandle: boolean, processId: number): bigint;
  /** @returns a handle, 0n on failure */
  OpenThread(desiredAccess: number, inheritHandle: boolean, threadId: number): bigint;
  CloseHandle(handle: bigint): boolean;
  DuplicateHandle(
    sourceProcess: bigint,
    source: bigint,
    targetProcess: bigint,
    target: Out<bigint>,
    desiredAccess: number,
    inheritHandle: boolean,
    options: number,
  ): boolean;
  /** @returns 0 on failure */
  GetProcessId(process: bigint): number;
  /** @returns 0 on failure */
  GetThreadId(thread: bigint): number;
  /** @returns 0 on failure */
  GetProcessIdOfThread(thread: bigint): number;
  TerminateProcess(process: bigint, exitCode: number): boolean;
}

export const handleFunctions = (context: SurfaceContext): HandleFunctions => {
  const { system } = context;
  const threadIds = (handle: bigint): { readonly pid: number; readonly tid: number } => {
    const caller = context.caller();
    const buffer = new Uint8Array(threadBasicInformationSize(8));
    const { status } = ntQueryInformationThread(system, caller, requireHandle('thread', handle), 0, buffer, 8);
    if (!context.succeeded(status)) return { pid: 0, tid: 0 };
    const { uniqueProcess, uniqueThread } = decodeThreadBasicInformation(buffer, 8);
    return { pid: uniqueProcess, tid: uniqueThread };
  };
  return {
    GetLastError: () => context.lastError,
    GetCurrentProcess: () => -1n,
    GetCurrentProcessId: () => context.pid,
    OpenProcess(desiredAccess, _inheritHandle, processId) {
      const access = requireId('desiredAccess', desiredAccess);
      const { status, handle } = ntOpenProcess(system, context.caller(), requireId('processId', processId), access);
      return context.succeeded(status) ? handle : 0n;
    },
    OpenThread(desiredAccess, _inheritHandle, threadId) {
      const access = requireId('desiredAccess', desiredAccess);
      const { status, handle } = ntOpenThread(system, context.caller(), requireId('threadId', threadId), access);
      return context.succeeded(status) ? handle : 0n;
    },
    CloseHandle: (handle) => context.succeeded(ntClose(system, context.caller(), requireHandle('handle', handle))),
    DuplicateHandle(sourceProcess, source, targetProcess, target, desiredAccess, _inheritHandle, options) {
      const request = {
        sourceProcess: requireHandle('sourceProcess', sourceProcess),
        source: requireHandle('source', source),
        targetProcess: requireHandle('targetProcess', targetProcess),
        access: requireId('desiredAccess', desiredAccess),
        options: requireId('options', options),
      };
      const { status, handle } = ntDuplicateObject(system, context.caller(), request);
      target[0] = handle;
      return context.succeeded(status);
    },
    GetProcessId(handle) {
      system.requireRunning();
      const right = ProcessAccess.QUERY_LIMITED_INFORMATION;
      const reference = referenceHandle(system, context.caller(), requireHandle('process', handle), 'process', right);
      return context.succeeded(reference.status) ? (reference.object?.pid ?? 0) : 0;
    },
    GetThreadId: (handle) => threadIds(handle).tid,
    GetProcessIdOfThread: (handle) => threadIds(handle).pid,
    TerminateProcess(handle, exitCode) {
      const status = ntTerminateProcess(
        system,
        context.caller(),
        requireHandle('process', handle),
        requireId('exitCode', exitCode),
      );
      return context.succeeded(status);
    },
  };
};
