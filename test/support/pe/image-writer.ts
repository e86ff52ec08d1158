/** Writes a PE file from front to back, remembers where each field went, and knows the RVA of the next byte. */
import type { Field } from './layout.js';

const FIRST_CAPACITY = 8192;

export const alignUp = (value: number, to: number): number => Math.ceil(value / to) * to;

export class ImageWriter {
  readonly fields = new Map<string, Field>();
  readonly bits: 32 | 64;
  readonly imageBase: bigint;
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #length = 0;
  /** RVA minus offset in the file, in the section that is being written. */
  #delta = 0;

  constructor(bits: 32 | 64, imageBase: bigint) {
    this.bits = bits;
    this.imageBase = imageBase;
  }

  /** In the file. */
  get offset(): number {
    return this.#at;
  }

  get rva(): number {
    return this.#at + this.#delta;
  }

  /** Bytes of a pointer. */
  get pointerSize(): 4 | 8 {
    return this.bits === 64 ? 8 : 4;
  }

  /** A virtual address, as pointers in an image that was not relocated hold it. */
  va(rva: number): bigint {
    return this.imageBase + BigInt(rva);
  }

  /** Says which RVA the byte at the present offset has. */
  mapAt(rva: number): void {
    this.#delta = rva - this.#at;
  }

  seek(offset: number): void {
    this.#reserve(offset - this.#at);
    this.#at = offset;
    this.#length = Math.max(this.#length, offset);
  }

  align(to: number): void {
    this.seek(alignUp(this.#at, to));
  }

  /** Names what was written since `from`. */
  name(name: string, from: number): void {
    this.fields.set(name, { offset: from, size: this.#at - from });
  }

  u8(name: string, value: number): void {
    const at = this.#take(name, 1);
    this.#view.setUint8(at, value);
  }

  u16(name: string, value: number): void {
    const at = this.#take(name, 2);
    this.#view.setUint16(at, value, true);
  }

  u32(name: string, value: number): void {
    const at = this.#take(name, 4);
    this.#view.setUint32(at, value, true);
  }

  u64(name: string, value: bigint): void {
    const at = this.#take(name, 8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }

  /** 8 bytes in a 64-bit image, 4 in a 32-bit one. */
  pointer(name: string, value: bigint): void {
    if (this.bits === 64) this.u64(name, value);
    else this.u32(name, Number(BigInt.asUintN(32, value)));
  }

  bytes(name: string, value: Uint8Array): void {
    const at = this.#take(name, value.length);
    this.#bytes.set(value, at);
  }

  /** Latin-1, ended by a NUL. */
  ansi(name: string, text: string): void {
    this.bytes(name, Buffer.from(`${text}\0`, 'latin1'));
  }

  /** UTF-16LE, ended by a NUL. */
  wide(name: string, text: string): void {
    this.bytes(name, Buffer.from(`${text}\0`, 'utf16le'));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room first: what a call names before its arguments is taken before they are computed. */
  #take(name: string, size: number): number {
    this.#reserve(size);
    const at = this.#at;
    this.#at += size;
    this.#length = Math.max(this.#length, this.#at);
    this.fields.set(name, { offset: at, size });
    return at;
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
