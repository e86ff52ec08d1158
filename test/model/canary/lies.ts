/** How a compromised VTL0 changes bytes that pass through its hands. */
import type { Lying } from './steps.js';

/** @param recorded bytes it can put in their place */
export const lieAbout = (bytes: Uint8Array, { lie, at, value }: Lying, recorded: readonly Uint8Array[]): Uint8Array => {
  const told = bytes.slice();
  const index = bytes.length === 0 ? 0 : at % bytes.length;
  switch (lie) {
    case 'flip':
      if (told.length > 0) told[index] = (told[index] ?? 0) ^ (1 << (value & 7));
      return told;
    case 'truncate':
      return told.subarray(0, index);
    case 'extend': {
      const longer = new Uint8Array(told.length + 1 + (value % 512)).fill(value & 0xff);
      longer.set(told);
      return longer;
    }
    case 'zero':
      return told.fill(0, index);
    case 'random':
      for (let each = index; each < told.length; each += 1) told[each] = (each * 167 + value) & 0xff;
      return told;
    case 'replay':
      return recorded[value % Math.max(1, recorded.length)] ?? told;
    case 'swap-direction':
      // The kind of a message (request, response, fault) lies at offset 6.
      if (told.length > 6) told[6] = (told[6] ?? 0) ^ 1;
      return told;
  }
};
