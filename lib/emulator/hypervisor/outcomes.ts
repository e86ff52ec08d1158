/** What a guest's instruction came to. All of it is data: nothing a guest does throws. */
import type { PageAccess } from '../memory/rights.js';

/** The processor raised an exception in the VTL that executed the instruction; RIP is at the instruction. */
export interface Fault {
  readonly kind: 'fault';
  readonly vector: number;
  readonly errorCode: number | null;
}

/**
 * A higher VTL was told. The instruction has had no effect and RIP is at it. `entered` is false where that VTL's task priority
 * holds the interrupt back, or where the message could not be posted; the instruction will cause it again.
 */
export interface Intercepted {
  readonly kind: 'intercept';
  readonly vtl: number;
  readonly posted: boolean;
  readonly entered: boolean;
}

/** The host's matter, not a VTL's (facts/vsm.md 1.13): no RAM there, the host's refusal, or an overlay's own rights. */
export interface HostDenied {
  readonly kind: 'host';
  readonly reason: 'unmapped' | 'host-denied' | 'overlay-denied';
  readonly page: number;
}

/** The access took place. `data` is what was read. */
export interface AccessDone {
  readonly kind: 'done';
  readonly data: Uint8Array;
  /** Guest-physical address of its first byte. */
  readonly gpa: bigint;
}

export type AccessResult = AccessDone | Fault | Intercepted | HostDenied;

/** The instruction took place. */
export interface Done {
  readonly kind: 'done';
  /** What was read, 0 for a write. */
  readonly value: bigint;
}

export type InstructionResult = Done | Fault | Intercepted;

export type HypercallResult =
  /** RIP is after the instruction, RAX holds `result`. */
  | {
      readonly kind: 'completed';
      readonly status: number;
      /** Counted from the first rep of the call, also where earlier executions did some (facts/vsm.md 1.2). */
      readonly repsCompleted: number;
      readonly result: bigint;
    }
  /** The budget of reps is used up: RIP is at the instruction, RCX holds the new rep start. Execute it again. */
  | { readonly kind: 'continued'; readonly repsCompleted: number }
  /** Another VP's TLB is locked: nothing was done, RIP is at the instruction. Execute it again. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'vtl-switch'; readonly from: number; readonly to: number }
  | Fault
  | Intercepted;

/** What a processor would dispatch next in its active VTL. */
export type GuestEvent =
  | {
      readonly kind: 'exception';
      readonly vector: number;
      readonly errorCode: number | null;
      readonly parameter: bigint;
    }
  | { readonly kind: 'nmi' }
  | { readonly kind: 'interrupt'; readonly vector: number };

export const fault = (vector: number, errorCode: number | null): Fault => ({ kind: 'fault', vector, errorCode });

export const done = (value: bigint): Done => ({ kind: 'done', value });

/** How the header of an intercept names an access (facts/vsm.md 1.13). */
export const ACCESS_TYPES: Readonly<Record<PageAccess, number>> = { read: 0, write: 1, execute: 2 };
