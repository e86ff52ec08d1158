/** What a test says of the PE file that it wants. Everything has a default, so that a description names only what matters. */

/** IMAGE_FILE_MACHINE values (Microsoft, "PE Format"). */
export const MACHINE = { I386: 0x14c, ARMNT: 0x1c4, AMD64: 0x8664, ARM64: 0xaa64 } as const;

/** IMAGE_FILE_* bits of the COFF header. */
export const FILE = {
  RELOCS_STRIPPED: 0x1,
  EXECUTABLE_IMAGE: 0x2,
  LARGE_ADDRESS_AWARE: 0x20,
  MACHINE_32BIT: 0x100,
  DLL: 0x2000,
} as const;

/** Data directories, by the names of their fields in the layout. */
export const DIRECTORIES = [
  'export',
  'import',
  'resource',
  'exception',
  'certificates',
  'relocation',
  'debug',
  'architecture',
  'globalPointer',
  'tls',
  'loadConfig',
  'boundImport',
  'importAddresses',
  'delayImport',
  'clr',
  'reserved',
] as const;
export type DirectoryName = (typeof DIRECTORIES)[number];

export interface SectionDescription {
  readonly name: string;
  readonly content?: Uint8Array;
  /** Default: data, readable. */
  readonly characteristics?: number;
  readonly virtualSize?: number;
}

/** What an export points to. */
export type ExportTarget = 'policy' | 'enclave' | 'code' | number;

export interface ExportDescription {
  /** null: by ordinal alone. */
  readonly name: string | null;
  /** Default: code. A number is an RVA; 0 leaves a gap in the table. */
  readonly target?: ExportTarget;
  /** `module.name`; takes the place of the target. */
  readonly forwarder?: string;
}

export interface ExportsDescription {
  readonly moduleName?: string;
  readonly ordinalBase?: number;
  readonly functions: readonly ExportDescription[];
  /** `sorted` as the loader needs it; `as-given` leaves the names in the order of the functions. */
  readonly order?: 'sorted' | 'as-given';
}

/** An entry's value: a number as it stands, or a string that the entry points to (types 10 and 11). */
export interface PolicyEntryDescription {
  readonly type: number;
  readonly id: number;
  readonly value: bigint | string;
}

export interface PolicyDescription {
  /** Default `.tPolicy`. */
  readonly section?: string;
  /** Default 0x40000040: initialised data, readable. */
  readonly characteristics?: number;
  /** Bytes in the section before the metadata. */
  readonly lead?: number;
  readonly version?: number;
  readonly applicationId?: bigint;
  readonly entries?: readonly PolicyEntryDescription[];
  readonly isTerminated?: boolean;
  /** The export that names the metadata; null: none does. Default `s_IumPolicyMetadata`. */
  readonly symbol?: string | null;
}

export interface EnclaveImportDescription {
  readonly name: string | null;
  readonly matchType?: number;
  readonly minimumSecurityVersion?: number;
  /** 32 bytes. */
  readonly uniqueOrAuthorId?: Uint8Array;
  /** 16 bytes. */
  readonly familyId?: Uint8Array;
  readonly imageId?: Uint8Array;
}

export interface EnclaveDescription {
  /** The size that the structure says it has. */
  readonly size?: number;
  readonly minimumRequiredConfigSize?: number;
  readonly policyFlags?: number;
  readonly familyId?: Uint8Array;
  readonly imageId?: Uint8Array;
  readonly imageVersion?: number;
  readonly securityVersion?: number;
  readonly enclaveSize?: bigint;
  readonly numberOfThreads?: number;
  /** null: the structure ends before it. */
  readonly enclaveFlags?: number | null;
  readonly imports?: readonly EnclaveImportDescription[];
  /** Bytes from one import to the next. Default 80. */
  readonly importEntrySize?: number;
  /** Whether the image exports `__enclave_config`. Default true. */
  readonly isExported?: boolean;
}

export interface LoadConfigDescription {
  /** Bytes that are written. Default 0x140 (64-bit) or 0xC0 (32-bit). */
  readonly length?: number;
  /** The size that the structure says it has. Default: `length`. */
  readonly size?: number;
  /** The size of the data directory. Default: `length`. */
  readonly directorySize?: number;
  readonly securityCookie?: bigint;
  readonly guardCfFunctionTable?: bigint;
  readonly guardCfFunctionCount?: bigint;
  readonly guardFlags?: number;
  /** Default: the address of the enclave's configuration, or 0. */
  readonly enclaveConfiguration?: bigint;
}

export interface DebugDescription {
  readonly type: number;
  readonly data: Uint8Array;
}

/** One WIN_CERTIFICATE. */
export interface CertificateDescription {
  readonly content: Uint8Array;
  /** Default 0x0200. */
  readonly revision?: number;
  /** Default 2: PKCS#7 SignedData. */
  readonly type?: number;
  /** The length that it says it has. */
  readonly length?: number;
}

export interface PeDescription {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  /** Default true. */
  readonly isDll?: boolean;
  /** Default true for 64 bits, false for 32. */
  readonly isLargeAddressAware?: boolean;
  readonly timeDateStamp?: number;
  readonly subsystem?: number;
  readonly dllCharacteristics?: number;
  readonly imageBase?: bigint;
  readonly sectionAlignment?: number;
  readonly fileAlignment?: number;
  readonly entryPoint?: number;
  /** Where the NT headers begin. */
  readonly ntHeaders?: number;
  /** Data directories that the optional header has. Default 16. */
  readonly directoryCount?: number;
  /** Overrides. */
  readonly directories?: Partial<Record<DirectoryName, { readonly address: number; readonly size: number }>>;
  /** The word in the header; default: the right one. */
  readonly checksum?: number;
  readonly policy?: PolicyDescription;
  readonly enclave?: EnclaveDescription;
  readonly loadConfig?: LoadConfigDescription;
  readonly debug?: readonly DebugDescription[];
  readonly exports?: ExportsDescription;
  /** Behind those that the rest of the description asks for. */
  readonly sections?: readonly SectionDescription[];
  /** Bytes behind the last section. */
  readonly overlay?: Uint8Array;
  readonly certificates?: readonly CertificateDescription[];
}
