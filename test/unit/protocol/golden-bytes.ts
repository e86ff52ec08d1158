/** The bytes of test/fixtures/golden, which nothing of this package has written. */
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../../../test/fixtures/golden/', import.meta.url);

/** @param name of the file, without `.txt` */
export const golden = (name: string): Uint8Array => {
  const text = readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8').replaceAll(/#.*/g, '');
  return Uint8Array.from(text.match(/\S+/g) ?? [], (byte) => Number.parseInt(byte, 16));
};

/** A copy with the bytes of an unsigned little-endian number written over it. */
export const bent = (bytes: Uint8Array, offset: number, width: 1 | 2 | 4 | 8, value: number | bigint): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  for (let index = 0; index < width; index++)
    copy[offset + index] = Number((BigInt(value) >> BigInt(8 * index)) & 0xffn);
  return copy;
};

/** A copy with zero bytes behind it. */
export const longer = (bytes: Uint8Array, by: number): Uint8Array => {
  const copy = new Uint8Array(bytes.length + by);
  copy.set(bytes);
  return copy;
};

/** A copy with `by` zero bytes inserted at an offset. */
export const widened = (bytes: Uint8Array, offset: number, by: number): Uint8Array => {
  const copy = longer(bytes, by);
  copy.copyWithin(offset + by, offset, bytes.length);
  return copy.fill(0, offset, offset + by);
};
