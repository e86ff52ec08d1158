/** SYSTEM_HYPERVISOR_QUERY_INFORMATION, class 91 (facts/nt.md 3.3). */
import { viewOf } from './bytes.js';

/** By the structure's names. */
export interface Hypervisor {
  readonly Connected: boolean;
  readonly DebuggingEnabled: boolean;
  readonly Present: boolean;
  readonly EnabledEnlightenments: bigint;
}

const SIZE = 16;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 16 bytes */
export const decodeHypervisor = (bytes: Uint8Array): Hypervisor => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_HYPERVISOR_QUERY_INFORMATION');
  return {
    Connected: view.getUint8(0) !== 0,
    DebuggingEnabled: view.getUint8(1) !== 0,
    Present: view.getUint8(2) !== 0,
    EnabledEnlightenments: view.getBigUint64(8, true),
  };
};

/** @returns 16 bytes */
export const encodeHypervisor = (info: Hypervisor): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, Number(info.Connected));
  view.setUint8(1, Number(info.DebuggingEnabled));
  view.setUint8(2, Number(info.Present));
  view.setBigUint64(8, info.EnabledEnlightenments, true);
  return bytes;
};
