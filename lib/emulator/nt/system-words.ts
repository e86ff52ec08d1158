/**
 * What the system-wide query classes answer (facts/nt.md 3). Pure over the parameters, so that the simulated kernel's table can be
 * made from it too.
 */
import {
  CodeIntegrityOption,
  encodeCodeIntegrity,
  encodeCodeIntegrityPolicy,
  encodeHypervisor,
  encodeHypervisorDetail,
  encodeIsolatedUserMode,
  encodeKernelDebugger,
  encodeKernelDebuggerEx,
  encodeSecureBoot,
  encodeSecureCore,
  encodeVsmProtection,
  type HypervisorLeaf,
  SystemInfoClass,
} from '../../layout/index.js';
import type { SystemParameters } from './system-parameters.js';

/** Windows 10's first build; class 165 is older than VSM's first public build by nobody's account (facts/nt.md 3.1). */
const WINDOWS_10 = 10240;
const FIRST_BUILD_WITH_VSM_PROTECTION = 14393;
const FIRST_BUILD_WITH_MBEC = 17134;
const FIRST_BUILD_WITH_APIC = 19041;
/** Assumed: the headers mark class 240 as new there (facts/nt.md 3.3, S1). */
const FIRST_BUILD_WITH_SECURE_CORE = 26100;
const NO_POLICY = '00000000-0000-0000-0000-000000000000';

const codeIntegrityOptions = (system: SystemParameters): number =>
  CodeIntegrityOption.ENABLED |
  (system.testSigning ? CodeIntegrityOption.TESTSIGN : 0) |
  (system.kernelDebugger ? CodeIntegrityOption.DEBUGMODE_ENABLED : 0) |
  (system.hvci ? CodeIntegrityOption.HVCI_KMCI_ENABLED | CodeIntegrityOption.HVCI_IUM_ENABLED : 0) |
  (system.hvci && system.hvciStrict ? CodeIntegrityOption.HVCI_KMCI_STRICTMODE : 0);

const NO_LEAF: HypervisorLeaf = [0, 0, 0, 0];
/** `Microsoft Hv` and `Hv#1`; the last of the seven leaves is 0x40000006. The feature words are nobody's here and stay 0. */
const VENDOR_LEAF: HypervisorLeaf = [0x4000_0006, 0x7263_694d, 0x666f_736f, 0x7648_2074];
const INTERFACE_LEAF: HypervisorLeaf = [0x3123_7648, 0, 0, 0];

/** Class 159. Zeros where no hypervisor runs: assumed. */
const hypervisorDetail = ({ hypervisor }: SystemParameters): Uint8Array =>
  encodeHypervisorDetail({
    HvVendorAndMaxFunction: hypervisor ? VENDOR_LEAF : NO_LEAF,
    HypervisorInterface: hypervisor ? INTERFACE_LEAF : NO_LEAF,
    HypervisorVersion: NO_LEAF,
    HvFeatures: NO_LEAF,
    HwFeatures: NO_LEAF,
    EnlightenmentInfo: NO_LEAF,
    ImplementationLimits: NO_LEAF,
  });

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
  const { build, vsm, hvci, kernelDebugger } = system;
  if (build < WINDOWS_10 || system.missingClasses.includes(infoClass)) return null;
  switch (infoClass) {
    case SystemInfoClass.KernelDebugger:
      return encodeKernelDebugger({ KernelDebuggerEnabled: kernelDebugger, KernelDebuggerNotPresent: !kernelDebugger });
    case SystemInfoClass.KernelDebuggerEx:
      return encodeKernelDebuggerEx({
        // What it says without a debugger is not told anywhere.
        DebuggerAllowed: kernelDebugger,
        DebuggerEnabled: kernelDebugger,
        DebuggerPresent: kernelDebugger,
      });
    case SystemInfoClass.HypervisorDetail:
      return hypervisorDetail(system);
    case SystemInfoClass.SecureCore:
      if (build < FIRST_BUILD_WITH_SECURE_CORE) return null;
      return encodeSecureCore({ IsSecureCore: false, SecureKernelRunning: vsm ? 1n : 0n, VslFeatures: 0n });
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
