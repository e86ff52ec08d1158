/** What a scenario's `system` comes to, with nothing left out. */
import { FirstBuild } from '../../layout/index.js';
import type { ConfiguredCredentialGuard, ConfiguredRequirement, Scenario } from '../scenario.js';

/** What the machine was told to do, beside what it does. */
export interface ConfiguredParameters {
  readonly vbs: boolean;
  readonly hvci: boolean;
  /** null: as the machine runs, which it is only told by its processes. */
  readonly credentialGuard: ConfiguredCredentialGuard | null;
  readonly requires: ConfiguredRequirement;
  readonly locked: boolean;
  readonly by: 'registry' | 'policy';
  readonly edition: string;
}

export interface SystemParameters {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  readonly vsm: boolean;
  readonly hvci: boolean;
  readonly hvciStrict: boolean;
  readonly secureBoot: boolean;
  readonly testSigning: boolean;
  readonly hypervisor: boolean;
  readonly dmaProtection: boolean;
  readonly kernelDebugger: boolean;
  readonly configured: ConfiguredParameters;
  /** Whether this kernel sets bit 7 at all. */
  readonly secureBit: 'reported' | 'absent';
  readonly missingClasses: readonly number[];
  readonly seed: number;
  readonly bootId: number;
}

export const systemParameters = (scenario: Scenario): SystemParameters => {
  const { system } = scenario;
  return {
    major: system.major ?? 10,
    minor: system.minor ?? 0,
    build: system.build,
    vsm: system.vsm,
    hvci: system.hvci ?? false,
    hvciStrict: system.hvciStrict ?? false,
    secureBoot: system.secureBoot ?? true,
    testSigning: system.testSigning ?? false,
    hypervisor: system.hypervisor ?? system.vsm,
    dmaProtection: system.dmaProtection ?? system.vsm,
    kernelDebugger: system.kernelDebugger ?? false,
    configured: {
      vbs: system.configured?.vbs ?? system.vsm,
      hvci: system.configured?.hvci ?? system.hvci ?? false,
      credentialGuard: system.configured?.credentialGuard ?? null,
      requires: system.configured?.requires ?? 'nothing',
      locked: system.configured?.locked ?? false,
      by: system.configured?.by ?? 'registry',
      edition: system.configured?.edition ?? 'Enterprise',
    },
    secureBit: system.secureBit ?? (system.build < FirstBuild.SecureBit ? 'absent' : 'reported'),
    missingClasses: system.missingClasses ?? [],
    seed: system.seed ?? 1,
    bootId: system.bootId ?? 1,
  };
};
