/** PS_PROTECTION, the one byte of class 61: type in bits 0 to 2, audit in bit 3, signer in bits 4 to 7 (facts/nt.md 2). */
import { TrustletError } from '../errors.js';
import type { Protection } from '../types.js';

const TYPES = ['None', 'ProtectedLight', 'Protected'] as const;
const SIGNERS = [
  'None',
  'Authenticode',
  'CodeGen',
  'Antimalware',
  'Lsa',
  'Windows',
  'WinTcb',
  'WinSystem',
  'App',
] as const;
const TYPE_MASK = 0x7;
const AUDIT = 0x8;
const SIGNER_SHIFT = 4;
const SIGNER_MASK = 0xf;

/** @param raw the byte; higher bits are ignored. Values newer than this table are named `unknown(n)`. */
export const decodeProtection = (raw: number): Protection => {
  const type = raw & TYPE_MASK;
  const signer = (raw >>> SIGNER_SHIFT) & SIGNER_MASK;
  return {
    raw: raw & 0xff,
    type: TYPES[type] ?? `unknown(${type})`,
    signer: SIGNERS[signer] ?? `unknown(${signer})`,
    audit: (raw & AUDIT) !== 0,
  };
};

/** Number of a name of `names`, or the n of `unknown(n)`. */
const numberOf = (name: string, names: readonly string[], mask: number, member: string): number => {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  const value = Number(/^unknown\((\d+)\)$/.exec(name)?.[1]);
  if (value <= mask) return value;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `There is no protection ${member} '${name}'; it is one of ${names.join(', ')}.`,
  );
};

/**
 * @returns the byte
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is none
 */
export const encodeProtection = (
  protection: Pick<Protection, 'type' | 'signer'> & { readonly audit?: boolean | undefined },
): number =>
  numberOf(protection.type, TYPES, TYPE_MASK, 'type') |
  (protection.audit === true ? AUDIT : 0) |
  (numberOf(protection.signer, SIGNERS, SIGNER_MASK, 'signer') << SIGNER_SHIFT);
