/** The PKI library, loaded when the first signature is met: most files carry none, and it takes longer to load than a file to read. */
import type * as Asn1 from 'asn1js';
import type * as Pkijs from 'pkijs';
import { requirePackage } from '../lazy-module.js';
import { identifierBytes } from './identifier-bytes.js';
import { PE_LIMITS } from './limits.js';

export type { Asn1, Pkijs };

/** Both halves of it: the encoding and the structures. */
export interface Pki {
  readonly asn1: typeof Asn1;
  readonly pkijs: typeof Pkijs;
}

let loaded: Pki | undefined;

export const pki = (): Pki => {
  loaded ??= {
    asn1: requirePackage<typeof Asn1>('asn1js', import.meta.url),
    pkijs: requirePackage<typeof Pkijs>('pkijs', import.meta.url),
  };
  return loaded;
};

/**
 * Parses BER within `PE_LIMITS`.
 *
 * @throws TypeError where it is none, or more of it than is read of any file
 */
export const parseBer = ({ asn1 }: Pki, bytes: Uint8Array): Asn1.BaseBlock => {
  const identifiers = identifierBytes(bytes);
  if (identifiers > PE_LIMITS.identifierBytes) throw new TypeError(`it has ${identifiers} bytes of object identifiers`);
  const { offset, result } = asn1.fromBER(bytes, {
    maxDepth: PE_LIMITS.asn1Depth,
    maxNodes: PE_LIMITS.asn1Nodes,
    parseEmbedded: false,
  });
  if (offset === -1) throw new TypeError(result.error);
  return result;
};
