/** A platform's state beside the hypervisor's own. */
import type { HypervisorSnapshot } from '../hypervisor/hypervisor.js';
import type { BootStateName } from './boot-states.js';
import { createPageOwners, type PageOwners } from './page-owners.js';

/** All that is not the hypervisor's: plain data. */
export interface PlatformState {
  boot: BootStateName;
  owners: PageOwners;
  /** VTL0's root page table as the secure kernel noted it while still in VTL0 (S3); 0 before. */
  notedRoot: bigint;
  cameUpWithVtl1: boolean;
}

export interface PlatformSnapshot {
  readonly hypervisor: HypervisorSnapshot;
  readonly state: PlatformState;
}

export const createPlatformState = (boot: BootStateName): PlatformState => ({
  boot,
  owners: createPageOwners(),
  notedRoot: 0n,
  cameUpWithVtl1: false,
});
