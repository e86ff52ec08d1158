/** Sound files of each kind, to be inspected as they are and with one thing wrong. */
import { buildPe } from './build.js';
import type { PeDescription } from './describe.js';
import type { BuiltPe } from './layout.js';
import { type SignOptions, signPe } from './sign.js';

export const EKU = {
  IUM: '1.3.6.1.4.1.311.10.3.37',
  SYSTEM_COMPONENT: '1.3.6.1.4.1.311.10.3.6',
  ENCLAVE: '1.3.6.1.4.1.311.76.57.1.15',
  OLDER_ENCLAVE: '1.3.6.1.4.1.311.10.3.42',
  CODE_SIGNING: '1.3.6.1.5.5.7.3.3',
  AUTHOR: '1.3.6.1.4.1.311.97.814040577.346743379.3783502.105532346',
} as const;

/** Made like LsaIso.exe, by what is public of it (facts/nt.md 5.1): ETW allowed, debugging never, encrypted crash dumps. */
export const LSAISO: PeDescription = {
  isDll: false,
  dllCharacteristics: 0x4160,
  policy: {
    applicationId: 1n,
    entries: [
      { type: 1, id: 1, value: 1n },
      { type: 7, id: 2, value: 0n },
      { type: 1, id: 3, value: 1n },
      { type: 11, id: 6, value: 'S-1-5-18' },
    ],
  },
};

export const TRUSTLET_SIGNATURE: SignOptions = {
  ekus: [EKU.IUM, EKU.SYSTEM_COMPONENT],
  subject: 'Throw-away Windows publisher',
};

export const bytesOf = (start: number, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, index) => (start + index) % 256);

export const ENCLAVE: PeDescription = {
  isDll: true,
  // High entropy, dynamic base, integrity check, NX, control flow guard.
  dllCharacteristics: 0x41e0,
  loadConfig: { guardFlags: 0x500 },
  enclave: {
    policyFlags: 1,
    familyId: bytesOf(0x10, 16),
    imageId: bytesOf(0x20, 16),
    imageVersion: 3,
    securityVersion: 7,
    enclaveSize: 0x2000_0000n,
    numberOfThreads: 16,
    enclaveFlags: 1,
    imports: [
      { name: 'ucrtbase_enclave.dll', matchType: 4, imageId: bytesOf(0x30, 16) },
      { name: 'vertdll.dll', matchType: 2, minimumSecurityVersion: 5, uniqueOrAuthorId: bytesOf(0x40, 32) },
    ],
  },
};

export const ENCLAVE_SIGNATURE: SignOptions = {
  ekus: [EKU.CODE_SIGNING, EKU.ENCLAVE, EKU.AUTHOR],
  pageHashes: 'sha256',
  subject: 'Throw-away enclave author',
};

export const trustlet = (changed: PeDescription = {}, signature: SignOptions = {}): BuiltPe =>
  signPe(buildPe({ ...LSAISO, ...changed }), { ...TRUSTLET_SIGNATURE, ...signature });

export const enclave = (changed: PeDescription = {}, signature: SignOptions = {}): BuiltPe =>
  signPe(buildPe({ ...ENCLAVE, ...changed }), { ...ENCLAVE_SIGNATURE, ...signature });
