/** What a posture is made from, as a test wants it: a Windows on which all is well, and what a test changes. */

import {
  decodeCodeIntegrity,
  decodeCodeIntegrityPolicy,
  decodeIsolatedUserMode,
  encodeCodeIntegrity,
  encodeCodeIntegrityPolicy,
  encodeIsolatedUserMode,
  type HypervisorLeaf,
  type IsolatedUserMode,
  type VsmProtection,
} from '../../lib/layout/index.js';
import { answeredSource, deviceGuardOf } from '../../lib/posture/configuration.js';
import { mergePosture } from '../../lib/posture/merge.js';
import type { NtAnswer, NtAnswers } from '../../lib/posture/nt-answers.js';
import type {
  ConfigurationSource,
  DeviceGuardValues,
  Posture,
  PostureConfiguration,
  RegistryValues,
} from '../../lib/types.js';

export const INVALID_INFO_CLASS = 0xc0000003;
export const ACCESS_DENIED = 0xc0000022;

export const answered = <T>(infoClass: number, value: T): NtAnswer<T> => ({ infoClass, status: 0, value });

export const failed = (infoClass: number, status = INVALID_INFO_CLASS): NtAnswer<never> => ({
  infoClass,
  status,
  value: null,
});

export const isolated = (flags: Partial<IsolatedUserMode>): NtAnswer<IsolatedUserMode> =>
  answered(165, decodeIsolatedUserMode(encodeIsolatedUserMode(flags)));

export const codeIntegrity = (options: number): NtAnswers['codeIntegrity'] =>
  answered(103, decodeCodeIntegrity(encodeCodeIntegrity(options)));

export const policy = (hvciOptions: number): NtAnswers['codeIntegrityPolicy'] =>
  answered(
    164,
    decodeCodeIntegrityPolicy(
      encodeCodeIntegrityPolicy({
        options: 1,
        hvciOptions,
        version: 0n,
        policyGuid: '00000000-0000-0000-0000-000000000000',
      }),
    ),
  );

export const vsmProtection = (over: Partial<VsmProtection>): NtAnswers['vsmProtection'] =>
  answered(169, {
    DmaProtectionsAvailable: true,
    DmaProtectionsInUse: true,
    HardwareMbecAvailable: true,
    ApicVirtualizationAvailable: false,
    ...over,
  });

export const secureBoot = (SecureBootEnabled: boolean): NtAnswers['secureBoot'] =>
  answered(145, { SecureBootEnabled, SecureBootCapable: true });

export const hypervisor = (Present: boolean, DebuggingEnabled = false): NtAnswers['hypervisor'] =>
  answered(91, { Connected: Present, DebuggingEnabled, Present, EnabledEnlightenments: 0n });

export const debuggerEx = (DebuggerEnabled: boolean, DebuggerPresent: boolean): NtAnswers['kernelDebuggerEx'] =>
  answered(149, { DebuggerAllowed: DebuggerEnabled, DebuggerEnabled, DebuggerPresent });

const NO_LEAF: HypervisorLeaf = [0, 0, 0, 0];

/** VBS, memory integrity, Secure Boot and DMA protection run; nothing is weak. */
export const healthyNt: NtAnswers = {
  isolatedUserMode: isolated({ SecureKernelRunning: true, HvciEnabled: true, TrustletRunning: true }),
  codeIntegrity: codeIntegrity(0x2401),
  codeIntegrityPolicy: policy(1),
  secureBoot: secureBoot(true),
  vsmProtection: vsmProtection({}),
  hypervisor: hypervisor(true),
  hypervisorDetail: answered(159, {
    leaves: {
      HvVendorAndMaxFunction: NO_LEAF,
      HypervisorInterface: NO_LEAF,
      HypervisorVersion: NO_LEAF,
      HvFeatures: NO_LEAF,
      HwFeatures: NO_LEAF,
      EnlightenmentInfo: NO_LEAF,
      ImplementationLimits: NO_LEAF,
    },
    vendor: 'Microsoft Hv',
    interface: 'Hv#1',
  }),
  kernelDebugger: answered(35, { KernelDebuggerEnabled: false, KernelDebuggerNotPresent: true }),
  kernelDebuggerEx: debuggerEx(false, false),
  secureCore: answered(242, { IsSecureCore: true, SecureKernelRunning: 1n, VslFeatures: 0n }),
};

/** The kernel of a machine on which VBS is not running. */
export const stalledNt: NtAnswers = {
  ...healthyNt,
  isolatedUserMode: isolated({}),
  codeIntegrity: codeIntegrity(0x1),
  codeIntegrityPolicy: policy(0),
  vsmProtection: vsmProtection({
    DmaProtectionsAvailable: false,
    DmaProtectionsInUse: false,
    HardwareMbecAvailable: false,
  }),
  secureCore: failed(242),
};

export const wmi = (values: Partial<DeviceGuardValues>): ConfigurationSource<DeviceGuardValues> =>
  answeredSource(deviceGuardOf(values));

export const registry = (values: RegistryValues): ConfigurationSource<RegistryValues> => answeredSource(values);

/** Configured as it runs, by the registry. */
export const healthyConfiguration: PostureConfiguration = {
  deviceGuard: wmi({
    VirtualizationBasedSecurityStatus: 2,
    SecurityServicesConfigured: [1, 2],
    SecurityServicesRunning: [1, 2],
    RequiredSecurityProperties: [1, 2],
    AvailableSecurityProperties: [1, 2, 3, 5, 7],
  }),
  registry: registry({
    'DeviceGuard\\EnableVirtualizationBasedSecurity': 1,
    'DeviceGuard\\RequirePlatformSecurityFeatures': 1,
    'HypervisorEnforcedCodeIntegrity\\Enabled': 1,
    'Lsa\\LsaCfgFlags': 2,
    'Windows\\EditionID': 'Enterprise',
  }),
};

/** What of the whole a test changes. */
export interface Changes {
  readonly nt?: Partial<NtAnswers>;
  readonly deviceGuard?: PostureConfiguration['deviceGuard'];
  readonly registry?: PostureConfiguration['registry'];
  readonly build?: number;
}

/** A posture of a healthy machine, or of `from`, with these changes. */
export const postureWith = (changes: Changes = {}, from: NtAnswers = healthyNt): Posture =>
  mergePosture(
    { backend: 'ntdll', simulated: true, windows: { major: 10, minor: 0, build: changes.build ?? 26100 } },
    {
      nt: { ...from, ...changes.nt },
      configuration: {
        deviceGuard: changes.deviceGuard ?? healthyConfiguration.deviceGuard,
        registry: changes.registry ?? healthyConfiguration.registry,
      },
    },
  );
