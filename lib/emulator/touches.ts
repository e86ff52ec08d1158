/** The record of every operation that reached a process or was tried on one. */
import type { GuardOperation } from '../types.js';

/**
 * `effect`: it did what it does. `vtl0-only`: it changed VTL0's side of a trustlet. `no-effect`: it reported success and did nothing.
 * `refused`: it failed before anything happened.
 */
export type TouchOutcome = 'effect' | 'vtl0-only' | 'no-effect' | 'refused';

/** One attempt. Opens and queries are none: a guard makes them itself. */
export interface Touch {
  readonly operation: GuardOperation;
  /** The API it came through, e.g. `ReadProcessMemory`, `KeInsertQueueApc`. */
  readonly api: string;
  readonly label: string;
  readonly pid: number;
  /** The process is a trustlet (whatever a query of it says). */
  readonly trustlet: boolean;
  readonly outcome: TouchOutcome;
  /** NTSTATUS, unsigned. */
  readonly status: number;
}
