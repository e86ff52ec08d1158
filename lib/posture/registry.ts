/** What VBS is told to do in the registry (facts/nt.md 3.5): the values that are read, and what they mean. */
import type { RegistryValues } from '../types.js';
import { type Meanings, meaningOf } from './device-guard.js';

/** A key of HKEY_LOCAL_MACHINE by the name it has here. */
export const REGISTRY_KEYS = {
  DeviceGuard: 'SYSTEM\\CurrentControlSet\\Control\\DeviceGuard',
  HypervisorEnforcedCodeIntegrity:
    'SYSTEM\\CurrentControlSet\\Control\\DeviceGuard\\Scenarios\\HypervisorEnforcedCodeIntegrity',
  Lsa: 'SYSTEM\\CurrentControlSet\\Control\\Lsa',
  Policy: 'SOFTWARE\\Policies\\Microsoft\\Windows\\DeviceGuard',
  Windows: 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion',
} as const;

/** A key that is read. */
export type RegistryKey = keyof typeof REGISTRY_KEYS;

/** Every key, in the order they are asked. */
export const registryKeys: readonly RegistryKey[] = Object.keys(REGISTRY_KEYS) as RegistryKey[];

/** One value that is read. */
export interface RegistryValue {
  readonly key: RegistryKey;
  readonly name: string;
  readonly shape: 'number' | 'text';
  readonly about: string;
  readonly meanings: Meanings;
}

const ON: Meanings = { 0: 'off', 1: 'on' };
const LOCK: Meanings = { 0: 'without UEFI lock', 1: 'with UEFI lock' };
const WITH_LOCK: Meanings = { 0: 'off', 1: 'on, with UEFI lock', 2: 'on, without lock' };
const PLATFORM: Meanings = { 0: 'nothing', 1: 'Secure Boot', 3: 'Secure Boot and DMA protection' };

/**
 * Every value that is read; no other is. LsaCfgFlags, the UEFI lock and the policy key: Microsoft's pages "Configure Credential Guard",
 * "Enable virtualization-based protection of code integrity" and "Policy CSP - DeviceGuard" (facts/nt.md 3.5, S8).
 */
export const REGISTRY_VALUES: readonly RegistryValue[] = [
  {
    key: 'Policy',
    name: 'EnableVirtualizationBasedSecurity',
    shape: 'number',
    about: 'VBS, by policy',
    meanings: ON,
  },
  {
    key: 'Policy',
    name: 'RequirePlatformSecurityFeatures',
    shape: 'number',
    about: 'what VBS requires of the platform, by policy',
    meanings: PLATFORM,
  },
  {
    key: 'Policy',
    name: 'HypervisorEnforcedCodeIntegrity',
    shape: 'number',
    about: 'memory integrity, by policy',
    meanings: WITH_LOCK,
  },
  { key: 'Policy', name: 'LsaCfgFlags', shape: 'number', about: 'Credential Guard, by policy', meanings: WITH_LOCK },
  { key: 'DeviceGuard', name: 'EnableVirtualizationBasedSecurity', shape: 'number', about: 'VBS', meanings: ON },
  {
    key: 'DeviceGuard',
    name: 'RequirePlatformSecurityFeatures',
    shape: 'number',
    about: 'what VBS requires of the platform',
    meanings: PLATFORM,
  },
  {
    key: 'DeviceGuard',
    name: 'Locked',
    shape: 'number',
    about: 'VBS is kept in a UEFI variable too',
    meanings: LOCK,
  },
  {
    key: 'DeviceGuard',
    name: 'HypervisorEnforcedCodeIntegrity',
    shape: 'number',
    about: 'memory integrity, Windows 10 1511 and earlier',
    meanings: ON,
  },
  {
    key: 'DeviceGuard',
    name: 'Unlocked',
    shape: 'number',
    about: 'no UEFI lock, Windows 10 1511 and earlier',
    meanings: { 0: 'with UEFI lock', 1: 'without UEFI lock' },
  },
  {
    key: 'HypervisorEnforcedCodeIntegrity',
    name: 'Enabled',
    shape: 'number',
    about: 'memory integrity',
    meanings: ON,
  },
  {
    key: 'HypervisorEnforcedCodeIntegrity',
    name: 'Locked',
    shape: 'number',
    about: 'memory integrity is kept in a UEFI variable too',
    meanings: LOCK,
  },
  {
    key: 'HypervisorEnforcedCodeIntegrity',
    name: 'WasEnabledBy',
    shape: 'number',
    about: 'who turned memory integrity on; its presence lets Windows Security change it',
    meanings: {},
  },
  { key: 'Lsa', name: 'LsaCfgFlags', shape: 'number', about: 'Credential Guard', meanings: WITH_LOCK },
  {
    key: 'Windows',
    name: 'EditionID',
    shape: 'text',
    about: 'the edition: Credential Guard is not licensed for Home and Pro',
    meanings: {},
  },
];

/** Name of a value among `RegistryValues`, e.g. `DeviceGuard\Locked`. */
export const registryName = ({ key, name }: Pick<RegistryValue, 'key' | 'name'>): string => `${key}\\${name}`;

/** A value as evidence: `registry DeviceGuard Locked 1`, with spaces, so that it wraps. */
export const registryEvidence = (name: string, value: number | string): string =>
  `registry ${name.replace('\\', ' ')} ${value}`;

/** Each number in words. */
export const registryMeanings = (values: RegistryValues): Readonly<Record<string, string>> =>
  Object.fromEntries(
    REGISTRY_VALUES.flatMap((entry): [string, string][] => {
      const value = values[registryName(entry)];
      return typeof value === 'number' ? [[registryName(entry), meaningOf(entry.meanings, value)]] : [];
    }),
  );

/** A setting as it counts: what policy says comes before what the registry says otherwise. */
export interface Setting {
  readonly by: 'policy' | 'registry';
  readonly name: string;
  readonly value: number;
}

/** The places of each setting, the first that is set counts. */
const PLACES = {
  vbs: ['Policy\\EnableVirtualizationBasedSecurity', 'DeviceGuard\\EnableVirtualizationBasedSecurity'],
  requires: ['Policy\\RequirePlatformSecurityFeatures', 'DeviceGuard\\RequirePlatformSecurityFeatures'],
  hvci: [
    'Policy\\HypervisorEnforcedCodeIntegrity',
    'HypervisorEnforcedCodeIntegrity\\Enabled',
    'DeviceGuard\\HypervisorEnforcedCodeIntegrity',
  ],
  credentialGuard: ['Policy\\LsaCfgFlags', 'Lsa\\LsaCfgFlags'],
} as const;

/** @returns null where nobody set it */
export const settingOf = (values: RegistryValues, setting: keyof typeof PLACES): Setting | null => {
  for (const name of PLACES[setting]) {
    const value = values[name];
    if (typeof value === 'number') return { by: name.startsWith('Policy') ? 'policy' : 'registry', name, value };
  }
  return null;
};
