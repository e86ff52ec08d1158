/** Reads numbers and texts of a file in blocks, within its bounds and within a budget. Little-endian, as all of the format. */
import type { ByteSource } from './byte-source.js';
import { Damage, hex } from './damage.js';
import { PE_LIMITS } from './limits.js';

/** A page: what the system reads anyway. */
const BLOCK_BYTES = 4096;
/** Headers, tables and what they point to lie in a handful of places. */
const BLOCKS_KEPT = 32;

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** What a diagnosis is about stands at its beginning. */
const sentence = (what: string): string => what.charAt(0).toUpperCase() + what.slice(1);

export class FileBytes {
  readonly #source: ByteSource;
  /** By number, the least recently used first. */
  readonly #blocks: Map<number, Uint8Array> = new Map();
  #bytesRead = 0;
  #reads = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get reads(): number {
    return this.#reads;
  }

  /** @throws Damage `truncated` unless `length` bytes from `offset` on are in the file */
  require(offset: number, length: number, what: string): void {
    if (offset + length > this.size) {
      throw new Damage(
        'truncated',
        Math.min(offset, this.size),
        `${sentence(what)} takes ${length} bytes from ${hex(offset)} on, and the file ends at ${hex(this.size)}.`,
      );
    }
  }

  /**
   * @param what for the diagnosis
   * @throws Damage where the file ends before, or the budget is used up
   */
  bytes(offset: number, length: number, what: string): Uint8Array {
    this.require(offset, length, what);
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    if (first === last) return this.#block(first, what).subarray(offset % BLOCK_BYTES, (offset % BLOCK_BYTES) + length);
    if (length > BLOCK_BYTES) return this.#fetch(offset, length, what);
    const joined = new Uint8Array(length);
    const head = this.#block(first, what).subarray(offset % BLOCK_BYTES);
    joined.set(head);
    joined.set(this.#block(last, what).subarray(0, length - head.byteLength), head.byteLength);
    return joined;
  }

  /** As `bytes`, to be read with offsets of a structure. */
  view(offset: number, length: number, what: string): DataView {
    const bytes = this.bytes(offset, length, what);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(offset: number, what: string): number {
    return this.view(offset, 4, what).getUint32(0, true);
  }

  /**
   * A text up to its NUL, as Latin-1 or UTF-16.
   *
   * @param end where the bytes end that it may take
   * @throws Damage `malformed` where no NUL comes within `PE_LIMITS.stringBytes`
   */
  text(offset: number, end: number, encoding: 'latin1' | 'utf16le', what: string): string {
    const step = encoding === 'latin1' ? 1 : 2;
    const most = Math.min(end - offset, PE_LIMITS.stringBytes, this.size - offset);
    const bytes = this.bytes(offset, Math.max(0, most - (most % step)), what);
    for (let at = 0; at < bytes.byteLength; at += step) {
      if (bytes[at] === 0 && (step === 1 || bytes[at + 1] === 0)) {
        const text = bytes.subarray(0, at);
        return encoding === 'latin1' ? latin1(text) : new TextDecoder('utf-16le').decode(text);
      }
    }
    throw new Damage('malformed', offset, `${sentence(what)} has no end within ${bytes.byteLength} bytes.`);
  }

  #block(number: number, what: string): Uint8Array {
    const kept = this.#blocks.get(number);
    if (kept !== undefined) {
      this.#blocks.delete(number);
      this.#blocks.set(number, kept);
      return kept;
    }
    const offset = number * BLOCK_BYTES;
    const block = this.#fetch(offset, Math.min(BLOCK_BYTES, this.size - offset), what);
    this.#blocks.set(number, block);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > BLOCKS_KEPT && oldest !== undefined) this.#blocks.delete(oldest);
    return block;
  }

  #fetch(offset: number, length: number, what: string): Uint8Array {
    if (this.#bytesRead + length > PE_LIMITS.bytesRead) {
      throw new Damage(
        'limit',
        offset,
        `${sentence(what)} was not read: ${PE_LIMITS.bytesRead} bytes of this file were read already, which no sound file needs.`,
      );
    }
    const bytes = new Uint8Array(length);
    const filled = this.#source.read(offset, bytes);
    this.#bytesRead += filled;
    this.#reads += 1;
    if (filled === length) return bytes;
    throw new Damage('truncated', offset + filled, `The file ended at ${hex(offset + filled)} while ${what} was read.`);
  }
}
