/** Counted fields one after another: the payload of a message. The codec is the emulator's own; nothing here is on Windows' wire. */
import { joined } from './bytes.js';

const COUNT = 2;

/** Each field with its length before it. */
export const encodeFields = (...fields: readonly Uint8Array[]): Uint8Array =>
  joined(...fields.flatMap((field) => [Uint8Array.of(field.length & 0xff, field.length >>> 8), field]));

/** @returns exactly so many fields, copies each; null where the bytes are not just those. Never throws */
export const decodeFields = (bytes: Uint8Array, count: number): readonly Uint8Array[] | null => {
  const fields: Uint8Array[] = [];
  let at = 0;
  while (fields.length < count) {
    if (at + COUNT > bytes.length) return null;
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    at += COUNT;
    if (at + length > bytes.length) return null;
    fields.push(bytes.slice(at, at + length));
    at += length;
  }
  return at === bytes.length ? fields : null;
};

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** @returns null for bytes that are no UTF-8 */
export const decodeText = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
};
