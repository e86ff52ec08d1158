/** APCs, remote threads, contexts, suspension. */
import { requireId, requireObject } from '../../arguments.js';
import { type Out, requireAddress, requireHandle, requireSize } from '../call-arguments.js';
import type { ThreadContext } from '../nt/objects.js';
import {
  ntCreateThread,
  ntGetContextThread,
  ntQueueApcThread,
  ntResumeThread,
  ntSetContextThread,
  ntSuspendThread,
} from '../nt/operations/threads.js';
import type { SurfaceContext } from './context.js';

export type { ThreadContext } from '../nt/objects.js';

export interface ThreadFunctions {
  /** The routine runs when the machine is pumped (`machine.run()`): every thread then passes an alertable wait. */
  QueueUserAPC(routine: bigint, thread: bigint, data: bigint): boolean;
  /** The thread runs when the machine is pumped. At `LoadLibraryW` it loads the DLL its parameter points to. @returns a handle, 0n on failure */
  CreateRemoteThread(
    process: bigint,
    threadAttributes: null,
    stackSize: number,
    startAddress: bigint,
    parameter: bigint,
    creationFlags: number,
    threadId?: Out<number>,
  ): bigint;
  /** Fills `context`. */
  GetThreadContext(thread: bigint, context: Partial<ThreadContext>): boolean;
  /** The thread goes on from the new `rip` when the machine is pumped. */
  SetThreadContext(thread: bigint, context: Partial<ThreadContext>): boolean;
  /** @returns the suspend count before the call, 0xffffffff on failure */
  SuspendThread(thread: bigint): number;
  /** @returns the suspend count before the call, 0xffffffff on failure */
  ResumeThread(thread: bigint): number;
}

/** CREATE_SUSPENDED (winbase.h). */
const CREATE_SUSPENDED = 0x4;
const FAILED = 0xffff_ffff;

const readContext = (given: unknown): Partial<ThreadContext> => {
  requireObject('context', given);
  const context: Partial<ThreadContext> = {};
  for (const register of ['rip', 'rsp', 'rcx', 'rdx'] as const) {
    if (given[register] !== undefined)
      context[register] = BigInt(requireAddress(`context.${register}`, given[register]));
  }
  return context;
};

export const threadFunctions = (context: SurfaceContext): ThreadFunctions => {
  const { system } = context;
  return {
    QueueUserAPC(routine, thread, data) {
      const handle = requireHandle('thread', thread);
      const at = requireAddress('routine', routine);
      return context.succeeded(ntQueueApcThread(system, context.caller(), handle, at, requireAddress('data', data)));
    },
    CreateRemoteThread(process, _threadAttributes, stackSize, startAddress, parameter, creationFlags, threadId) {
      requireSize('stackSize', stackSize);
      const made = ntCreateThread(system, context.caller(), requireHandle('process', process), {
        routine: requireAddress('startAddress', startAddress),
        parameter: requireAddress('parameter', parameter),
        suspended: (requireId('creationFlags', creationFlags) & CREATE_SUSPENDED) !== 0,
      });
      if (!context.succeeded(made.status)) return 0n;
      if (threadId !== undefined) threadId[0] = made.tid;
      return made.handle;
    },
    GetThreadContext(thread, into) {
      requireObject('context', into);
      return context.succeeded(ntGetContextThread(system, context.caller(), requireHandle('thread', thread), into));
    },
    SetThreadContext(thread, from) {
      const registers = readContext(from);
      return context.succeeded(
        ntSetContextThread(system, context.caller(), requireHandle('thread', thread), registers),
      );
    },
    SuspendThread(thread) {
      const { status, previous } = ntSuspendThread(system, context.caller(), requireHandle('thread', thread));
      return context.succeeded(status) ? previous : FAILED;
    },
    ResumeThread(thread) {
      const { status, previous } = ntResumeThread(system, context.caller(), requireHandle('thread', thread));
      return context.succeeded(status) ? previous : FAILED;
    },
  };
};
