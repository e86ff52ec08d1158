/** What the machine's registry and its WMI say it was told to do, to one of its processes (facts/nt.md 3.4, 3.5). */
import type { PostureConfiguration, RegistryValues } from '../../types.js';
import type { ConfiguredCredentialGuard } from '../scenario.js';
import type { Caller, NtSystem } from './system.js';
import type { SystemParameters } from './system-parameters.js';

/** LsaIso's trustlet id (facts/nt.md 5.1): while it runs, Credential Guard does. */
const LSAISO = 1;

/** Numbers of Win32_DeviceGuard. */
const CREDENTIAL_GUARD = 1;
const HVCI = 2;
const HYPERVISOR = 1;
const SECURE_BOOT = 2;
const DMA_PROTECTION = 3;
const MBEC = 7;

const LSA_CFG_FLAGS: Readonly<Record<ConfiguredCredentialGuard, number>> = { off: 0, locked: 1, unlocked: 2 };
const PLATFORM = { nothing: 0, 'secure-boot': 1, 'secure-boot-and-dma': 3 } as const;

const isCredentialGuardRunning = (system: NtSystem): boolean => {
  for (const process of system.state.processes.values()) {
    if (process.trustlet?.id === LSAISO && process.life !== 'exited') return true;
  }
  return false;
};

const registry = (system: SystemParameters, credentialGuard: number): RegistryValues => {
  const { vbs, hvci, requires, locked, by, edition } = system.configured;
  const lock = locked ? 1 : 0;
  const common = { 'Windows\\EditionID': edition };
  if (by === 'policy') {
    return {
      ...common,
      'Policy\\EnableVirtualizationBasedSecurity': vbs ? 1 : 0,
      'Policy\\RequirePlatformSecurityFeatures': PLATFORM[requires],
      // 1 with UEFI lock, 2 without.
      'Policy\\HypervisorEnforcedCodeIntegrity': hvci ? 2 - lock : 0,
      'Policy\\LsaCfgFlags': credentialGuard,
    };
  }
  return {
    ...common,
    'DeviceGuard\\EnableVirtualizationBasedSecurity': vbs ? 1 : 0,
    'DeviceGuard\\RequirePlatformSecurityFeatures': PLATFORM[requires],
    'DeviceGuard\\Locked': lock,
    'HypervisorEnforcedCodeIntegrity\\Enabled': hvci ? 1 : 0,
    'HypervisorEnforcedCodeIntegrity\\Locked': lock,
    'Lsa\\LsaCfgFlags': credentialGuard,
  };
};

/** A list of WMI's; it has 0 where there is nothing to name. */
const listOf = (...entries: readonly (readonly [number, boolean])[]): readonly number[] => {
  const numbers = entries.filter(([, isThere]) => isThere).map(([number]) => number);
  return numbers.length === 0 ? [0] : numbers;
};

/** Windows documents the query for elevated use (facts/nt.md 3.4). */
const mayAskWmi = ({ process }: Caller): boolean => process.elevated || process.user === 'SYSTEM';

const REFUSED = 'WMI refused access to Win32_DeviceGuard; it is documented for elevated use';

/** @param caller who asks */
export const systemConfiguration = (system: NtSystem, caller: Caller): PostureConfiguration => {
  const { parameters } = system;
  const { configured, vsm, hvci, secureBoot, hypervisor, dmaProtection } = parameters;
  const isRunning = vsm && isCredentialGuardRunning(system);
  const lsaCfgFlags = LSA_CFG_FLAGS[configured.credentialGuard ?? (isRunning ? 'unlocked' : 'off')];
  const { requires } = configured;
  return {
    deviceGuard: mayAskWmi(caller)
      ? {
          state: 'answered',
          problem: null,
          values: {
            VirtualizationBasedSecurityStatus: vsm ? 2 : configured.vbs ? 1 : 0,
            SecurityServicesConfigured: listOf([CREDENTIAL_GUARD, lsaCfgFlags !== 0], [HVCI, configured.hvci]),
            SecurityServicesRunning: listOf([CREDENTIAL_GUARD, isRunning], [HVCI, vsm && hvci]),
            RequiredSecurityProperties: listOf(
              [HYPERVISOR, configured.vbs],
              [SECURE_BOOT, requires !== 'nothing'],
              [DMA_PROTECTION, requires === 'secure-boot-and-dma'],
            ),
            AvailableSecurityProperties: listOf(
              [HYPERVISOR, hypervisor],
              [SECURE_BOOT, secureBoot],
              [DMA_PROTECTION, dmaProtection],
              [MBEC, vsm],
            ),
            CodeIntegrityPolicyEnforcementStatus: 0,
            UsermodeCodeIntegrityPolicyEnforcementStatus: 0,
            VirtualMachineIsolationStatus: null,
            VirtualMachineIsolationProperties: null,
            InstanceIdentifier: null,
            Version: '1.0',
          },
        }
      : { state: 'refused', problem: REFUSED, values: null },
    registry: { state: 'answered', problem: null, values: registry(parameters, lsaCfgFlags) },
  };
};
