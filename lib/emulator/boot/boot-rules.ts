/** What a machine's coming up depends on beside its hardware: the outcomes of the behaviour table, as the boot uses them. */

import { ALL_RIGHTS, PageRight } from '../memory/rights.js';
import type { Outcomes } from '../policies.js';

export interface BootRules {
  /** B01: VTLs need the hypervisor. */
  readonly hypervisorNeeded: boolean;
  /** B02: the highest VTL that the boot enables. */
  readonly highestVtl: number;
  /** B03: rights of VTL0 on what a trustlet has to itself. */
  readonly trustletPages: number;
  /** B10: rights of VTL0 on the secure kernel once PHASE3_INIT is over. */
  readonly secureKernelPages: number;
  /** B11: memory given to VTL1 later is protected at once. */
  readonly protectsLater: boolean;
  /** B15: rights of VTL0 on code that HVCI has validated. */
  readonly validatedCode: number;
}

const READ_EXECUTE = PageRight.READ | PageRight.KERNEL_EXECUTE | PageRight.USER_EXECUTE;

/** A mask by the name that the behaviour table gives it. */
const MASKS: Readonly<Record<string, number>> = {
  none: 0,
  'read-only': PageRight.READ,
  'read-execute': READ_EXECUTE,
  all: ALL_RIGHTS,
};

const maskNamed = (name: string): number => MASKS[name] ?? ALL_RIGHTS;

/** Rights of VTL0 where nobody said anything: with HVCI no page that can be written can be run in kernel mode (facts/vsm.md 2). */
export const defaultMask = (hvci: boolean, mbec: boolean): number => {
  if (!hvci) return ALL_RIGHTS;
  const readWrite = PageRight.READ | PageRight.WRITE;
  return mbec ? readWrite | PageRight.USER_EXECUTE : readWrite;
};

/** The rules as the behaviour table has them. */
export const bootRules = (outcomes: Outcomes): BootRules => ({
  hypervisorNeeded: outcomes.B01 === 'hypervisor-needed',
  highestVtl: Number(outcomes.B02),
  trustletPages: maskNamed(String(outcomes.B03)),
  secureKernelPages: maskNamed(String(outcomes.B10)),
  protectsLater: outcomes.B11 === 'at-once',
  validatedCode: maskNamed(String(outcomes.B15)),
});
