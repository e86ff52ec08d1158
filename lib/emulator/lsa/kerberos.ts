/**
 * What Kerberos needs computed with a key that LSASS must not have (facts/vsm.md 4.4). Tickets are opaque and nothing is compatible
 * with RFC 4120: long-term keys, session keys and what is sealed under them follow the protocol's steps, not its encodings.
 */
import type { EmulatorCrypto } from '../cryptography.js';
import { joined, utf16, wipe } from './bytes.js';

export const KERBEROS_KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const SEAL_OVERHEAD: number = NONCE_LENGTH + TAG_LENGTH;

/** What a sealed text is for: one sealed for another use does not open. A reply’s key cannot be had by calling it another’s. */
export type KeyUsage = 'pre-authentication' | 'AS-REP' | 'authenticator' | 'TGS-REP' | 'ticket';

/** A user's long-term key: it stands for the password. @returns 32 bytes */
export const kerberosKey = (
  cryptography: EmulatorCrypto,
  user: string,
  domain: string,
  password: string,
): Uint8Array => {
  const text = utf16(password);
  const key = cryptography.hmacSha256(text, utf16(domain.toUpperCase() + user));
  wipe(text);
  return key;
};

/** @param nonce 12 bytes, never twice with one key */
export const seal = (
  cryptography: EmulatorCrypto,
  key: Uint8Array,
  usage: KeyUsage,
  nonce: Uint8Array,
  text: Uint8Array,
): Uint8Array => {
  const additionalData = new TextEncoder().encode(usage);
  const { ciphertext, tag } = cryptography.aes256GcmSeal({ key, nonce, additionalData }, text);
  return joined(nonce, tag, ciphertext);
};

/** @returns the text for the caller to wipe; null where the key, the usage or a byte is another. Never throws */
export const unseal = (
  cryptography: EmulatorCrypto,
  key: Uint8Array,
  usage: KeyUsage,
  sealed: Uint8Array,
): Uint8Array | null => {
  if (sealed.length < SEAL_OVERHEAD) return null;
  const nonce = sealed.slice(0, NONCE_LENGTH);
  const tag = sealed.slice(NONCE_LENGTH, SEAL_OVERHEAD);
  const additionalData = new TextEncoder().encode(usage);
  return cryptography.aes256GcmOpen({ key, nonce, additionalData }, { ciphertext: sealed.slice(SEAL_OVERHEAD), tag });
};
