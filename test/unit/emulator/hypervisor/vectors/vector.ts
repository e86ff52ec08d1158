/** A reference vector of facts/vsm.md 6: what it expects under one profile. `derived` needs no profile. */
import type { ProfileName } from '../../../../../lib/emulator/hypervisor/profile.js';

export interface ReferenceVector {
  readonly id: string;
  readonly profile: ProfileName | 'derived';
  readonly what: string;
  /** Fails by an assertion. */
  readonly run: () => void;
}

/** One vector for each profile it names. */
export const forProfiles = (
  id: string,
  profiles: readonly ProfileName[],
  what: string,
  run: (profile: ProfileName) => void,
): readonly ReferenceVector[] => profiles.map((profile) => ({ id, profile, what, run: () => run(profile) }));
