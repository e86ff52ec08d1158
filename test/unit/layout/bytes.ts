/** Byte vectors written by hand, and the questions every decoder is asked. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../../lib/errors.js';

/** Bytes of pairs of hexadecimal digits; spaces and line ends separate. */
export const hex = (...text: string[]): Uint8Array =>
  Uint8Array.from(Buffer.from(text.join('').replace(/\s/g, ''), 'hex'));

/** Hexadecimal digits of bytes, so that a failed comparison can be read. */
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The same bytes in the middle of a larger buffer full of `poison`. */
export const surrounded = (bytes: Uint8Array, poison: number): Uint8Array => {
  const whole = new Uint8Array(bytes.length + 1024).fill(poison);
  whole.set(bytes, 509);
  return whole.subarray(509, 509 + bytes.length);
};

/** True for the one error a decoder may throw. */
export const isFormatError = (error: unknown): true => {
  assert.ok(error instanceof TrustletError, `threw ${String(error)}`);
  assert.equal(error.code, 'ERR_TRUSTLET_FORMAT');
  return true;
};

/** Every proper prefix of `bytes` is refused, although the bytes that are missing lie right behind it in memory. */
export const refusesEveryPrefix = (bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void => {
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => decode(bytes.subarray(0, length)), isFormatError, `${length} of ${bytes.length} bytes`);
  }
};
