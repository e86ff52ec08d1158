/**
 * What `trustlet/pe` says of a file. Plain data: `JSON.stringify` takes it once 64-bit values are decimal strings (`toJson`).
 * It is structure that was read. Nothing in it was verified: no hash, no signature, no chain, no revocation.
 */
import type { Evidence } from '../types.js';

/** What a file could be, by its structure and the certificates it carries. */
export type PeKind =
  /** Everything that a file can show of a trustlet is there. */
  | 'trustlet'
  /** Everything that a file can show of a VBS enclave is there. */
  | 'enclave'
  /** Not refuted, and the file does not show it: no readable signature (a catalogue of the system may hold one), or a table that could not be read. */
  | 'undetermined'
  /** A PE image that can be neither; `trustlet.requirements` and `enclave.requirements` say why. */
  | 'neither'
  /** No PE image, or one whose headers are too damaged to go by; `diagnoses` says where. */
  | 'not-a-pe';

/** Which part of a file a diagnosis is about. */
export type PePart =
  | 'file'
  | 'dos-header'
  | 'nt-headers'
  | 'sections'
  | 'exports'
  | 'load-config'
  | 'debug-directory'
  | 'policy'
  | 'enclave'
  | 'certificates'
  | 'signature';

export type PeDiagnosisCode =
  /** The file ends before what it announces. */
  | 'truncated'
  /** An address or offset points to where nothing is. */
  | 'out-of-range'
  /** A magic number, a size or a type that the format does not have. */
  | 'malformed'
  /** A count beyond what is read of any file (`PE_LIMITS`). */
  | 'too-many'
  /** Two parts claim the same bytes. */
  | 'overlap'
  /** A part that contains or names itself. */
  | 'self-reference'
  /** The reader's own budget was used up (`PE_LIMITS.bytesRead`). */
  | 'limit';

/** Something in the file is not what the format says. What was read beside it stands. */
export interface PeDiagnosis {
  readonly part: PePart;
  readonly code: PeDiagnosisCode;
  /** Where in the file, in bytes from its beginning. */
  readonly offset: number;
  /** One sentence. */
  readonly text: string;
}

/** A machine that VTL1 exists on, or another. */
export type PeMachine = 'AMD64' | 'ARM64' | 'I386' | 'ARMNT' | `unknown(${number})`;

