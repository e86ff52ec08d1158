/** A caller's handle on its way through an ABI whose words may be narrower than a bigint. */
import type { WordSize } from '../layout/word-size.js';

/**
 * @param handle signed or unsigned; a pseudo-handle is negative
 * @returns the handle as a signed word; null where it does not fit, since what is left of it would name another handle
 */
export const handleWord = (handle: bigint, wordSize: WordSize): bigint | null => {
  const bits = wordSize * 8;
  const word = BigInt.asIntN(bits, handle);
  return word === handle || BigInt.asUintN(bits, handle) === handle ? word : null;
};
