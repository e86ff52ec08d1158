/** SYSTEM_SECURE_CORE_INFORMATION, class 242 (facts/nt.md 3.3). */
import { viewOf } from './bytes.js';

/** By the structure's names. */
export interface SecureCore {
  readonly IsSecureCore: boolean;
  readonly SecureKernelRunning: bigint;
  readonly VslFeatures: bigint;
}

const SIZE = 24;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 24 bytes */
export const decodeSecureCore = (bytes: Uint8Array): SecureCore => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_SECURE_CORE_INFORMATION');
  return {
    IsSecureCore: view.getUint8(0) !== 0,
    SecureKernelRunning: view.getBigUint64(8, true),
    VslFeatures: view.getBigUint64(16, true),
  };
};

/** @returns 24 bytes */
export const encodeSecureCore = (info: SecureCore): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, Number(info.IsSecureCore));
  view.setBigUint64(8, info.SecureKernelRunning, true);
  view.setBigUint64(16, info.VslFeatures, true);
  return bytes;
};
