/** One row of the failure matrix. */
import type { HvStatusName } from '../hv-status.js';
import type { ProfileName } from '../profile.js';

/** What a profile answers when the condition holds; `accepted` goes on with the call. */
export type FailureOutcome = HvStatusName | 'accepted';

export interface FailureRow {
  readonly call: string;
  /** When, in our own words. */
  readonly condition: string;
  readonly openhcl: FailureOutcome;
  readonly tlfs: FailureOutcome;
  readonly kvm: FailureOutcome;
  readonly source: string;
  /** Profiles whose column no source states: they follow OpenHCL. Where OpenHCL is among them, the choice is ours. */
  readonly assumed: readonly ProfileName[];
}

/** A row whose status all profiles share. */
export const same = (
  call: string,
  condition: string,
  outcome: FailureOutcome,
  assumed: readonly ProfileName[] = [],
  source = 'facts/vsm.md 1.14',
): FailureRow => ({ call, condition, openhcl: outcome, tlfs: outcome, kvm: outcome, source, assumed });

/** A row in which the KVM fork differs; the TLFS states no status of its own and follows OpenHCL. */
export const differs = (
  call: string,
  condition: string,
  openhcl: FailureOutcome,
  kvm: FailureOutcome,
  source = 'facts/vsm.md 1.14',
): FailureRow => ({ call, condition, openhcl, tlfs: openhcl, kvm, source, assumed: ['tlfs'] });
