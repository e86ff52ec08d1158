/** One structure of a reply, read in place through the offsets of a wire. */
import type { WireField } from './wire.js';

/** Reads members of a structure that lies within its buffer; whoever makes one has checked that. */
export class StructureView {
  readonly #view: DataView;
  readonly #start: number;
  readonly #length: number;

  /**
   * @param view the whole reply
   * @param start where the structure begins in it
   * @param length bytes of the structure that were sent, at least those of version 1
   */
  constructor(view: DataView, start: number, length: number) {
    this.#view = view;
    this.#start = start;
    this.#length = length;
  }

  /** A member of version 1 of up to 32 bits. */
  number({ offset, bytes }: WireField): number {
    const at = this.#start + offset;
    if (bytes === 1) return this.#view.getUint8(at);
    return bytes === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  /** A member of version 1 of 64 bits. */
  bigint({ offset }: WireField): bigint {
    return this.#view.getBigUint64(this.#start + offset, true);
  }

  /** A member appended after version 1, of any width; null where the other side did not send it. */
  appended(field: WireField): bigint | null {
    if (field.offset + field.bytes > this.#length) return null;
    return field.bytes === 8 ? this.bigint(field) : BigInt(this.number(field));
  }
}
