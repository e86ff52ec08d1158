/** `trustlet/pe`: what a file could be — a trustlet, a VBS enclave, neither — and why, read from its structure on any system. */
export { type ByteSource, bytesSource } from './byte-source.js';
export { EKUS, type KnownEku } from './ekus.js';
export type { ExportTable, PeExport } from './export-table.js';
export { type PeImage, readPe } from './image.js';
export { inspectBytes, inspectFile, inspectSource } from './inspect.js';
export { PE_LIMITS } from './limits.js';
export type { PeLoadConfig } from './load-config.js';
export {
  DEBUG_VALUES,
  type DebugPolicy,
  POLICY_IDS,
  POLICY_TYPES,
  type PolicyId,
  type PolicyType,
  type PolicyValueKind,
  TRUSTLET_IDS,
} from './policy-values.js';
export type {
  Candidacy,
  EnclaveConfiguration,
  EnclaveImport,
  ExtendedKeyUsage,
  PeCertificate,
  PeDiagnosis,
  PeDiagnosisCode,
  PeDirectory,
  PeHeaders,
  PeKind,
  PeMachine,
  PeMitigations,
  PePart,
  PeReport,
  PeSection,
  PeSignature,
  PolicyEntry,
  Requirement,
  TrustletPolicy,
} from './report.js';
