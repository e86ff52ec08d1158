/** How many bytes of object identifiers a signature has: the library makes an object of every one, 700 bytes each (measured). */

const OBJECT_IDENTIFIER = 0x06;
const CONSTRUCTED = 0x20;
/** All bits of a tag's number set: the number follows in bytes of its own, the last one without its highest bit. */
const LONG_TAG = 0x1f;
const MORE = 0x80;
const INDEFINITE = 0x80;

/**
 * Walks BER from value to value, into those that hold others. What is no BER it walks as well, to the end: that is for the library
 * to refuse, which it does where the two part.
 */
export const identifierBytes = (bytes: Uint8Array): number => {
  const byte = (at: number): number => bytes[at] ?? 0;
  let total = 0;
  let at = 0;
  while (at < bytes.byteLength) {
    const tag = byte(at);
    at += 1;
    if ((tag & LONG_TAG) === LONG_TAG) {
      while ((byte(at) & MORE) !== 0) at += 1;
      at += 1;
    }
    const first = byte(at);
    at += 1;
    let length = first;
    if (first >= INDEFINITE) {
      length = 0;
      for (let left = first - INDEFINITE; left > 0; left -= 1) {
        length = length * 256 + byte(at);
        at += 1;
      }
    }
    // The content of such a value is values, and they come next.
    if ((tag & CONSTRUCTED) !== 0) continue;
    if (tag === OBJECT_IDENTIFIER) total += Math.min(length, bytes.byteLength - at);
    at += length;
  }
  return total;
};
