/**
 * The one error class of trustlet and its codes.
 *
 * Throws are for misuse, a closed handle or vsm, a refusal, and a lost backend. The *state of a target* (exited, access denied,
 * protected, unknown) is never an exception where facts are asked for: it is data in `ProcessFacts` and `Decision`.
 */

import { ntstatusName } from './ntstatus.js';
import { toJson } from './to-json.js';
import type { Decision } from './types.js';

/** Every code a `TrustletError` can carry. Codes are stable; messages are not. */
export type TrustletErrorCode =
  /** An argument is of the wrong type, out of range, or names something that does not exist. */
  | 'ERR_TRUSTLET_ARGUMENT'
  /** The vsm, machine or host was closed before this call. */
  | 'ERR_TRUSTLET_CLOSED'
  /** `held.handle` was read after the guarded callback had settled. */
  | 'ERR_TRUSTLET_RELEASED'
  /** The guard refused: the operation's callback was not entered. `decision` says why. */
  | 'ERR_TRUSTLET_REFUSED'
  /** A yes-or-no answer was asked for and cannot be known. `ntstatus` is that of the call that failed. */
  | 'ERR_TRUSTLET_UNKNOWN'
  /** The platform or Windows version cannot do this. */
  | 'ERR_TRUSTLET_UNSUPPORTED'
  /** The backend could not be loaded or was lost. `cause` is what happened. */
  | 'ERR_TRUSTLET_BACKEND'
  /** The backend asked for is not one this program allows (see `open({ only, allowSimulated })`). */
  | 'ERR_TRUSTLET_BACKEND_REFUSED'
  /** The other side of a protocol sent something outside it. */
  | 'ERR_TRUSTLET_PROTOCOL'
  /** A file or buffer is not what its format says: truncated, out of bounds, wrong version. */
  | 'ERR_TRUSTLET_FORMAT';

/** What a `TrustletError` may carry beside its message. Only what is known is present. */
export interface TrustletErrorDetails {
  /** NTSTATUS of the call that failed, as an unsigned 32-bit number. */
  readonly ntstatus?: number | undefined;
  /** Win32 error code that belongs to the failure. */
  readonly win32?: number | undefined;
  /** The pid the call was about. */
  readonly pid?: number | undefined;
  /** The guarded operation, or operations joined by `+`. */
  readonly operation?: string | undefined;
  /** The guard's decision, for `ERR_TRUSTLET_REFUSED`. */
  readonly decision?: Decision | undefined;
  /** The error underneath, if there was one. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for('trustlet.error') as never;

/**
 * The only class trustlet throws. Check `error.code`, or `TrustletError.is(error)`, which also knows errors of another
 * copy of this package loaded in the same process.
 */
export class TrustletError extends Error {
  readonly code: TrustletErrorCode;
  readonly ntstatus: number | undefined;
  /** The status's symbolic name, `0x…` where it has none here; undefined where there is no status. */
  readonly ntstatusName: string | undefined;
  readonly win32: number | undefined;
  readonly pid: number | undefined;
  readonly operation: string | undefined;
  /** Why the guard refused; undefined for every code but ERR_TRUSTLET_REFUSED. */
  readonly decision: Decision | undefined;

  /**
   * @param code one of `TrustletErrorCode`
   * @param message a full sentence: what happened, to which pid, why, what to do
   * @param details what is known beside it
   */
  constructor(code: TrustletErrorCode, message: string, details: TrustletErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TrustletError';
    this.code = code;
    this.ntstatus = details.ntstatus === undefined ? undefined : details.ntstatus >>> 0;
    this.ntstatusName = this.ntstatus === undefined ? undefined : ntstatusName(this.ntstatus);
    this.win32 = details.win32;
    this.pid = details.pid;
    this.operation = details.operation;
    this.decision = details.decision;
    Object.defineProperty(this, brand, { value: true });
  }

  /** What `JSON.stringify` writes: everything but the stack, 64-bit values as decimal strings. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { name, code, message, ntstatus, ntstatusName: statusName, win32, pid, operation, decision } = this;
    return {
      name,
      code,
      message,
      ntstatus,
      ntstatusName: statusName,
      win32,
      pid,
      operation,
      decision: toJson(decision),
    };
  }

  /** True for a TrustletError of this copy of the package or any other in the process. Never throws. */
  static is(value: unknown): value is TrustletError {
    if (typeof value !== 'object' || value === null) return false;
    try {
      return brand in value;
    } catch {
      // A proxy may throw from any question put to it; whatever it is, it is not an error of ours.
      return false;
    }
  }
}
