/** SYSTEM_SECUREBOOT_INFORMATION, class 145: two BOOLEANs (facts/nt.md 3.3). */
import { viewOf } from './bytes.js';

/** Secure Boot, by the structure's names. */
export interface SecureBoot {
  readonly SecureBootEnabled: boolean;
  readonly SecureBootCapable: boolean;
}

const SIZE = 2;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 2 bytes */
export const decodeSecureBoot = (bytes: Uint8Array): SecureBoot => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_SECUREBOOT_INFORMATION');
  return { SecureBootEnabled: view.getUint8(0) !== 0, SecureBootCapable: view.getUint8(1) !== 0 };
};

/** @returns 2 bytes */
export const encodeSecureBoot = (info: SecureBoot): Uint8Array =>
  Uint8Array.of(Number(info.SecureBootEnabled), Number(info.SecureBootCapable));
