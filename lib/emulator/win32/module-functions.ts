/** Modules, hooks, process settings, and the native queries. */
import { requireId } from '../../arguments.js';
import { ProcessAccess } from '../../guard/operations.js';
import { Status } from '../../ntstatus.js';
import { type Out, requireAddress, requireBuffer, requireHandle, requireText } from '../call-arguments.js';
import { referenceHandle } from '../nt/handles.js';
import { loadLibrary, modulesOf } from '../nt/modules.js';
import type { ModuleObject } from '../nt/objects.js';
import { CHALLENGE_RESPONSE_CLASS, ntSetChallengeResponse } from '../nt/operations/debug-on-demand.js';
import {
  INSTRUMENTATION_CALLBACK_CLASS,
  ntSetInstrumentationCallback,
  setThreadHook,
} from '../nt/operations/manage.js';
import { KERNEL32_BASE, LOAD_LIBRARY_W } from '../nt/process-memory.js';
import { ntQueryInformationProcess } from '../nt/query-process.js';
import { bufferAddress, ntQuerySystemInformation } from '../nt/query-system.js';
import type { SurfaceContext } from './context.js';

export interface ModuleFunctions {
  /** Modules as VTL0 lists them. @returns their bases, null on failure */
  EnumProcessModules(process: bigint): bigint[] | null;
  /** @returns null on failure */
  GetModuleBaseName(process: bigint, module: bigint): string | null;
  /** A module of the calling process, by name. @returns its base, 0n where it has none of that name */
  GetModuleHandle(name: string): bigint;
  /** Loads a DLL into the calling process. @returns its base */
  LoadLibraryW(path: string): bigint;
  /** `LoadLibraryW` of kernel32; 0n for anything else. System DLLs have one base in all processes. */
  GetProcAddress(module: bigint, name: string): bigint;
  /** @param module base of a DLL the calling process has loaded @param threadId one thread; hooks of whole desktops are not emulated @returns a hook handle, 0n on failure */
  SetWindowsHookEx(idHook: number, routine: bigint, module: bigint, threadId: number): bigint;
  /** Class 40 (instrumentation callback): `information` holds the address as its last eight bytes. */
  SetProcessInformation(process: bigint, informationClass: number, information: Uint8Array): boolean;
  /** @returns NTSTATUS */
  NtQueryInformationProcess(
    process: bigint,
    informationClass: number,
    buffer: Uint8Array,
    returnLength?: Out<number>,
  ): number;
  /** @returns NTSTATUS */
  NtQuerySystemInformation(informationClass: number, buffer: Uint8Array, returnLength?: Out<number>): number;
  /** Where a buffer lies in the calling process: the image names of class 5 are pointers into it. */
  addressOf(buffer: Uint8Array): bigint;
}

const HOOK_HANDLE = 0x1_0000_0001n;

export const moduleFunctions = (context: SurfaceContext): ModuleFunctions => {
  const { system } = context;
  const wordSize = (): 8 | 4 => (context.caller().process.wow64 ? 4 : 8);
  const vtl0Modules = (handle: bigint): readonly ModuleObject[] | null => {
    system.requireRunning();
    const right = ProcessAccess.QUERY_INFORMATION | ProcessAccess.VM_READ;
    const reference = referenceHandle(system, context.caller(), requireHandle('process', handle), 'process', right);
    if (!context.succeeded(reference.status) || reference.object === null) return null;
    return modulesOf(reference.object).filter((module) => module.vtl0);
  };
  return {
    EnumProcessModules: (process) => vtl0Modules(process)?.map((module) => BigInt(module.base)) ?? null,
    GetModuleBaseName(process, module) {
      const base = requireAddress('module', module);
      const found = vtl0Modules(process)?.find((candidate) => candidate.base === base);
      if (found === undefined) context.succeeded(Status.INVALID_HANDLE);
      return found?.name ?? null;
    },
    GetModuleHandle(name) {
      const wanted = requireText('name', name).toLowerCase();
      const found = modulesOf(context.caller().process).find((module) => module.name.toLowerCase() === wanted);
      return BigInt(found?.base ?? 0);
    },
    LoadLibraryW: (path) =>
      BigInt(loadLibrary(context.system.memory, context.caller().process, requireText('path', path))),
    GetProcAddress: (module, name) =>
      requireAddress('module', module) === KERNEL32_BASE && name === 'LoadLibraryW' ? BigInt(LOAD_LIBRARY_W) : 0n,
    SetWindowsHookEx(idHook, routine, module, threadId) {
      requireId('idHook', idHook);
      const caller = context.caller();
      const base = requireAddress('module', module);
      const found = modulesOf(caller.process).find((candidate) => candidate.base === base);
      const tid = requireId('threadId', threadId);
      const at = requireAddress('routine', routine);
      const status = found === undefined ? Status.INVALID_HANDLE : setThreadHook(system, caller, tid, found.name, at);
      return context.succeeded(status) ? HOOK_HANDLE : 0n;
    },
    SetProcessInformation(process, informationClass, information) {
      const handle = requireHandle('process', process);
      const bytes = requireBuffer('information', information);
      const infoClass = requireId('informationClass', informationClass);
      if (infoClass === CHALLENGE_RESPONSE_CLASS) {
        return context.succeeded(ntSetChallengeResponse(system, context.caller(), handle, bytes));
      }
      if (infoClass !== INSTRUMENTATION_CALLBACK_CLASS || bytes.byteLength < 8) {
        return context.succeeded(bytes.byteLength < 8 ? Status.INFO_LENGTH_MISMATCH : Status.INVALID_INFO_CLASS);
      }
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const callback = requireAddress('callback', view.getBigUint64(bytes.byteLength - 8, true));
      return context.succeeded(ntSetInstrumentationCallback(system, context.caller(), handle, callback));
    },
    NtQueryInformationProcess(process, informationClass, buffer, returnLength) {
      const handle = requireHandle('process', process);
      const infoClass = requireId('informationClass', informationClass);
      const into = requireBuffer('buffer', buffer);
      const answer = ntQueryInformationProcess(system, context.caller(), handle, infoClass, into, wordSize());
      if (returnLength !== undefined) returnLength[0] = answer.returnLength;
      return answer.status;
    },
    NtQuerySystemInformation(informationClass, buffer, returnLength) {
      const infoClass = requireId('informationClass', informationClass);
      const answer = ntQuerySystemInformation(system, infoClass, requireBuffer('buffer', buffer), wordSize());
      if (returnLength !== undefined) returnLength[0] = answer.returnLength;
      return answer.status;
    },
    addressOf: (_buffer) => bufferAddress(wordSize()),
  };
};
