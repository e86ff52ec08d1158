/** Numbers and names of PE headers, from Microsoft's "PE Format" page. */
import type { PeMachine } from './report.js';

const MACHINES: Readonly<Record<number, PeMachine>> = {
  332: 'I386',
  452: 'ARMNT',
  34404: 'AMD64',
  43620: 'ARM64',
};

export const machineName = (machine: number): PeMachine => MACHINES[machine] ?? `unknown(${machine})`;

const SUBSYSTEMS: Readonly<Record<number, string>> = {
  1: 'NATIVE',
  2: 'WINDOWS_GUI',
  3: 'WINDOWS_CUI',
  5: 'OS2_CUI',
  7: 'POSIX_CUI',
  8: 'NATIVE_WINDOWS',
  9: 'WINDOWS_CE_GUI',
  10: 'EFI_APPLICATION',
  11: 'EFI_BOOT_SERVICE_DRIVER',
  12: 'EFI_RUNTIME_DRIVER',
  13: 'EFI_ROM',
  14: 'XBOX',
  16: 'WINDOWS_BOOT_APPLICATION',
};

export const subsystemName = (subsystem: number): string => SUBSYSTEMS[subsystem] ?? `unknown(${subsystem})`;

/** Bits of the COFF Characteristics word. */
export const FileCharacteristic = { EXECUTABLE_IMAGE: 0x2, LARGE_ADDRESS_AWARE: 0x20, DLL: 0x2000 } as const;

/** Data directories, in their order. */
export const DIRECTORY_NAMES = [
  'export',
  'import',
  'resource',
  'exception',
  'certificate',
  'base-relocation',
  'debug',
  'architecture',
  'global-pointer',
  'tls',
  'load-config',
  'bound-import',
  'import-address',
  'delay-import',
  'clr',
  'reserved',
] as const;

export type DirectoryName = (typeof DIRECTORY_NAMES)[number];

/** DllCharacteristics bits that matter for security. */
export const DLL_CHARACTERISTICS = {
  HIGH_ENTROPY_VA: 0x20,
  DYNAMIC_BASE: 0x40,
  FORCE_INTEGRITY: 0x80,
  NX_COMPAT: 0x100,
  NO_SEH: 0x400,
  APPCONTAINER: 0x1000,
  GUARD_CF: 0x4000,
} as const;

/** ExtendedDllCharacteristics bits: the data of a debug directory entry of type 20. */
export const EXTENDED_DLL_CHARACTERISTICS = {
  CET_COMPAT: 0x1,
  CET_COMPAT_STRICT_MODE: 0x2,
  CET_SET_CONTEXT_IP_VALIDATION_RELAXED_MODE: 0x4,
  CET_DYNAMIC_APIS_ALLOW_IN_PROC: 0x8,
  FORWARD_CFI_COMPAT: 0x40,
  HOTPATCH_COMPATIBLE: 0x80,
} as const;

/** Section characteristics. */
export const SectionCharacteristic = { INITIALIZED_DATA: 0x40, MEM_READ: 0x4000_0000 } as const;

/** Bit of the load configuration's GuardFlags: the code checks the targets of its indirect calls. */
export const CF_INSTRUMENTED = 0x100;
