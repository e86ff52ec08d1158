/** Where the bytes of a file come from. The reader asks for blocks and never for the whole. */

export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /**
   * Fills `target` from `offset` on.
   *
   * @param offset from 0 to `size`
   * @returns how many bytes were filled; fewer than asked for only where the file ends (or ended meanwhile)
   */
  read(offset: number, target: Uint8Array): number;
}

/** A file that is in memory. */
export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.byteLength,
  read: (offset, target) => {
    const part = bytes.subarray(offset, offset + target.byteLength);
    target.set(part);
    return part.byteLength;
  },
});
