/** A row of the failure matrix and how to provoke it. */
import type { ProfileName } from '../../../../../lib/emulator/hypervisor/profile.js';

export interface ProvokedRow {
  /** Expected statuses, as literals of facts/vsm.md 1.14: openhcl, tlfs, kvm. */
  readonly statuses: readonly [openhcl: number, tlfs: number, kvm: number];
  /** Brings a guest of the profile there. @returns the status that the call answers */
  readonly provoke: (profile: ProfileName) => number;
}

export const row = (
  statuses: readonly [openhcl: number, tlfs: number, kvm: number],
  provoke: (profile: ProfileName) => number,
): ProvokedRow => ({ statuses, provoke });

/** A row whose status is the same in every profile. */
export const alike = (status: number, provoke: (profile: ProfileName) => number): ProvokedRow =>
  row([status, status, status], provoke);
