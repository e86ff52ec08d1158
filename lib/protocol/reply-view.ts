/**
 * A reply as the driver wrote it: a fixed part, records of one stride, text behind them. All three are found through the sizes
 * the reply itself states, so that an older or a newer driver is understood; every one of them is checked before it is used.
 */
import { TrustletError } from '../errors.js';
import { malformedReply } from './malformed.js';
import { StructureView } from './structure-view.js';
import type { Wire, WireStructure } from './wire.js';

/** The messages by name. */
export type MessageName = keyof Wire['messages'];

const ALIGNMENT = 8;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export class ReplyView {
  readonly message: MessageName;
  readonly recordCount: number;
  /** The fixed part. */
  readonly fixed: StructureView;
  readonly #view: DataView;
  readonly #size: number;
  readonly #stride: number;

  /**
   * @param wire the protocol as the reader knows it
   * @param message which message this is the reply of
   * @param version the version the request was sent in
   * @param bytes exactly what the driver wrote. They must not change while anything read from them is in use
   * @throws TrustletError ERR_TRUSTLET_PROTOCOL when a size, the version or the message is not what it must be
   */
  constructor(wire: Wire, message: MessageName, version: number, bytes: Uint8Array) {
    const { reply, record, number } = wire.messages[message];
    const { ReplyHeader } = wire.structures;
    const { fields } = ReplyHeader;
    const fail = (problem: string): TrustletError => malformedReply(message, problem);

    if (bytes.byteLength < ReplyHeader.size) {
      throw fail(`has ${bytes.byteLength} bytes, fewer than the ${ReplyHeader.size} of a header`);
    }
    this.#view = viewOf(bytes);
    const header = new StructureView(this.#view, 0, ReplyHeader.size);
    const requireSize = (at: number, name: string, size: number, structure: WireStructure): void => {
      if (size < structure.v1Size || size > wire.maxFixedSize || size % ALIGNMENT !== 0) {
        throw fail(
          `says at byte ${at} that ${name} is ${size}; it is a multiple of ${ALIGNMENT} from ${structure.v1Size} to ${wire.maxFixedSize}`,
        );
      }
    };

    const told = header.number(fields.message);
    if (told !== number)
      throw fail(`says at byte ${fields.message.offset} that it is of message ${told}, not ${number}`);
    const spoken = header.number(fields.version);
    // HELLO comes before there is a version, and is the same in every one.
    if (message === 'HELLO' ? spoken < 1 : spoken !== version) {
      throw fail(`says at byte ${fields.version.offset} that it is of version ${spoken}; ${version} was spoken`);
    }
    this.message = message;
    this.#size = header.number(fields.size);
    requireSize(fields.size.offset, 'size', this.#size, wire.structures[reply]);
    this.#stride = header.number(fields.recordSize);
    this.recordCount = header.number(fields.recordCount);
    if (record !== null) {
      requireSize(fields.recordSize.offset, 'recordSize', this.#stride, wire.structures[record]);
    } else if (this.#stride !== 0 || this.recordCount !== 0) {
      throw fail(
        `says from byte ${fields.recordSize.offset} on that it has ${this.recordCount} records of ${this.#stride} bytes; the message has none`,
      );
    }
    if (this.#textStart > bytes.byteLength) {
      throw fail(
        `has ${bytes.byteLength} bytes; its fixed part of ${this.#size} and ${this.recordCount} records of ${this.#stride} need ${this.#textStart}`,
      );
    }
    this.fixed = new StructureView(this.#view, 0, this.#size);
  }

  /** The end of the records, where text may begin. */
  get #textStart(): number {
    return this.#size + this.recordCount * this.#stride;
  }

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT for an index that is not one of 0 … recordCount - 1 */
  record(index: number): StructureView {
    if (!Number.isInteger(index) || index < 0 || index >= this.recordCount) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `The driver’s ${this.message} reply has ${this.recordCount} records; there is no index ${String(index)}.`,
      );
    }
    return new StructureView(this.#view, this.#size + index * this.#stride, this.#stride);
  }

  /** Whether UTF-16 text may lie there: behind the records, within the reply, in whole units. */
  holdsText(offset: number, length: number): boolean {
    return offset >= this.#textStart && offset + length <= this.#view.byteLength && length % 2 === 0;
  }

  /** The text of a range that `holdsText`; unpaired surrogates and zeros stay as they are. */
  text(offset: number, length: number): string {
    let text = '';
    for (let at = offset; at < offset + length; at += 2) text += String.fromCharCode(this.#view.getUint16(at, true));
    return text;
  }
}
