/** The guard's decision written out check by check: naive on purpose, and never by the table it is held against. */

export interface OracleJudgement {
  readonly verdict: 'secure' | 'ordinary' | 'unknown';
  readonly reason: string;
  readonly evidence: string;
  readonly status: number;
}

export interface DecisionSituation {
  /** Masks; bit n is the n-th operation. */
  readonly operations: number;
  readonly accepted: number;
  readonly identity: 'unchecked' | 'same' | 'other';
  readonly thread: 'none' | 'paired' | 'unpaired' | 'exited';
  readonly acquisition: 'examined' | 'not-opened' | 'not-queryable';
  /** Status of the acquisition; nobody reads it of an examined target. */
  readonly acquisitionStatus: number;
  readonly judgement: OracleJudgement;
}

export interface OracleDecision extends OracleJudgement {
  readonly decision: 'allow' | 'refuse';
}

/** suspend, terminate, duplicate-handle */
const AVAILABILITY = 0x7000;

/** What a failed open says about the process that was asked for. */
export const reasonOfFailedOpen = (status: number): string => {
  if (status === 0xc0000022) return 'access-denied';
  if (status === 0xc000000b || status === 0xc000000d) return 'gone';
  if (status === 0xc000010a) return 'exiting';
  return 'query-failed';
};

export const expectedDecision = (situation: DecisionSituation): OracleDecision => {
  const { operations, accepted, identity, thread, acquisition, acquisitionStatus, judgement } = situation;
  const { verdict, evidence, status } = judgement;
  const refuse = (reason: string, why: number, what: OracleJudgement['verdict']): OracleDecision => ({
    decision: 'refuse',
    verdict: what,
    reason,
    evidence,
    status: why,
  });

  if (identity === 'other') return refuse('identity-mismatch', status, 'unknown');
  if (thread === 'unpaired') return refuse('thread-mismatch', status, 'unknown');
  const availabilityOnly = operations !== 0 && (operations | AVAILABILITY) === AVAILABILITY;
  const allAccepted = availabilityOnly && (operations & accepted) === operations;
  if (verdict === 'secure' && !availabilityOnly) return refuse('secure', status, 'secure');
  if (verdict === 'secure' && !allAccepted) return refuse('availability', status, 'secure');
  if (acquisition === 'not-opened' && acquisitionStatus === 0xc0000008) {
    return refuse('invalid-handle', acquisitionStatus, 'unknown');
  }
  if (acquisition === 'not-queryable') return refuse('query-right-denied', acquisitionStatus, 'unknown');
  if (verdict === 'unknown') return refuse(judgement.reason, status, 'unknown');
  if (acquisition === 'not-opened') {
    if (acquisitionStatus === 0xc0000022) return refuse('rights-denied', acquisitionStatus, verdict);
    return refuse(reasonOfFailedOpen(acquisitionStatus), acquisitionStatus, 'unknown');
  }
  if (thread === 'exited') return refuse('thread-exited', status, verdict);
  const reason = verdict === 'secure' ? 'availability-accepted' : 'ordinary';
  return { decision: 'allow', verdict, reason, evidence, status: 0 };
};
