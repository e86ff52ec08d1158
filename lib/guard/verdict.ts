/**
 * From what a query said to what a process is: the three-valued verdict (DESIGN.md rule 1). Pure.
 *
 * `secure` needs bit 7 in a successful 64-byte query. `ordinary` needs that query to succeed with bit 7 *and* the Deleting bit
 * clear, on a Windows whose bit means something. Everything else is `unknown`, and unknown is left alone. Names, protection,
 * classification and an OS version alone never decide.
 */
import type { ProcessRecord, SystemRecord } from '../backend.js';
import { FirstBuild } from '../layout/first-build.js';
import { IsolatedUserModeFlag } from '../layout/isolated-user-mode.js';
import { ProcessFlag } from '../layout/process-flags.js';
import { isSuccess, Status } from '../ntstatus.js';
import type { Evidence, UnknownReason } from '../types.js';

/** A verdict with its reason, how it is known, and the NTSTATUS of the call that decided (0 when nothing failed). */
export type Judgement = { readonly evidence: Evidence; readonly status: number } & (
  | { readonly verdict: 'secure'; readonly reason: 'secure-bit-set' }
  | { readonly verdict: 'ordinary'; readonly reason: 'secure-bit-clear' }
  | UnknownJudgement
);

type UnknownJudgement = { readonly verdict: 'unknown'; readonly reason: UnknownReason };

const unknown = (reason: UnknownReason, status: number): Judgement & UnknownJudgement => ({
  verdict: 'unknown',
  reason,
  evidence: 'documented',
  status: status >>> 0,
});

/** What a failed open of a process says about it. */
export const judgeFailedOpen = (status: number): Judgement & UnknownJudgement => {
  switch (status >>> 0) {
    case Status.ACCESS_DENIED:
      return unknown('access-denied', status);
    // NtOpenProcess says INVALID_CID, its Win32 callers and older kernels INVALID_PARAMETER (facts/nt.md 7, facts/wine.md 3).
    case Status.INVALID_CID:
    case Status.INVALID_PARAMETER:
      return unknown('gone', status);
    case Status.PROCESS_IS_TERMINATING:
      return unknown('exiting', status);
    default:
      return unknown('query-failed', status);
  }
};

/** Before 15063 a set bit can be believed and a clear one only where no secure kernel runs (facts/nt.md 1.4). */
const clearBitDownlevel = (system: SystemRecord): Judgement => {
  const { isolatedUserModeStatus: status, isolatedUserModeFlags: flags } = system;
  if (status >>> 0 === Status.INVALID_INFO_CLASS) {
    return { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'assumed', status: 0 };
  }
  if (status === Status.SUCCESS && flags !== null && (flags & IsolatedUserModeFlag.SecureKernelRunning) === 0) {
    return { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'derived', status: 0 };
  }
  return unknown('downlevel-bit', status);
};

/**
 * @param record what a backend found out, raw
 * @param system the build and class 165, which say whether a clear bit means anything
 * @returns the verdict with its reason, evidence and status; never throws
 */
export const judge = (record: ProcessRecord, system: SystemRecord): Judgement => {
  if (record.reused) return unknown('gone', 0);
  if (!isSuccess(record.openStatus)) {
    return record.pid === 0 ? unknown('idle-process', record.openStatus) : judgeFailedOpen(record.openStatus);
  }
  const { extendedStatus, flags } = record;
  // An informational status promises no data: nothing but STATUS_SUCCESS is an answer.
  if (extendedStatus !== Status.SUCCESS || flags === null) {
    const status = extendedStatus ?? Status.UNSUCCESSFUL;
    return unknown(status >>> 0 === Status.ACCESS_DENIED ? 'access-denied' : 'query-failed', status);
  }
  const promised = system.build >= FirstBuild.SecureBit;
  if ((flags & ProcessFlag.IsSecureProcess) !== 0) {
    return { verdict: 'secure', reason: 'secure-bit-set', evidence: promised ? 'documented' : 'derived', status: 0 };
  }
  if ((flags & ProcessFlag.IsProcessDeleting) !== 0) return unknown('exiting', 0);
  if (promised) return { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'documented', status: 0 };
  return clearBitDownlevel(system);
};
