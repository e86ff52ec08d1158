/** GUID as text: the first three groups are little-endian numbers, the last eight bytes stand in order. */
import { TrustletError } from '../errors.js';

/** Where the byte of each pair of digits lies in the structure. */
const BYTE_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;
const TEXT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads 16 bytes at `offset`. @returns lower case, with hyphens, without braces */
export const readGuid = (view: DataView, offset: number): string => {
  const digits = BYTE_ORDER.map((at) =>
    view
      .getUint8(offset + at)
      .toString(16)
      .padStart(2, '0'),
  ).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for text that is no GUID */
export const writeGuid = (view: DataView, offset: number, guid: string): void => {
  if (!TEXT.test(guid)) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `'${guid}' is no GUID; write it as 00000000-0000-0000-0000-000000000000.`,
    );
  }
  const digits = guid.replaceAll('-', '');
  for (const [pair, at] of BYTE_ORDER.entries()) {
    view.setUint8(offset + at, Number.parseInt(digits.slice(2 * pair, 2 * pair + 2), 16));
  }
};
