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

/** What a test says of a SKCALL block: byte 0 operation, 2 service code, 4 cookie, 8 twelve arguments (facts/vsm.md 3.2). */
export interface BlockDescription {
  readonly operation?: number;
  readonly code?: number;
  readonly cookie?: number;
  readonly args?: readonly bigint[];
}

export const blockOf = ({ operation = 2, code = 0, cookie = 0, args = [] }: BlockDescription): Uint8Array => {
  const view = new DataView(new ArrayBuffer(104));
  view.setUint8(0, operation);
  view.setUint16(2, code, true);
  view.setUint32(4, cookie, true);
  args.forEach((value, index) => {
    view.setBigUint64(8 + index * 8, value, true);
  });
  return new Uint8Array(view.buffer);
};
