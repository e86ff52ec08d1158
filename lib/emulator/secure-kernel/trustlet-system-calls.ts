/** A trustlet's way out: the system calls it makes while it runs in VTL1 (facts/vsm.md 3.3, 3.4). */

/** What a system call came to, as the trustlet finds it after the secure kernel has checked VTL0's reply. */
export interface SystemCallResult {
  /** NTSTATUS, unsigned. */
  readonly status: number;
  /** A copy in VTL1; empty unless the call succeeded. Never longer than was asked for. */
  readonly output: Uint8Array;
}

export interface TrustletSystemCalls {
  /**
   * Makes a system call. One that NT serves is marshalled: only the input bytes that the service declares are copied into a page of
   * NT's, VTL0 runs it, and its reply is copied once and checked. Nothing is thrown for what VTL0 answers.
   *
   * @param service name, as `NtAlpcSendWaitReceivePort` or `IumSecureStorageGet`
   * @param input the arguments' bytes
   * @param outputLength bytes the trustlet has room for
   */
  call(service: string, input: Uint8Array, outputLength: number): SystemCallResult;
}

/** A reply of NT's; the secure kernel takes nothing in it for granted. */
export interface NtServiceReply {
  /** NTSTATUS. */
  readonly status: number;
  readonly output: Uint8Array;
}

/**
 * NT's side of a system call that trustlets may make: it runs in VTL0.
 *
 * @param input what lies in the page of NT's that the secure kernel copied it to
 * @param pid of the trustlet whose shadow thread NT runs it on
 * @param outputLength bytes that the trustlet has room for
 */
export type NtService = (input: Uint8Array, pid: number, outputLength: number) => NtServiceReply;
