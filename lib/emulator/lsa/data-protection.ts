/**
 * How LsaIso's secrets are encrypted before they leave VTL1 (facts/vsm.md 4.3): a key for each blob from the boot's key, then
 * AES-256-GCM. The nonce is zero, which is safe because no two blobs share a key.
 */
import type { EmulatorCrypto } from '../cryptography.js';
import { type Blob, type BlobType, blobAdditionalData, encodeBlob } from './blob.js';
import { joined, wipe } from './bytes.js';

/** With its terminating NUL, which counts. */
const LABEL = new TextEncoder().encode('IUMDATAPROTECT\0');
const COUNTER = Uint8Array.of(0, 0, 0, 1);
const KEY_BITS = Uint8Array.of(0, 0, 1, 0);
const SEPARATOR = new Uint8Array(1);
const ZERO_NONCE = new Uint8Array(12);

/** SP 800-108 in counter mode with HMAC-SHA256; one block is all it takes. @returns 32 bytes for the caller to wipe */
export const deriveBlobKey = (cryptography: EmulatorCrypto, bootKey: Uint8Array, kdfContext: Uint8Array): Uint8Array =>
  cryptography.hmacSha256(bootKey, joined(COUNTER, LABEL, SEPARATOR, kdfContext, KEY_BITS));

/** @param kdfContext 32 bytes that no other blob has @returns the blob */
export const protectSecret = (
  cryptography: EmulatorCrypto,
  bootKey: Uint8Array,
  kdfContext: Uint8Array,
  type: BlobType,
  secret: Uint8Array,
): Uint8Array => {
  const key = deriveBlobKey(cryptography, bootKey, kdfContext);
  const additionalData = blobAdditionalData(type, secret.length);
  const sealed = cryptography.aes256GcmSeal({ key, nonce: ZERO_NONCE, additionalData }, secret);
  wipe(key);
  return encodeBlob({ type, kdfContext, ...sealed });
};

/** @returns the secret for the caller to wipe; null for a blob of another boot, or one that was changed */
export const revealSecret = (cryptography: EmulatorCrypto, bootKey: Uint8Array, blob: Blob): Uint8Array | null => {
  const { kdfContext, additionalData, ciphertext, tag } = blob;
  const key = deriveBlobKey(cryptography, bootKey, kdfContext);
  const secret = cryptography.aes256GcmOpen({ key, nonce: ZERO_NONCE, additionalData }, { ciphertext, tag });
  wipe(key);
  return secret;
};
