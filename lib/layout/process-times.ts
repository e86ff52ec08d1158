/** KERNEL_USER_TIMES, class 4: four 64-bit words on every architecture (facts/nt.md 4.3). */
import { viewOf } from './bytes.js';

/** In 100 ns units; `createTime` and `exitTime` since 1601-01-01 UTC. */
export interface ProcessTimes {
  readonly createTime: bigint;
  /** 0 while the process runs. */
  readonly exitTime: bigint;
  readonly kernelTime: bigint;
  readonly userTime: bigint;
}

const SIZE = 32;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 32 bytes */
export const decodeProcessTimes = (bytes: Uint8Array): ProcessTimes => {
  const view = viewOf(bytes, SIZE, 'KERNEL_USER_TIMES');
  return {
    createTime: view.getBigUint64(0, true),
    exitTime: view.getBigUint64(8, true),
    kernelTime: view.getBigUint64(16, true),
    userTime: view.getBigUint64(24, true),
  };
};

/** @returns 32 bytes */
export const encodeProcessTimes = (times: ProcessTimes): Uint8Array => {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, times.createTime, true);
  view.setBigUint64(8, times.exitTime, true);
  view.setBigUint64(16, times.kernelTime, true);
  view.setBigUint64(24, times.userTime, true);
  return bytes;
};
