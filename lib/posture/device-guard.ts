/** WMI's Win32_DeviceGuard: what its numbers mean (facts/nt.md 3.4), read strictly. */
import type { DeviceGuardValues } from '../types.js';

/** Where the class lives. */
export const DEVICE_GUARD_NAMESPACE = 'root\\Microsoft\\Windows\\DeviceGuard';
export const DEVICE_GUARD_CLASS = 'Win32_DeviceGuard';

/** Numbers of one property, with their words. */
export type Meanings = Readonly<Record<number, string>>;

/** VirtualizationBasedSecurityStatus. */
export const VbsStatus = { OFF: 0, NOT_RUNNING: 1, RUNNING: 2 } as const;

/** SecurityServicesConfigured and SecurityServicesRunning. */
export const SecurityService = { CREDENTIAL_GUARD: 1, HVCI: 2, SECURE_LAUNCH: 3 } as const;

/** RequiredSecurityProperties and AvailableSecurityProperties. */
export const SecurityProperty = { HYPERVISOR: 1, SECURE_BOOT: 2, DMA_PROTECTION: 3, MBEC: 7 } as const;

const SERVICES: Meanings = {
  0: 'none',
  1: 'Credential Guard',
  2: 'memory integrity (HVCI)',
  3: 'System Guard Secure Launch',
  4: 'SMM Firmware Measurement',
  5: 'kernel-mode hardware-enforced stack protection',
  6: 'kernel-mode hardware-enforced stack protection, audit mode',
  7: 'Hypervisor-Enforced Paging Translation',
};

/** What VBS may need of a platform. */
export const SECURITY_PROPERTIES: Meanings = {
  0: 'none',
  1: 'hypervisor support',
  2: 'Secure Boot',
  3: 'DMA protection',
  4: 'Secure Memory Overwrite',
  5: 'NX protections',
  6: 'SMM mitigations',
  7: 'MBEC or GMET',
  8: 'APIC virtualization',
};

const ENFORCEMENT: Meanings = { 0: 'off', 1: 'audit', 2: 'enforced' };

/** One property as the helper asks for it. */
export interface DeviceGuardProperty {
  readonly name: keyof DeviceGuardValues;
  readonly shape: 'number' | 'numbers' | 'text';
  readonly meanings: Meanings;
  /** Microsoft's page describes it; else it is known from the SDK or from public scripts. */
  readonly documented: boolean;
}

/** Every property that is asked for; no other is read. */
export const DEVICE_GUARD_PROPERTIES: readonly DeviceGuardProperty[] = [
  {
    name: 'VirtualizationBasedSecurityStatus',
    shape: 'number',
    meanings: { 0: 'not enabled', 1: 'enabled, not running', 2: 'enabled and running' },
    documented: true,
  },
  { name: 'SecurityServicesConfigured', shape: 'numbers', meanings: SERVICES, documented: true },
  { name: 'SecurityServicesRunning', shape: 'numbers', meanings: SERVICES, documented: true },
  { name: 'RequiredSecurityProperties', shape: 'numbers', meanings: SECURITY_PROPERTIES, documented: true },
  { name: 'AvailableSecurityProperties', shape: 'numbers', meanings: SECURITY_PROPERTIES, documented: true },
  { name: 'CodeIntegrityPolicyEnforcementStatus', shape: 'number', meanings: ENFORCEMENT, documented: false },
  { name: 'UsermodeCodeIntegrityPolicyEnforcementStatus', shape: 'number', meanings: ENFORCEMENT, documented: false },
  { name: 'VirtualMachineIsolationStatus', shape: 'number', meanings: {}, documented: false },
  {
    name: 'VirtualMachineIsolationProperties',
    shape: 'numbers',
    meanings: { 1: 'AMD SEV-SNP', 2: 'VBS', 3: 'Intel TDX' },
    documented: false,
  },
  { name: 'InstanceIdentifier', shape: 'text', meanings: {}, documented: true },
  { name: 'Version', shape: 'text', meanings: {}, documented: true },
];

/** A number in words; one without words passes as `unknown(n)`. */
export const meaningOf = (meanings: Meanings, value: number): string => meanings[value] ?? `unknown(${value})`;

/** Each number of the answer in words. */
export const deviceGuardMeanings = (values: DeviceGuardValues): Readonly<Record<string, string | readonly string[]>> =>
  Object.fromEntries(
    DEVICE_GUARD_PROPERTIES.flatMap(({ name, meanings }): [string, string | readonly string[]][] => {
      const value = values[name];
      if (typeof value === 'number') return [[name, meaningOf(meanings, value)]];
      return Array.isArray(value) ? [[name, value.map((each: number) => meaningOf(meanings, each))]] : [];
    }),
  );
