/**
 * Requests to bytes and replies from bytes, over DataView, as docs/protocol.md has them. A codec is made for one wire and one
 * version. It never sends anything, and it never decides: what the driver judged is handed on beside what it found.
 */
import { TrustletError } from '../errors.js';
import { type CensusCursor, type CensusReply, decodeCensusReply } from './census.js';
import { type EnumNames, enumNames } from './enum-names.js';
import {
  decodeExamination,
  decodeGuardReply,
  type ExamineReply,
  type ExamineTarget,
  type GuardReply,
  type GuardTarget,
  operationMask,
  putTarget,
} from './examine.js';
import { decodeHelloReply, type HelloReply } from './hello.js';
import { malformedReply } from './malformed.js';
import { ProcessRecords } from './process-records.js';
import { type MessageName, ReplyView } from './reply-view.js';
import { RequestWriter, requireUint32, requireUint64 } from './request-writer.js';
import { decodeStatsReply, type StatsReply } from './stats.js';
import { wire as today, type Wire } from './wire.js';

const PID_BYTES = 4;

/**
 * Every `encode…` writes into the start of `into`, or into a new buffer, and returns the bytes to send; it throws
 * ERR_TRUSTLET_ARGUMENT for what does not fit, and never sends something else instead. Every `decode…` takes exactly the bytes
 * the driver wrote, which must not change while the answer is in use, and throws ERR_TRUSTLET_PROTOCOL for a reply outside the
 * protocol.
 */
export class Codec {
  /** The version its requests are sent in. */
  readonly version: number;
  readonly #wire: Wire;
  readonly #names: EnumNames;

  /**
   * @param wire the protocol as this side knows it
   * @param version the version both sides speak, see `chooseVersion`
   */
  constructor(wire: Wire = today, version: number = wire.versionMax) {
    this.version = version;
    this.#wire = wire;
    this.#names = enumNames(wire);
  }

  /** @returns the IOCTL code of a message, unsigned */
  code(message: MessageName): number {
    return this.#wire.messages[message].code;
  }

  /** Bytes an output buffer needs for a reply with so many records; names come on top. */
  replyLength(message: MessageName, records: number): number {
    const { reply, record } = this.#wire.messages[message];
    const { structures } = this.#wire;
    return structures[reply].size + (record === null ? 0 : records * structures[record].size);
  }

  /** Offers every version this package speaks. */
  encodeHello(into?: Uint8Array): Uint8Array {
    const { fields } = this.#wire.structures.HelloRequest;
    const writer = this.#begin('HELLO', 0, into);
    writer.put(fields.minVersion, this.#wire.versionMin);
    writer.put(fields.maxVersion, this.#wire.versionMax);
    return writer.bytes;
  }

  /** @param pids 1 to 4,096 of them */
  encodeQuery(pids: readonly number[], into?: Uint8Array): Uint8Array {
    const { fields } = this.#wire.structures.QueryRequest;
    const { maxPids } = this.#wire;
    if (pids.length < 1 || pids.length > maxPids) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `One QUERY takes 1 to ${maxPids} pids; got ${pids.length}. Ask in parts.`,
      );
    }
    const writer = this.#begin('QUERY', pids.length * PID_BYTES, into);
    writer.put(fields.pidCount, pids.length);
    pids.forEach((pid, index) => {
      writer.put({ offset: writer.size + index * PID_BYTES, bytes: PID_BYTES }, requireUint32('pid', pid));
    });
    return writer.bytes;
  }

  /** @param after where the part before ended; null for the first part */
  encodeCensus(after: CensusCursor | null, into?: Uint8Array): Uint8Array {
    const { fields } = this.#wire.structures.CensusRequest;
    const writer = this.#begin('CENSUS', 0, into);
    if (after !== null) {
      writer.put(fields.flags, this.#wire.enums.CensusRequestFlag.resume);
      writer.put(fields.cursorPid, requireUint32('pid', after.pid));
      writer.putWide(fields.cursorSequence, requireUint64('sequence', after.sequence));
      writer.putWide(fields.cursorCreateTime, requireUint64('createTime', after.createTime));
    }
    return writer.bytes;
  }

  /** @returns the request for the part after this one; null when this was the last */
  encodeNextCensus(part: CensusReply, into?: Uint8Array): Uint8Array | null {
    return part.next === null ? null : this.encodeCensus(part.next, into);
  }

  encodeExamine(target: ExamineTarget, into?: Uint8Array): Uint8Array {
    const writer = this.#begin('EXAMINE', 0, into);
    putTarget(writer, this.#wire, this.#wire.structures.ExamineRequest.fields, target);
    return writer.bytes;
  }

  encodeGuard(target: GuardTarget, into?: Uint8Array): Uint8Array {
    const { fields } = this.#wire.structures.GuardRequest;
    const writer = this.#begin('GUARD', 0, into);
    putTarget(writer, this.#wire, fields, target);
    writer.put(fields.operations, operationMask(this.#wire, target.operations));
    writer.put(fields.accepted, operationMask(this.#wire, target.accepted));
    return writer.bytes;
  }

  encodeStats(into?: Uint8Array): Uint8Array {
    return this.#begin('STATS', 0, into).bytes;
  }

  decodeHello(bytes: Uint8Array): HelloReply {
    return decodeHelloReply(this.#wire, this.view('HELLO', bytes));
  }

  /** @param pids those that were asked for: the reply has a record for each, in the same order */
  decodeQuery(bytes: Uint8Array, pids: readonly number[]): ProcessRecords {
    const records = new ProcessRecords(this.#wire, this.#names, this.view('QUERY', bytes));
    if (records.length !== pids.length) {
      throw malformedReply('QUERY', `has ${records.length} records for the ${pids.length} pids it was asked for`);
    }
    pids.forEach((pid, index) => {
      const told = records.pid(index);
      if (told !== pid)
        throw malformedReply('QUERY', `is about pid ${told} in record ${index}, where pid ${pid} was asked for`);
    });
    return records;
  }

  /** @param after the cursor the part was asked for with; null for the first part */
  decodeCensus(bytes: Uint8Array, after: CensusCursor | null): CensusReply {
    return decodeCensusReply(this.#wire, this.#names, this.view('CENSUS', bytes), after);
  }

  decodeExamine(bytes: Uint8Array): ExamineReply {
    const { fields } = this.#wire.structures.ExamineReply;
    return decodeExamination(this.#wire, this.#names, this.view('EXAMINE', bytes), fields);
  }

  decodeGuard(bytes: Uint8Array): GuardReply {
    return decodeGuardReply(this.#wire, this.#names, this.view('GUARD', bytes));
  }

  decodeStats(bytes: Uint8Array): StatsReply {
    return decodeStatsReply(this.#wire, this.#names, this.view('STATS', bytes));
  }

  /** A reply whose header is sound and whose structures lie within it; nothing else of it has been looked at. */
  view(message: MessageName, bytes: Uint8Array): ReplyView {
    return new ReplyView(this.#wire, message, this.version, bytes);
  }

  #begin(message: MessageName, extra: number, into: Uint8Array | undefined): RequestWriter {
    return new RequestWriter(this.#wire, message, this.version, extra, into);
  }
}
