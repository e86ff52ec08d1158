/** What a compromised VTL0 got hold of, to search. */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { requireBuffer } from '../call-arguments.js';
import { RegisterName } from '../hypervisor/register-names.js';
import { setValue128 } from '../hypervisor/wide-values.js';
import type { PageBlock } from './physical-layout.js';

/** Where bytes were found. */
export interface Sighting {
  /** `memory`: guest-physical. `message`: recorded on the way to or from LsaIso. */
  readonly source: 'memory' | 'message' | 'registers';
  /** Guest-physical address; null for what is no memory. */
  readonly address: bigint | null;
}

export interface StolenPiece extends Sighting {
  readonly bytes: Uint8Array;
}

const XMM_REGISTERS = 16;
const REGISTER_LENGTH = 16;

/** General and XMM registers, which VTLs share (facts/vsm.md 1.9). */
export const SHARED_REGISTERS: readonly number[] = [
  ...Array.from({ length: 16 }, (_, index) => RegisterName.Rax + index),
  ...Array.from({ length: XMM_REGISTERS }, (_, index) => RegisterName.Xmm0 + index),
];

/** 16 bytes for each. */
export const registerBytes = (values: readonly bigint[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * REGISTER_LENGTH));
  values.forEach((value, index) => {
    setValue128(view, index * REGISTER_LENGTH, value);
  });
  return new Uint8Array(view.buffer);
};

/** Pages next to each other as one block, so that what crosses from one into the next is found. */
export const runsOf = (pages: readonly number[]): readonly PageBlock[] => {
  const runs: { firstPage: number; pageCount: number }[] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.firstPage + last.pageCount === page) last.pageCount += 1;
    else runs.push({ firstPage: page, pageCount: 1 });
  }
  return runs;
};

const matchesAt = (bytes: Uint8Array, wanted: Uint8Array, at: number): boolean => {
  for (let index = 1; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
};

/** @returns where `wanted` begins, -1 where it is not */
const indexIn = (bytes: Uint8Array, wanted: Uint8Array): number => {
  const [first = 0] = wanted;
  const last = bytes.length - wanted.length;
  for (let at = bytes.indexOf(first); at !== -1 && at <= last; at = bytes.indexOf(first, at + 1)) {
    if (matchesAt(bytes, wanted, at)) return at;
  }
  return -1;
};

/** Bytes that VTL0 had at one moment. */
export class StolenBytes {
  /** Each with where it is from. */
  readonly pieces: readonly StolenPiece[];

  /** `compromisedKernel().readEverything()` makes it. */
  constructor(pieces: readonly StolenPiece[]) {
    this.pieces = pieces;
  }

  /** How many bytes it is. */
  get byteLength(): number {
    return this.pieces.reduce((length, { bytes }) => length + bytes.length, 0);
  }

  /** Whether these bytes are among it. @throws as `find` */
  includes(wanted: Uint8Array): boolean {
    return this.find(wanted) !== null;
  }

  /**
   * Where these bytes are first. Cost: one pass over everything.
   * @returns null where they are not
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a Uint8Array of one byte or more
   */
  find(wanted: Uint8Array): Sighting | null {
    if (requireBuffer('wanted', wanted).length === 0) {
      throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `There is nothing to look for in ${show('')}; give some bytes.`);
    }
    for (const { source, address, bytes } of this.pieces) {
      const at = indexIn(bytes, wanted);
      if (at !== -1) return { source, address: address === null ? null : address + BigInt(at) };
    }
    return null;
  }
}
