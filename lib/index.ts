/**
 * trustlet: leave trustlets alone.
 *
 * ```ts
 * import { open } from 'trustlet';
 * const vsm = open();
 * vsm.guard.run(pid, 'write', (held) => inject(held.handle));   // refused before the callback if pid is, or may be, a trustlet
 * ```
 */

export { Census, type CensusCounts } from './census.js';
export { TrustletError, type TrustletErrorCode, type TrustletErrorDetails } from './errors.js';
export { Guard } from './guard/guard.js';
export {
  OPERATIONS,
  type OperationEntry,
  ProcessAccess,
  ThreadAccess,
} from './guard/operations.js';
export type { GuardOptions } from './guard/target.js';
export { isSuccess, ntstatusName, Status, statusHex, win32FromStatus } from './ntstatus.js';
export { type OpenOptions, open } from './open.js';
export { isSecureProcess } from './shared-default.js';
export { toJson } from './to-json.js';
export type * from './types.js';
export type { BackendInfo } from './vsm.js';
export { Vsm } from './vsm.js';
