/** What a scenario's `system` comes to, with nothing left out. */
import { FirstBuild } from '../../layout/index.js';
import type { Scenario } from '../scenario.js';

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
    secureBit: system.secureBit ?? (system.build < FirstBuild.SecureBit ? 'absent' : 'reported'),
    missingClasses: system.missingClasses ?? [],
    seed: system.seed ?? 1,
    bootId: system.bootId ?? 1,
  };
};
