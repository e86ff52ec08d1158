/** The NT calls of one process of the machine, as the backends ask them. Shares that process's handle table with its Win32 surface. */
import type { WordSize } from '../../layout/index.js';
import type { NtApi, OpenResult, QueryResult } from '../../nt-api.js';
import { win32FromStatus } from '../../ntstatus.js';
import { ntClose, ntDuplicateOwn, ntOpenProcess, ntOpenThread } from './handles.js';
import { ntQueryInformationProcess } from './query-process.js';
import { bufferAddress, ntQuerySystemInformation } from './query-system.js';
import { ntQueryInformationThread } from './query-thread.js';
import type { Caller, NtSystem, ProcessReference } from './system.js';

class EmulatedNtApi implements NtApi {
  readonly wordSize: WordSize;
  readonly #system: NtSystem;
  readonly #reference: ProcessReference;

  constructor(system: NtSystem, reference: ProcessReference) {
    this.#system = system;
    this.#reference = reference;
    this.wordSize = system.resolve(reference).wow64 ? 4 : 8;
  }

  #caller(): Caller {
    return { process: this.#system.resolve(this.#reference), mode: 'user' };
  }

  version(): { readonly major: number; readonly minor: number; readonly build: number } {
    const { major, minor, build } = this.#system.parameters;
    return { major, minor, build };
  }

  currentPid(): number {
    return this.#reference.pid;
  }

  openProcess(pid: number, access: number): OpenResult {
    return ntOpenProcess(this.#system, this.#caller(), pid, access);
  }

  openThread(tid: number, access: number): OpenResult {
    return ntOpenThread(this.#system, this.#caller(), tid, access);
  }

  duplicate(handle: bigint, access: number): OpenResult {
    return ntDuplicateOwn(this.#system, this.#caller(), handle, access);
  }

  close(handle: bigint): number {
    return ntClose(this.#system, this.#caller(), handle);
  }

  queryInformationProcess(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    return ntQueryInformationProcess(this.#system, this.#caller(), handle, infoClass, buffer, this.wordSize);
  }

  queryInformationThread(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    return ntQueryInformationThread(this.#system, this.#caller(), handle, infoClass, buffer, this.wordSize);
  }

  querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult {
    return ntQuerySystemInformation(this.#system, infoClass, buffer, this.wordSize);
  }

  addressOf(_buffer: Uint8Array): bigint {
    return bufferAddress(this.wordSize);
  }

  win32Error(status: number): number | undefined {
    return win32FromStatus(status);
  }

  /** Nothing to let go of: the machine lives on, and so do the handles of its process. */
  dispose(): void {}
}

/**
 * @param system the machine's kernel
 * @param caller the process in whose name the calls are made; its token, session and handle table
 * @throws TrustletError ERR_TRUSTLET_CLOSED (here and from every call) once that process has ended
 */
export const createNtApi = (system: NtSystem, caller: ProcessReference): NtApi => new EmulatedNtApi(system, caller);
