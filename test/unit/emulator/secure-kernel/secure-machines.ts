/** Machines and bytes that the tests of the secure kernel share. */
import type { Machine } from '../../../../lib/emulator/index.js';
import { testMachine } from '../machines.js';

/** Words of 32 bits, little-endian. */
export const words = (...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  return new Uint8Array(view.buffer);
};

/** Words of 64 bits, little-endian. */
export const longWords = (...values: readonly bigint[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => {
    view.setBigUint64(index * 8, value, true);
  });
  return new Uint8Array(view.buffer);
};

/** The first 64-bit word of bytes. */
export const longWordOf = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);

export const secureTestMachine = (policies: Readonly<Record<string, string>> = {}): Machine =>
  testMachine({ policies });
