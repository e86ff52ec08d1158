/** Debugging and dumping. */
import { requireId } from '../../arguments.js';
import { requireHandle } from '../call-arguments.js';
import { ntClose, ntOpenProcess } from '../nt/handles.js';
import { ntDebugActiveProcess, ntRemoveProcessDebug } from '../nt/operations/debug.js';
import { writeMiniDump } from '../nt/operations/dump.js';
import type { Caller, NtSystem } from '../nt/system.js';
import type { SurfaceContext } from './context.js';

export interface DebugFunctions {
  DebugActiveProcess(processId: number): boolean;
  DebugActiveProcessStop(processId: number): boolean;
  /** The native call, on a handle with SUSPEND_RESUME alone. @returns NTSTATUS */
  NtDebugActiveProcess(process: bigint): number;
  /** @returns the dump's bytes (MDMP with a Memory64List), null on failure */
  MiniDumpWriteDump(process: bigint, processId: number): Uint8Array | null;
}

/**
 * What DebugActiveProcess opens the process with: SUSPEND_RESUME for the attach, and CREATE_THREAD | VM_OPERATION | VM_READ | VM_WRITE |
 * QUERY_INFORMATION for the break-in thread ("Win32 opens with more", facts/nt.md 6.2; the exact mask is [known]).
 */
const DEBUG_ACCESS = 0xc3a;

export const debugFunctions = (context: SurfaceContext): DebugFunctions => {
  const { system } = context;
  const onProcess = (processId: number, act: (system: NtSystem, caller: Caller, handle: bigint) => number): boolean => {
    const caller = context.caller();
    const opened = ntOpenProcess(system, caller, requireId('processId', processId), DEBUG_ACCESS);
    if (!context.succeeded(opened.status)) return false;
    const status = act(system, caller, opened.handle);
    if (!caller.process.deleted) ntClose(system, caller, opened.handle);
    return context.succeeded(status);
  };
  return {
    DebugActiveProcess: (processId) => onProcess(processId, ntDebugActiveProcess),
    DebugActiveProcessStop: (processId) => onProcess(processId, ntRemoveProcessDebug),
    NtDebugActiveProcess: (process) =>
      ntDebugActiveProcess(system, context.caller(), requireHandle('process', process)),
    MiniDumpWriteDump(process, processId) {
      requireId('processId', processId);
      const { status, dump } = writeMiniDump(system, context.caller(), requireHandle('process', process));
      context.succeeded(status);
      return dump;
    },
  };
};
