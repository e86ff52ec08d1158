/**
 * What the system-wide query classes answer (facts/nt.md 3). Pure over the parameters, so that the simulated kernel's table can be
 * made from it too.
 */
import {
  CodeIntegrityOption,
  encodeCodeIntegrity,
  encodeCodeIntegrityPolicy,
  encodeHypervisor,
  encodeIsolatedUserMode,
  encodeSecureBoot,
  encodeVsmProtection,
  SystemInfoClass,
} from '../../layout/index.js';
import type { SystemParameters } from './system-parameters.js';

/** Windows 10's first build; class 165 is older than VSM's first public build by nobody's account (facts/nt.md 3.1). */
const WINDOWS_10 = 10240;
const FIRST_BUILD_WITH_VSM_PROTECTION = 14393;
const FIRST_BUILD_WITH_MBEC = 17134;
const FIRST_BUILD_WITH_APIC = 19041;
const NO_POLICY = '00000000-0000-0000-0000-000000000000';

const codeIntegrityOptions = (system: SystemParameters): number =>
  CodeIntegrityOption.ENABLED |
  (system.testSigning ? CodeIntegrityOption.TESTSIGN : 0) |
  (system.hvci ? CodeIntegrityOption.HVCI_KMCI_ENABLED | CodeIntegrityOption.HVCI_IUM_ENABLED : 0) |
  (system.hvci && system.hvciStrict ? CodeIntegrityOption.HVCI_KMCI_STRICTMODE : 0);

/**
 * The bytes a class answers on this system.
 * @param trustletRunning whether any trustlet process runs
 * @returns null for a class the build lacks or the scenario took away: STATUS_INVALID_INFO_CLASS
 */
export const systemClassBytes = (
  system: SystemParameters,
  infoClass: number,
  trustletRunning: boolean,
): Uint8Array | null => {
  const { build, vsm, hvci } = system;
  if (build < WINDOWS_10 || system.missingClasses.includes(infoClass)) return null;
  switch (infoClass) {
    case SystemInfoClass.Hypervisor:
      return encodeHypervisor({
        Connected: system.hypervisor,
        DebuggingEnabled: false,
        Present: system.hypervisor,
        EnabledEnlightenments: 0n,
      });
    case SystemInfoClass.CodeIntegrity:
      return encodeCodeIntegrity(codeIntegrityOptions(system));
    case SystemInfoClass.SecureBoot:
      return encodeSecureBoot({ SecureBootEnabled: system.secureBoot, SecureBootCapable: true });
    case SystemInfoClass.CodeIntegrityPolicy:
      return encodeCodeIntegrityPolicy({
        options: 1,
        hvciOptions: (hvci ? 1 : 0) | (hvci && system.hvciStrict ? 2 : 0),
        version: 0n,
        policyGuid: NO_POLICY,
      });
    case SystemInfoClass.IsolatedUserMode:
      return encodeIsolatedUserMode({
        SecureKernelRunning: vsm,
        HvciEnabled: vsm && hvci,
        HvciStrictMode: vsm && hvci && system.hvciStrict,
        EncryptionKeyAvailable: vsm,
        TrustletRunning: trustletRunning,
        // A flag of newer builds (facts/nt.md 3.1); which build brought it is not known, 22621 is assumed.
        HardwareEnforcedVbs: vsm && system.hypervisor && build >= 22621,
      });
    case SystemInfoClass.VsmProtection:
      if (build < FIRST_BUILD_WITH_VSM_PROTECTION) return null;
      return encodeVsmProtection({
        DmaProtectionsAvailable: vsm && system.dmaProtection,
        DmaProtectionsInUse: vsm && system.dmaProtection,
        HardwareMbecAvailable: build >= FIRST_BUILD_WITH_MBEC ? vsm : null,
        ApicVirtualizationAvailable: build >= FIRST_BUILD_WITH_APIC ? false : null,
      });
    default:
      return null;
  }
};
