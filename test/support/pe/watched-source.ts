/** A source of bytes that keeps account of every read and refuses those outside the file. */
import type { ByteSource } from '../../../lib/pe/index.js';

export interface Account {
  reads: number;
  /** Bytes handed over. */
  bytes: number;
  /** The longest buffer that was given to be filled. */
  longest: number;
}

/** Thrown out of a read: the reader may not catch it, so it ends the test. */
export class OutOfBounds extends Error {
  override name = 'OutOfBounds';
}

export const watchedSource = (bytes: Uint8Array): { source: ByteSource; account: Account } => {
  const account: Account = { reads: 0, bytes: 0, longest: 0 };
  const size = bytes.byteLength;
  const read = (offset: number, target: Uint8Array): number => {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + target.byteLength > size || target.byteLength === 0)
      throw new OutOfBounds(`${target.byteLength} bytes at ${offset} of ${size}`);
    account.reads += 1;
    account.bytes += target.byteLength;
    account.longest = Math.max(account.longest, target.byteLength);
    target.set(bytes.subarray(offset, offset + target.byteLength));
    return target.byteLength;
  };
  return { source: { size, read }, account };
};
