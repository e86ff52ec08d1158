/** The two sums over a PE file that leave fields of it out: the checksum of the header and the digest that Authenticode signs. */
import { createHash } from 'node:crypto';
import type { BuiltPe, Layout } from './layout.js';

/**
 * CheckSumMappedFile's sum: 16-bit words with end-around carry, the field itself taken as 0, plus the length of the file.
 *
 * @param field where the checksum stands in the file
 */
export const checksumOf = (bytes: Uint8Array, field: number): number => {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) {
    if (offset === field || offset === field + 2) continue;
    sum += (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + bytes.length;
};

/** The file without checksum, entry of the certificate directory and certificate table: what Authenticode hashes. */
const signedRanges = (layout: Layout, end: number): [number, number][] => {
  const ranges: [number, number][] = [[0, layout.offset('optional/checksum')]];
  const behindChecksum = layout.end('optional/checksum');
  if (!layout.has('directory/certificates/address')) return [...ranges, [behindChecksum, end]];
  return [
    ...ranges,
    [behindChecksum, layout.offset('directory/certificates/address')],
    [layout.end('directory/certificates/size'), end],
  ];
};

/**
 * The image's digest ("Windows Authenticode Portable Executable Signature Format", Calculating the PE Image Hash). Sections stand
 * in a built file in their order and without gaps, so hashing the sections one by one is hashing the file.
 */
export const authenticodeDigest = ({ bytes, layout }: BuiltPe, algorithm: 'sha1' | 'sha256'): Uint8Array => {
  const hash = createHash(algorithm);
  const end = layout.has('certificates') ? layout.offset('certificates') : bytes.length;
  for (const [from, to] of signedRanges(layout, end)) hash.update(bytes.subarray(from, to));
  // What is signed ends on 8 bytes, since the table behind it begins there.
  hash.update(new Uint8Array((8 - (end % 8)) % 8));
  return hash.digest();
};

/**
 * One hash for the headers and one for each page of each section, each with its offset in the file, and an end mark.
 * Pages are filled up with zeros to 4096 bytes.
 */
export const pageHashTable = (
  { bytes, layout }: BuiltPe,
  algorithm: 'sha1' | 'sha256',
): { table: Uint8Array; count: number } => {
  const page = 4096;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const headers = view.getUint32(layout.offset('optional/sizeOfHeaders'), true);
  const entries: Buffer[] = [];
  const add = (offset: number, digest: Uint8Array): void => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(offset);
    entries.push(Buffer.concat([head, digest]));
  };
  const first = createHash(algorithm);
  for (const [from, to] of signedRanges(layout, headers)) first.update(bytes.subarray(from, to));
  first.update(new Uint8Array(Math.max(0, page - headers)));
  add(0, first.digest());
  let end = headers;
  const sections = layout.names().filter((name) => /^section\/.*\/pointerToRawData$/.test(name));
  for (const name of sections) {
    const start = view.getUint32(layout.offset(name), true);
    const size = view.getUint32(layout.offset(name.replace('pointerToRawData', 'sizeOfRawData')), true);
    for (let at = 0; at < size; at += page) {
      const content = bytes.subarray(start + at, start + Math.min(size, at + page));
      const hash = createHash(algorithm).update(content);
      add(start + at, hash.update(new Uint8Array(page - content.length)).digest());
    }
    end = Math.max(end, start + size);
  }
  add(end, new Uint8Array(algorithm === 'sha1' ? 20 : 32));
  return { table: Buffer.concat(entries), count: entries.length };
};
