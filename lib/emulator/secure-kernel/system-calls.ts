/**
 * The system calls of trustlets, IumSyscallDispatchTable (facts/vsm.md 3.3, 3.4): those that NT serves with what of their arguments is
 * declared, those the secure kernel serves itself, wholly or in part. Every other is disabled. Windows allows under 50 of NT's; here
 * are those that something of the emulator uses.
 */

export interface EnabledCall {
  readonly kind: 'enabled';
  /** Bytes of the arguments that the descriptor declares; `all`: as many as the trustlet passes. */
  readonly input: number | 'all';
  /** `handle`: the first 8 bytes of the output are a handle. */
  readonly output: 'data' | 'handle';
}

export type SystemCall =
  | EnabledCall
  /** Filtered, or partly served in VTL1. */
  | { readonly kind: 'special'; readonly input: number }
  /** Never leaves VTL1. Its number has bit 27 set; null: in the dispatch order its place is known, its number not verified. */
  | { readonly kind: 'secure'; readonly number: number | null };

const HANDLE = 8;

const calls: Readonly<Record<string, SystemCall>> = {
  NtAlpcSendWaitReceivePort: { kind: 'enabled', input: 'all', output: 'data' },
  // Size of the section.
  NtCreateSection: { kind: 'enabled', input: 8, output: 'handle' },
  NtClose: { kind: 'enabled', input: HANDLE, output: 'data' },
  // Information class.
  NtQuerySystemInformation: { kind: 'enabled', input: 4, output: 'data' },
  // Information class.
  NtQueryInformationProcess: { kind: 'special', input: 4 },
  // Size of the region.
  NtAllocateVirtualMemory: { kind: 'special', input: 8 },
  IumCrypto: { kind: 'secure', number: null },
  IumPostMailbox: { kind: 'secure', number: 0x800_000f },
  IumSecureStorageGet: { kind: 'secure', number: 0x800_0012 },
  IumSecureStoragePut: { kind: 'secure', number: 0x800_0013 },
};

/** @returns null for a call that is disabled */
export const systemCallNamed = (name: string): SystemCall | null =>
  Object.hasOwn(calls, name) ? (calls[name] ?? null) : null;
