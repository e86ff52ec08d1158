/**
 * From a verdict to allow or refuse (DESIGN.md rules 1, 3 and 5). Pure, total, fail-closed: the only way to `allow` is a
 * successful examination of the very object that will be acted on, of the identity asked for.
 */
import { Status } from '../ntstatus.js';
import type { DecisionReason, Evidence, GuardOperation, SecureVerdict, UnknownReason } from '../types.js';
import { type Conditions, DECISION_RULES, DEFAULT_RULE, type DecisionRule, type Situation } from './decision-table.js';
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

/** One bit for each value of each condition: a situation is six of them, a rule all that it holds for. */
const BITS: { readonly [Name in keyof Situation]: Readonly<Record<Situation[Name], number>> } = {
  identity: { unchecked: 1 << 0, same: 1 << 1, other: 1 << 2 },
  thread: { none: 1 << 3, paired: 1 << 4, unpaired: 1 << 5, exited: 1 << 6 },
  verdict: { unknown: 1 << 7, ordinary: 1 << 8, secure: 1 << 9 },
  consent: { isolation: 1 << 10, availability: 1 << 11, accepted: 1 << 12 },
  acquisition: { examined: 1 << 13, 'not-opened': 1 << 14, 'not-queryable': 1 << 15 },
  status: { other: 1 << 16, 'invalid-handle': 1 << 17, 'access-denied': 1 << 18 },
};

const NAMES = Object.keys(BITS) as (keyof Situation)[];

const maskOf = (name: keyof Situation, when: Conditions): number => {
  const values: readonly string[] | undefined = when[name];
  return Object.entries(BITS[name]).reduce(
    (mask, [value, bit]) => (values === undefined || values.includes(value) ? mask | bit : mask),
    0,
  );
};

const RULES = DECISION_RULES.map((rule) => ({
  rule,
  mask: NAMES.reduce((mask, name) => mask | maskOf(name, rule.when), 0),
}));

/** One isolation matter among the operations makes the whole request one; so does asking for nothing. */
const consentOf = (
  operations: readonly OperationEntry[],
  accepted: ReadonlySet<GuardOperation>,
): Situation['consent'] => {
  let consent: Situation['consent'] = operations.length === 0 ? 'isolation' : 'accepted';
  for (const { concern, operation } of operations) {
    if (concern !== 'availability') return 'isolation';
    if (!accepted.has(operation)) consent = 'availability';
  }
  return consent;
};

const statusClassOf = (status: number): Situation['status'] => {
  if (status === Status.INVALID_HANDLE) return 'invalid-handle';
  return status === Status.ACCESS_DENIED ? 'access-denied' : 'other';
};

const ruleFor = (situation: number): DecisionRule => {
  for (const { rule, mask } of RULES) if ((situation & mask) === situation) return rule;
  return DEFAULT_RULE;
};

const reasonOf = (rule: DecisionRule, judgement: Judgement, status: number): DecisionReason => {
  // Only the rule for an unknown verdict says so, and every reason of one is a reason of a decision.
  if (rule.reason === 'of-judgement') return judgement.reason as UnknownReason;
  return rule.reason === 'of-failed-open' ? judgeFailedOpen(status).reason : rule.reason;
};

/**
 * The guard's decision, by the rules of decision-table.ts.
 *
 * @returns `allow` only for an ordinary, examined target, or a trustlet whose availability operations were all accepted by name
 */
export const decide = (input: DecisionInput): DecisionCore => {
  const { operations, accepted, acquisition, judgement, identity, thread } = input;
  const status = acquisition.outcome === 'examined' ? 0 : acquisition.status >>> 0;
  // A sum, not a union of bits: a value that has no bit makes it NaN, and that no rule holds for.
  const rule = ruleFor(
    BITS.identity[identity] +
      BITS.thread[thread ?? 'none'] +
      BITS.verdict[judgement.verdict] +
      BITS.consent[consentOf(operations, accepted)] +
      BITS.acquisition[acquisition.outcome] +
      BITS.status[statusClassOf(status)],
  );
  return {
    decision: rule.decision,
    verdict: rule.verdict === 'judgement' ? judgement.verdict : 'unknown',
    reason: reasonOf(rule, judgement, status),
    status: rule.status === 'judgement' ? judgement.status >>> 0 : rule.status === 'acquisition' ? status : 0,
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
    'The process is not a trustlet but its access control or protection (PPL) refuses these rights to this caller; `trustlet explain <pid>` says which.',
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
  'deciders-disagree': 'Where the driver and this package disagree the guard refuses: update both to the same version.',
};

/** PS_PROTECTION: 0 in these bits is no protection (facts/nt.md 2). */
const PROTECTION_TYPE_MASK = 0x7;

/** What protection (facts/nt.md 2) adds to a refusal for its rights: whoever is told to elevate in vain tries something worse next. */
const RIGHTS_DENIED_BY_PROTECTION =
  'The process is not a trustlet but protected (PP or PPL): it refuses these rights to callers of lower protection, elevated ones and SeDebugPrivilege included; ask for fewer rights.';
const RIGHTS_DENIED_UNPROTECTED =
  'The process is neither a trustlet nor protected: its access control refuses these rights to this caller; run as its owner or elevated with SeDebugPrivilege, or ask for fewer.';

/**
 * What to do about a reason, one or two clauses.
 * @param protection PS_PROTECTION byte of the target; null where it is not known
 */
export const adviceFor = (reason: DecisionReason, protection: number | null = null): string => {
  if (reason !== 'rights-denied' || protection === null) return advice[reason];
  return (protection & PROTECTION_TYPE_MASK) === 0 ? RIGHTS_DENIED_UNPROTECTED : RIGHTS_DENIED_BY_PROTECTION;
};
