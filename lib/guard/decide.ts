/**
 * From a verdict to allow or refuse (DESIGN.md rules 1, 3 and 5). Pure, total, fail-closed: the only way to `allow` is a
 * successful examination of the very object that will be acted on, of the identity asked for.
 */
import { Status } from '../ntstatus.js';
import type { DecisionReason, Evidence, GuardOperation, SecureVerdict } from '../types.js';
import type { OperationEntry } from './operations.js';
import { type Judgement, judgeFailedOpen } from './verdict.js';

/** How getting hold of the target went. */
export type Acquisition =
  /** The guard holds a handle with the rights and has examined the object behind it. */
  | { readonly outcome: 'examined' }
  /** The operation's own rights were refused, or the target could not be resolved; `status` is that of the open. */
  | { readonly outcome: 'not-opened'; readonly status: number }
  /** The rights were granted, the query right was not, and the backend cannot examine without it. */
  | { readonly outcome: 'not-queryable'; readonly status: number };

export interface DecisionInput {
  /** At least one. */
  readonly operations: readonly OperationEntry[];
  /** Availability operations the caller accepts on a trustlet, by name. */
  readonly accepted: ReadonlySet<GuardOperation>;
  readonly acquisition: Acquisition;
  /** What the examined object is; for a target that was not opened, what a plain query said of its pid. */
  readonly judgement: Judgement;
  /** Whether the identity asked for is the one found. `unchecked` = none was asked for. */
  readonly identity: 'same' | 'other' | 'unchecked';
  /** For thread targets: whether thread and process belong together and the thread lives. */
  readonly thread: 'paired' | 'unpaired' | 'exited' | null;
}

export interface DecisionCore {
  readonly decision: 'allow' | 'refuse';
  readonly verdict: SecureVerdict;
  readonly reason: DecisionReason;
  readonly status: number;
  readonly evidence: Evidence;
}

/**
 * The guard's decision. The order of its checks is the order in which a caller wants to hear the reason: another object than
 * asked for, then isolation, then what is unknown, then rights, then the thread's state.
 *
 * @returns `allow` only for an ordinary, examined target, or a trustlet whose availability operations were all accepted by name
 */
export const decide = (input: DecisionInput): DecisionCore => {
  const { operations, accepted, acquisition, judgement, identity, thread } = input;
  const refuse = (
    reason: DecisionReason,
    status: number,
    verdict: SecureVerdict = judgement.verdict,
  ): DecisionCore => ({
    decision: 'refuse',
    verdict,
    reason,
    status: status >>> 0,
    evidence: judgement.evidence,
  });

  if (identity === 'other') return refuse('identity-mismatch', judgement.status, 'unknown');
  if (thread === 'unpaired') return refuse('thread-mismatch', judgement.status, 'unknown');
  const availabilityOnly = operations.every((entry) => entry.concern === 'availability');
  const allAccepted = availabilityOnly && operations.every((entry) => accepted.has(entry.operation));
  if (judgement.verdict === 'secure' && !allAccepted) {
    return refuse(availabilityOnly ? 'availability' : 'secure', judgement.status);
  }
  if (acquisition.outcome === 'not-opened' && acquisition.status >>> 0 === Status.INVALID_HANDLE) {
    return refuse('invalid-handle', acquisition.status, 'unknown');
  }
  if (acquisition.outcome === 'not-queryable') return refuse('query-right-denied', acquisition.status, 'unknown');
  if (judgement.verdict === 'unknown') return refuse(judgement.reason, judgement.status);
  if (acquisition.outcome === 'not-opened') {
    if (acquisition.status >>> 0 === Status.ACCESS_DENIED) return refuse('rights-denied', acquisition.status);
    // Whatever a later query said of the pid, it was not said of the object that could not be opened.
    return refuse(judgeFailedOpen(acquisition.status).reason, acquisition.status, 'unknown');
  }
  if (thread === 'exited') return refuse('thread-exited', judgement.status);
  return {
    decision: 'allow',
    verdict: judgement.verdict,
    reason: judgement.verdict === 'secure' ? 'availability-accepted' : 'ordinary',
    status: 0,
    evidence: judgement.evidence,
  };
};

const advice: Readonly<Record<DecisionReason, string>> = {
  ordinary: 'Act inside the callback, on held.handle.',
  'availability-accepted':
    'Act inside the callback; the process is a trustlet and you accepted this operation by name.',
  secure: 'Leave this process alone: it is a trustlet, and the operation cannot work on it.',
  availability:
    'It is a trustlet: this would take away a security service. If that is what you want, name the operation in options.accept.',
  'access-denied': 'Run as the process’s owner or elevated with SeDebugPrivilege; until then treat it as a trustlet.',
  'rights-denied':
    'The process is not a trustlet but its access control or protection (PPL) refuses these rights to this caller; see explain().',
  'invalid-handle': 'Pass a handle that is open in this process, and say its kind; a pid or { tid } needs none.',
  'query-right-denied':
    'The rights were granted but not the right to ask what it is; run as its owner or elevated with SeDebugPrivilege.',
  exiting: 'The process is ending; there is nothing left to act on.',
  gone: 'No such process any more: drop the pid.',
  'identity-mismatch': 'The pid belongs to another process by now: drop the event it came from.',
  'idle-process': 'pid 0 is no process that can be opened.',
  'query-failed': 'The kernel could not answer; ask again later, and treat the process as a trustlet until then.',
  'downlevel-bit':
    'This Windows build does not promise the secure bit while VSM runs; upgrade to build 15063 or later.',
  'thread-mismatch': 'The thread does not belong to that process: resolve the thread again.',
  'thread-exited': 'The thread has ended: resolve the thread again.',
  'deciders-disagree': 'The driver and this package disagree, so the guard refuses: update both to the same version.',
};

/** What to do about a reason, one sentence. */
export const adviceFor = (reason: DecisionReason): string => advice[reason];
