/** Keys of the secure kernel's, each for one use and derived from the key of the boot, which lies in VTL1 (facts/vsm.md 3.8, 4.3). */
import type { Sealed } from '../cryptography.js';
import { bootKey } from '../lsa/secret-page.js';
import type { NtSystem } from '../nt/system.js';

export type KeyUse = 'paging' | 'crash dump' | 'on-demand debugging' | 'cryptographic service' | 'report';

const encoder = new TextEncoder();
const NONCE_BYTES = 12;

/** 32 bytes, for the caller to wipe. */
export const deriveKey = (system: NtSystem, use: KeyUse): Uint8Array => {
  const key = bootKey(system, 1);
  const derived = system.cryptography.hmacSha256(key, encoder.encode(`emulated ${use}`));
  key.fill(0);
  return derived;
};

/** A number that no two texts under one key share. */
export const nextGeneration = (system: NtSystem): bigint => {
  const { secureKernel } = system.state;
  secureKernel.nextGeneration += 1n;
  return secureKernel.nextGeneration;
};

const nonceOf = (generation: bigint): Uint8Array => {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setBigUint64(0, generation, true);
  return nonce;
};

/** What a sealed text belongs to, as additional data: it opens for nothing else. */
export interface SealedFor {
  readonly use: KeyUse;
  readonly generation: bigint;
  readonly words: readonly bigint[];
}

const parameters = (system: NtSystem, { use, generation, words }: SealedFor) => {
  const additionalData = new Uint8Array(words.length * 8);
  const view = new DataView(additionalData.buffer);
  words.forEach((word, index) => {
    view.setBigUint64(index * 8, word, true);
  });
  return { key: deriveKey(system, use), nonce: nonceOf(generation), additionalData };
};

export const seal = (system: NtSystem, what: SealedFor, plaintext: Uint8Array): Sealed => {
  const given = parameters(system, what);
  const sealed = system.cryptography.aes256GcmSeal(given, plaintext);
  given.key.fill(0);
  return sealed;
};

/** @returns null where it was not sealed for this, or not left as it was */
export const unseal = (system: NtSystem, what: SealedFor, sealed: Sealed): Uint8Array | null => {
  const given = parameters(system, what);
  const plaintext = system.cryptography.aes256GcmOpen(given, sealed);
  given.key.fill(0);
  return plaintext;
};
