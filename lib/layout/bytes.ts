/**
 * Bounds-checked access to structures that somebody else filled.
 *
 * Every decoder takes its DataView from `viewOf`: the view spans exactly the caller's bytes, so a read beyond them cannot reach
 * a neighbour in the same ArrayBuffer.
 */
import { TrustletError } from '../errors.js';
import type { WordSize } from './word-size.js';

/** A structure is not what its format says. */
export const formatError = (structure: string, problem: string): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_FORMAT',
    `${structure} ${problem}. Nothing was decoded; treat what it describes as unknown.`,
  );

/** @throws TrustletError ERR_TRUSTLET_FORMAT when `bytes` is shorter than the `needed` bytes that are decoded */
export const requireLength = (bytes: Uint8Array, needed: number, structure: string): void => {
  if (bytes.byteLength < needed) {
    throw formatError(structure, `is truncated: ${bytes.byteLength} bytes where ${needed} are needed`);
  }
};

/**
 * @param bytes the whole structure, or more: newer systems append members
 * @param needed length in bytes of the part that is decoded
 * @throws TrustletError ERR_TRUSTLET_FORMAT when `bytes` is shorter
 */
export const viewOf = (bytes: Uint8Array, needed: number, structure: string): DataView => {
  requireLength(bytes, needed, structure);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** An address or mask of pointer size. */
export const readPointer = (view: DataView, offset: number, wordSize: WordSize): bigint =>
  wordSize === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));

/** Writes an address or mask of pointer size, reduced to it. */
export const writePointer = (view: DataView, offset: number, value: bigint, wordSize: WordSize): void => {
  if (wordSize === 8) view.setBigUint64(offset, value, true);
  else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
};

/**
 * A pid, tid or size held in a word of pointer size. Windows keeps all of them below 2^32, so upper bits are no longer form of
 * the same number but a structure that is not what it claims; dropping them would name another process.
 */
export const readSmallWord = (view: DataView, offset: number, wordSize: WordSize, member: string): number => {
  if (wordSize === 8 && view.getUint32(offset + 4, true) !== 0) {
    throw formatError(member, 'is above 2^32, which no pid, tid or size is');
  }
  return view.getUint32(offset, true);
};

/** Writes a pid, tid or size into a word of pointer size. */
export const writeSmallWord = (view: DataView, offset: number, value: number, wordSize: WordSize): void => {
  view.setUint32(offset, value, true);
  if (wordSize === 8) view.setUint32(offset + 4, 0, true);
};
