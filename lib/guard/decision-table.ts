/**
 * The guard's rules, in the order in which a caller wants to hear the reason: another object than asked for, then isolation,
 * then what is unknown, then rights, then the thread's state (DESIGN.md rules 1, 3 and 5). Plain data and the only source:
 * decide.ts interprets it, and protocol/decision-c.ts writes it down for the driver's TlDecide.
 */
import type { DecisionReason, SecureVerdict } from '../types.js';

/** How getting hold of the target went. The position in this list, and in the next ones, is the number in C. */
export const ACQUISITIONS = ['examined', 'not-opened', 'not-queryable'] as const;
/** What is intended: at least one isolation matter; availability matters not all accepted; all of them accepted by name. */
export const CONSENTS = ['isolation', 'availability', 'accepted'] as const;
/** What the status of a failed acquisition amounts to. */
export const STATUS_CLASSES = ['other', 'invalid-handle', 'access-denied'] as const;
/** Where a decision's status comes from. */
export const STATUS_SOURCES = ['zero', 'judgement', 'acquisition'] as const;
/** Where a decision's verdict comes from: `unknown` where the judgement is not about the object asked for. */
export const VERDICT_SOURCES = ['unknown', 'judgement'] as const;

/** The conditions of a rule and the values each can have. */
export interface Situation {
  /** Whether the identity asked for is the one found. */
  readonly identity: 'same' | 'other' | 'unchecked';
  /** Whether thread and process belong together and the thread lives; `none`: the target is no thread. */
  readonly thread: 'none' | 'paired' | 'unpaired' | 'exited';
  readonly verdict: SecureVerdict;
  readonly consent: (typeof CONSENTS)[number];
  readonly acquisition: (typeof ACQUISITIONS)[number];
  /** Class of the acquisition's status. */
  readonly status: (typeof STATUS_CLASSES)[number];
}

/** The values a condition holds for; one that is left out holds for any. */
export type Conditions = { readonly [Name in keyof Situation]?: readonly Situation[Name][] };

export interface DecisionRule {
  readonly when: Conditions;
  readonly decision: 'allow' | 'refuse';
  /** `of-judgement`: the reason of the unknown verdict; `of-failed-open`: what the acquisition's status says. */
  readonly reason: DecisionReason | 'of-judgement' | 'of-failed-open';
  readonly status: (typeof STATUS_SOURCES)[number];
  readonly verdict: (typeof VERDICT_SOURCES)[number];
}

/** What both allowing rules ask for beside the verdict; written out, so that neither relies on the rules before it. */
const HELD: Conditions = { identity: ['unchecked', 'same'], thread: ['none', 'paired'], acquisition: ['examined'] };

/** The first rule that holds decides. */
export const DECISION_RULES: readonly DecisionRule[] = [
  {
    when: { identity: ['other'] },
    decision: 'refuse',
    reason: 'identity-mismatch',
    status: 'judgement',
    verdict: 'unknown',
  },
  {
    when: { thread: ['unpaired'] },
    decision: 'refuse',
    reason: 'thread-mismatch',
    status: 'judgement',
    verdict: 'unknown',
  },
  {
    when: { verdict: ['secure'], consent: ['isolation'] },
    decision: 'refuse',
    reason: 'secure',
    status: 'judgement',
    verdict: 'judgement',
  },
  {
    when: { verdict: ['secure'], consent: ['availability'] },
    decision: 'refuse',
    reason: 'availability',
    status: 'judgement',
    verdict: 'judgement',
  },
  {
    when: { acquisition: ['not-opened'], status: ['invalid-handle'] },
    decision: 'refuse',
    reason: 'invalid-handle',
    status: 'acquisition',
    verdict: 'unknown',
  },
  {
    when: { acquisition: ['not-queryable'] },
    decision: 'refuse',
    reason: 'query-right-denied',
    status: 'acquisition',
    verdict: 'unknown',
  },
  {
    when: { verdict: ['unknown'] },
    decision: 'refuse',
    reason: 'of-judgement',
    status: 'judgement',
    verdict: 'judgement',
  },
  {
    when: { acquisition: ['not-opened'], status: ['access-denied'] },
    decision: 'refuse',
    reason: 'rights-denied',
    status: 'acquisition',
    verdict: 'judgement',
  },
  // Whatever a later query said of the pid, it was not said of the object that could not be opened.
  {
    when: { acquisition: ['not-opened'] },
    decision: 'refuse',
    reason: 'of-failed-open',
    status: 'acquisition',
    verdict: 'unknown',
  },
  {
    when: { thread: ['exited'] },
    decision: 'refuse',
    reason: 'thread-exited',
    status: 'judgement',
    verdict: 'judgement',
  },
  {
    when: { ...HELD, verdict: ['secure'], consent: ['accepted'] },
    decision: 'allow',
    reason: 'availability-accepted',
    status: 'zero',
    verdict: 'judgement',
  },
  {
    when: { ...HELD, verdict: ['ordinary'] },
    decision: 'allow',
    reason: 'ordinary',
    status: 'zero',
    verdict: 'judgement',
  },
];

/** Decides where no rule holds, which no situation above leaves open: what nobody thought of is refused. */
export const DEFAULT_RULE: DecisionRule = {
  when: {},
  decision: 'refuse',
  reason: 'query-failed',
  status: 'judgement',
  verdict: 'unknown',
};
