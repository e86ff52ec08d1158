/**
 * The handful of NT calls the ntdll and emulated backends are made of, as bytes in and bytes out.
 *
 * `lib/backends/nt-backend.ts` asks its questions through this interface and decodes every answer with `lib/layout`; who
 * answers (ntdll.dll, the simulated kernel's library, the emulated machine) is the only difference between those backends.
 * Statuses are unsigned 32-bit NTSTATUS values. No method throws for the state of a target.
 */
import type { WordSize } from './layout/word-size.js';

/** NtCurrentProcess() and NtCurrentThread(). */
export const CURRENT_PROCESS = -1n;
export const CURRENT_THREAD = -2n;

/** Result of a query: NTSTATUS, and the length the callee says it wrote or needs (0 where it says nothing). */
export interface QueryResult {
  readonly status: number;
  readonly returnLength: number;
}

/** Result of an open or a duplicate: on failure `handle` is 0n. */
export interface OpenResult {
  readonly status: number;
  readonly handle: bigint;
}

export interface NtApi {
  /** Pointer size of the structures: 64-bit forms unless a 32-bit process asks. */
  readonly wordSize: WordSize;
  /** RtlGetVersion. */
  version(): { readonly major: number; readonly minor: number; readonly build: number };
  /** Pid of the caller itself. */
  currentPid(): number;
  /** NtOpenProcess with a CLIENT_ID of this pid, no object attributes: not inheritable. */
  openProcess(pid: number, access: number): OpenResult;
  /** NtOpenThread with a CLIENT_ID of this tid. */
  openThread(tid: number, access: number): OpenResult;
  /** NtDuplicateObject inside the caller's own process, not inheritable. */
  duplicate(handle: bigint, access: number): OpenResult;
  /** NtClose. */
  close(handle: bigint): number;
  /** NtQueryInformationProcess; `buffer.byteLength` is the length passed. */
  queryInformationProcess(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult;
  /** NtQueryInformationThread. */
  queryInformationThread(handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult;
  /** NtQuerySystemInformation. */
  querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult;
  /** Where `buffer` lies in the callee's address space: structures such as UNICODE_STRING point into it. */
  addressOf(buffer: Uint8Array): bigint;
  /** RtlNtStatusToDosError; undefined where the callee knows no mapping. */
  win32Error(status: number): number | undefined;
  /** Let go of what the api holds. Called once. */
  dispose(): void;
}
