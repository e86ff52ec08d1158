/** Writes a request: zeroed, its header filled, members put where the wire has them. */
import { TrustletError } from '../errors.js';
import type { MessageName } from './reply-view.js';
import type { Wire, WireField } from './wire.js';

const MAX_UINT32 = 0xffff_ffff;
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MIN_INT64 = -0x8000_0000_0000_0000n;

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT: cut to 32 bits it would be another number, and maybe another process */
export const requireUint32 = (name: string, value: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_UINT32) return value;
  throw new TrustletError(
    'ERR_TRUSTLET_ARGUMENT',
    `${name} must be a whole number from 0 to ${MAX_UINT32}; got ${value}.`,
  );
};

/**
 * @returns the 64 bits of it; a negative number, as the pseudo handles are, in two’s complement
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT unless it has 64 bits at most
 */
export const requireUint64 = (name: string, value: bigint): bigint => {
  if (value >= MIN_INT64 && value <= MAX_UINT64) return BigInt.asUintN(64, value);
  throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `${name} must fit 64 bits; got ${value}.`);
};

/** A request in the making. */
export class RequestWriter {
  /** What is sent. */
  readonly bytes: Uint8Array;
  /** Bytes of the fixed part; what follows it begins here. */
  readonly size: number;
  readonly #view: DataView;

  /**
   * @param extra bytes behind the fixed part
   * @param into where to write; a new buffer where it is left out
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT when `into` is too short
   */
  constructor(wire: Wire, message: MessageName, version: number, extra: number, into: Uint8Array | undefined) {
    const { number, request, reply, record } = wire.messages[message];
    this.size = wire.structures[request].size;
    const length = this.size + extra;
    if (into !== undefined && into.byteLength < length) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `A ${message} request of ${length} bytes does not fit the ${into.byteLength} bytes of the buffer given for it.`,
      );
    }
    this.bytes = into === undefined ? new Uint8Array(length) : into.subarray(0, length).fill(0);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, length);

    const { fields } = wire.structures.RequestHeader;
    this.put(fields.size, this.size);
    this.put(fields.version, version);
    this.put(fields.message, number);
    this.put(fields.replySize, wire.structures[reply].size);
    this.put(fields.recordSize, record === null ? 0 : wire.structures[record].size);
  }

  /** Writes a member of 16 or 32 bits; the caller has checked that the value fits. */
  put({ offset, bytes }: WireField, value: number): void {
    if (bytes === 2) this.#view.setUint16(offset, value, true);
    else this.#view.setUint32(offset, value, true);
  }

  /** Writes a member of 64 bits, likewise. */
  putWide({ offset }: WireField, value: bigint): void {
    this.#view.setBigUint64(offset, value, true);
  }
}
