/** Extended key usages that matter for what a file may become. docs/inspect.md is written from this table. */
import type { ExtendedKeyUsage } from './report.js';

export interface KnownEku {
  readonly oid: string;
  readonly name: string;
  /** Where the name comes from. */
  readonly source: string;
}

const WINCRYPT = 'wincrypt.h';

/** What a trustlet's certificate carries, both of them (facts/nt.md 5.3). */
export const IUM_EKU = '1.3.6.1.4.1.311.10.3.37';
export const SYSTEM_COMPONENT_EKU = '1.3.6.1.4.1.311.10.3.6';
/** What an enclave's certificate carries: the documented one, or the older one (facts/nt.md 5.5). */
export const ENCLAVE_EKU = '1.3.6.1.4.1.311.76.57.1.15';
export const OLDER_ENCLAVE_EKU = '1.3.6.1.4.1.311.10.3.42';
export const CODE_SIGNING_EKU = '1.3.6.1.5.5.7.3.3';

const TRUSTED_SIGNING = 'Microsoft, Trusted Signing certificate management';

export const EKUS: readonly KnownEku[] = [
  { oid: IUM_EKU, name: 'Isolated User Mode (IUM)', source: `${WINCRYPT}; facts/nt.md 5.3` },
  { oid: SYSTEM_COMPONENT_EKU, name: 'Windows System Component Verification', source: `${WINCRYPT}; facts/nt.md 5.3` },
  { oid: ENCLAVE_EKU, name: 'VBS enclave', source: 'Microsoft, VBS enclaves development guide; facts/nt.md 5.5' },
  { oid: OLDER_ENCLAVE_EKU, name: 'Enclave (older)', source: `${WINCRYPT}; facts/nt.md 5.5` },
  { oid: CODE_SIGNING_EKU, name: 'Code signing', source: 'RFC 5280' },
  { oid: '1.3.6.1.5.5.7.3.8', name: 'Time stamping', source: 'RFC 5280' },
  { oid: '1.3.6.1.4.1.311.10.3.22', name: 'Protected Process Light Verification', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.24', name: 'Protected Process Verification', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.23', name: 'Windows TCB Component', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.5', name: 'Windows Hardware Driver Verification', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.39', name: 'Windows Hardware Driver Extended Verification', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.25', name: 'Windows Third Party Application Component', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.10.3.26', name: 'Windows Software Extension Verification', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.97.1.0', name: 'Trusted Signing, public trust', source: TRUSTED_SIGNING },
  { oid: '1.3.6.1.4.1.311.61.1.1', name: 'Kernel Mode Code Signing', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.61.4.1', name: 'Early Launch Antimalware Driver', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.76.3.1', name: 'Windows Store', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.76.5.1', name: 'Dynamic Code Generator', source: WINCRYPT },
  { oid: '1.3.6.1.4.1.311.76.8.1', name: 'Microsoft Publisher', source: WINCRYPT },
];

const AUTHOR = /^1\.3\.6\.1\.4\.1\.311\.97\.(\d+)\./;
/** Below, 311.97 has other uses; Microsoft's guide gives enclave authors numbers above it. */
const LAST_RESERVED = 999n;

/** Whether an OID names the author of an enclave: 1.3.6.1.4.1.311.97.X.Y… with X above 999 (VBS enclaves development guide). */
export const isAuthorEku = (oid: string): boolean => {
  const number = AUTHOR.exec(oid)?.[1];
  return number !== undefined && BigInt(number) > LAST_RESERVED;
};

/** Ordinary certificates of Trusted Signing carry one too, so it says nothing of an enclave by itself. */
const SUBSCRIBER = 'Subscriber of Trusted Signing; of an enclave, its author';

export const ekuOf = (oid: string): ExtendedKeyUsage => ({
  oid,
  name: EKUS.find((each) => each.oid === oid)?.name ?? (isAuthorEku(oid) ? SUBSCRIBER : null),
});
