/**
 * The failure matrix (facts/vsm.md 1.14): what each call answers when it cannot do what was asked, a column for each profile.
 * Calls read their statuses from here and nowhere else.
 *
 * Rows of 1.14 that cannot arise are left out: a caller of EnablePartitionVtl that is not the highest enabled VTL (only VTL0 can
 * call before VTL1 is enabled, and afterwards the row `enable-partition-again` answers), and the answers of
 * ModifyVtlProtectionMask, InstallIntercept and the VSM registers while VSM is off (a caller above VTL0 proves that it is on, and VTL0
 * is refused before).
 */
import { type EnableFailure, enableRows } from './failure-rows/enable-rows.js';
import { type MemoryFailure, memoryRows } from './failure-rows/memory-rows.js';
import { type RegisterFailure, registerRows } from './failure-rows/register-rows.js';
import type { FailureOutcome, FailureRow } from './failure-rows/row.js';
import { HvStatus } from './hv-status.js';
import type { Profile } from './profile.js';

export type { FailureOutcome, FailureRow } from './failure-rows/row.js';

export type FailureId = EnableFailure | MemoryFailure | RegisterFailure;

/** Every row by its name. */
export const failureMatrix: Readonly<Record<FailureId, FailureRow>> = { ...enableRows, ...memoryRows, ...registerRows };

/** Rows that a conflict's switch decides, whatever the profile's name. */
const bySwitch: Partial<Record<FailureId, (profile: Profile) => FailureOutcome>> = {
  'enable-partition-again': (profile) => profile.secondEnable,
  'modify-lowest-vtl': (profile) => (profile.protectionTarget === 'owner' ? 'INVALID_PARAMETER' : 'accepted'),
  'config-mask-changed': (profile) => (profile.defaultMaskChange === 'refused' ? 'INVALID_REGISTER_VALUE' : 'accepted'),
};

/** What a profile answers on a row. */
export const outcomeOf = (profile: Profile, id: FailureId): FailureOutcome =>
  bySwitch[id]?.(profile) ?? failureMatrix[id][profile.name];

/**
 * The status of a row if its condition holds and the profile does not accept it. Chain with `??`, in the order of the checks.
 * @returns null where the call goes on
 */
export const refuse = (profile: Profile, id: FailureId, condition: boolean): number | null => {
  if (!condition) return null;
  const outcome = outcomeOf(profile, id);
  return outcome === 'accepted' ? null : HvStatus[outcome];
};