export interface PeDirectory {
  readonly name: string;
  /** RVA; of the certificate table: offset in the file. */
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

export interface PeHeaders {
  readonly machine: PeMachine;
  /** 64 for PE32+, 32 for PE32. */
  readonly bits: 32 | 64;
  readonly isDll: boolean;
  readonly isLargeAddressAware: boolean;
  /** COFF Characteristics word. */
  readonly characteristics: number;
  /** COFF TimeDateStamp: seconds since 1970, or a hash in a reproducible build. */
  readonly timeDateStamp: number;
  readonly subsystem: string;
  readonly entryPoint: number;
  readonly imageBase: bigint;
  /** Bytes in memory. */
  readonly sizeOfImage: number;
  readonly sizeOfHeaders: number;
  readonly checksum: number;
  /** Those that are present, in the table's order. */
  readonly directories: readonly PeDirectory[];
}

export interface PeSection {
  /** The 8 bytes of the header up to their first NUL, as Latin-1. */
  readonly name: string;
  readonly virtualAddress: number;
  readonly virtualSize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly characteristics: number;
}

/** Mitigations that the image asks for. */
export interface PeMitigations {
  /** DllCharacteristics word. */
  readonly raw: number;
  /** ExtendedDllCharacteristics word of the debug directory; null where the image has none, or it could not be read. */
  readonly extendedRaw: number | null;
  /** Names of the set bits that matter for security, e.g. `DYNAMIC_BASE`, `CET_COMPAT`. */
  readonly present: readonly string[];
  /** Names of those that are not set; where the debug directory could not be read, its names are in neither list. */
  readonly absent: readonly string[];
}

/** One entry of a trustlet's policy. */
export interface PolicyEntry {
  /** Offset in the file. */
  readonly offset: number;
  readonly type: number;
  /** `bool`, `u32`, `ansi-string`, … or `unknown(n)`. */
  readonly typeName: string;
  readonly policyId: number;
  /** `Etw`, `Debug`, … or `unknown(n)`. */
  readonly policyName: string;
  readonly value: boolean | bigint | string | null;
  /** What the value means, one clause. */
  readonly meaning: string;
}

/** IMAGE_POLICY_METADATA (facts/nt.md 5.3). */
export interface TrustletPolicy {
  /** Offset in the file. */
  readonly offset: number;
  /** The export that names it. */
  readonly symbol: string;
  readonly version: number;
  /** The image-declared trustlet ID. */
  readonly applicationId: bigint;
  /** Whose ID that is, as publicly known; null for others. */
  readonly knownAs: string | null;
  readonly entries: readonly PolicyEntry[];
  /** Whether an entry of type 0 ends the list. */
  readonly isTerminated: boolean;
  /** What the policy comes to, a missing entry being the most restrictive (facts/vsm.md 3.7). */
  readonly effective: {
    readonly etw: boolean;
    readonly debug: 'never' | 'always' | 'secure-boot-off' | 'challenge-response';
    readonly crashDump: 'none' | 'encrypted';
    /** A policy that another may override, by `CapabilityOverridable`, `TrustletIdOverridable` or the type `override`. */
    readonly overridable: readonly string[];
  };
}

/** One image that an enclave may load (IMAGE_ENCLAVE_IMPORT, facts/nt.md 5.5). */
export interface EnclaveImport {
  readonly name: string | null;
  readonly match: 'none' | 'unique' | 'author' | 'family' | 'image' | `unknown(${number})`;
  readonly minimumSecurityVersion: number;
  /** Lower-case hexadecimal. */
  readonly uniqueOrAuthorId: string;
  readonly familyId: string;
  readonly imageId: string;
}

/** IMAGE_ENCLAVE_CONFIG (facts/nt.md 5.5). */
export interface EnclaveConfiguration {
  /** Offset in the file. */
  readonly offset: number;
  /** Bytes, as the structure says of itself. */
  readonly size: number;
  readonly minimumRequiredConfigSize: number;
  readonly policyFlags: { readonly raw: number; readonly DEBUGGABLE: boolean; readonly STRICT_MEMORY: boolean };
  /** Lower-case hexadecimal, 16 bytes. */
  readonly familyId: string;
  readonly imageId: string;
  readonly imageVersion: number;
  readonly securityVersion: number;
  /** Bytes. */
  readonly enclaveSize: bigint;
  readonly numberOfThreads: number;
  /** null where the structure ends before it. */
  readonly enclaveFlags: { readonly raw: number; readonly PRIMARY_IMAGE: boolean } | null;
  readonly imports: readonly EnclaveImport[];
}

/** One extended key usage of a certificate. */
export interface ExtendedKeyUsage {
  readonly oid: string;
  /** What it is for; null for one that is not known here. */
  readonly name: string | null;
}

/** One certificate, not verified. */
export interface PeCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hexadecimal. */
  readonly serialNumber: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** null: the certificate has no extended key usage extension. */
  readonly ekus: readonly ExtendedKeyUsage[] | null;
}

/** One Authenticode signature (PKCS#7 SignedData), not verified. */
export interface PeSignature {
  /** Of the WIN_CERTIFICATE, in the file. */
  readonly offset: number;
  /** `embedded`: in the certificate table itself; `nested`: an attribute of the one before it. */
  readonly place: 'embedded' | 'nested';
  readonly digestAlgorithm: string | null;
  /** The signer's certificate; null where the signature does not carry it. */
  readonly signer: PeCertificate | null;
  /** How many certificates the signature carries, the signer's included. */
  readonly certificates: number;
  /** Hashes of single pages, so that pages can be validated one by one; null without. */
  readonly pageHashes: { readonly algorithm: 'sha1' | 'sha256'; readonly count: number } | null;
  readonly isTimestamped: boolean;
}

/** One condition and whether this file meets it. */
export interface Requirement {
  readonly name: string;
  /** What the condition is, one clause. */
  readonly asks: string;
  /** null: the file cannot show it. */
  readonly isMet: boolean | null;
  /** What was found, one sentence. */
  readonly text: string;
  /** How the condition itself is known, and from where. */
  readonly evidence: Evidence;
  readonly source: string;
}

/** Whether a file could be something, and why not. */
export interface Candidacy {
  readonly answer: 'yes' | 'no' | 'undetermined';
  readonly requirements: readonly Requirement[];
}

export interface PeReport {
  readonly kind: PeKind;
  /** One sentence: what it is, and why not more. */
  readonly summary: string;
  /** Bytes. */
  readonly size: number;
  readonly headers: PeHeaders | null;
  readonly sections: readonly PeSection[];
  readonly mitigations: PeMitigations | null;
  readonly trustlet: Candidacy;
  readonly enclave: Candidacy;
  readonly policy: TrustletPolicy | null;
  readonly enclaveConfiguration: EnclaveConfiguration | null;
  readonly signatures: readonly PeSignature[];
  /** Always: who signed it, and whether the signature is valid, is for the system to say. */
  readonly trust: 'not verified';
  readonly diagnoses: readonly PeDiagnosis[];
  /** What reading it cost. */
  readonly cost: { readonly bytesRead: number; readonly reads: number };
}
