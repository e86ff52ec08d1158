/**
 * Every process, through as few requests as it takes. One part that holds all is one moment; what is too much for a part is taken on
 * from the driver's cursor, so that who lives throughout is there exactly once.
 */
import type { CensusRecords, ProcessRecord } from '../backend.js';
import type { CensusCursor, CensusReply } from '../protocol/index.js';
import { malformedReply } from '../protocol/malformed.js';
import type { DriverConnection } from './driver-connection.js';

/** Some 500 processes. */
const FIRST_BYTES = 0x10000;
/** Some 150,000 processes. The kernel keeps a copy of the reply that is as long. */
const MOST_BYTES = 0x1000000;
/** Of a name in UTF-16, on average; more than is usual. */
const NAME_BYTES = 48;
/** Room for what starts between two requests. */
const SLACK_BYTES = 0x4000;
/** How often the list is asked for anew, from its start, in a larger buffer. */
const MOST_RESTARTS = 3;
/** Parts of the largest size hold far more processes than a machine can have. */
const MOST_PARTS = 64;

export class CensusReader {
  readonly #connection: DriverConnection;
  readonly #perProcess: number;
  #room = FIRST_BYTES;

  constructor(connection: DriverConnection) {
    const { codec } = connection;
    this.#connection = connection;
    this.#perProcess = codec.replyLength('CENSUS', 1) - codec.replyLength('CENSUS', 0) + NAME_BYTES;
  }

  /**
   * One request where the room that the census before needed is enough, two or more where it is not.
   * @returns records that are decoded when they are read, from bytes of their own
   * @throws TrustletError ERR_TRUSTLET_BACKEND; ERR_TRUSTLET_PROTOCOL also for a census that does not end
   */
  read(): CensusRecords {
    let part = this.#part(null);
    for (let restart = 0; part.next !== null && restart < MOST_RESTARTS && this.#room < MOST_BYTES; restart += 1) {
      this.#grow(part.total * this.#perProcess + SLACK_BYTES);
      part = this.#part(null);
    }
    return part.next === null ? part.records : this.#withRest(part);
  }

  #withRest(first: CensusReply): CensusRecords {
    const parts = [first.records];
    for (let part = first; part.next !== null; ) {
      if (parts.length === MOST_PARTS) {
        throw malformedReply('CENSUS', `says after ${MOST_PARTS} parts that there are more processes`);
      }
      part = this.#part(part.next);
      parts.push(part.records);
    }
    return join(parts);
  }

  #part(after: CensusCursor | null): CensusReply {
    const { codec } = this.#connection;
    const request = codec.encodeCensus(after);
    for (;;) {
      const bytes = this.#ask(request);
      if (bytes === null) {
        this.#grow(0);
        continue;
      }
      const part = codec.decodeCensus(bytes, after);
      if (part.next === null) this.#shrink(bytes.length);
      return part;
    }
  }

  /** A name has 65,534 bytes at most, so the largest room holds a record in any case: too small a buffer is an error then. */
  #ask(request: Uint8Array): Uint8Array | null {
    const output = new Uint8Array(this.#room);
    return this.#room < MOST_BYTES
      ? this.#connection.exchangeIfRoom('CENSUS', request, output)
      : this.#connection.exchange('CENSUS', request, output);
  }

  /** To twice the room at least. */
  #grow(bytes: number): void {
    this.#room = Math.min(Math.max(bytes, this.#room * 2), MOST_BYTES);
  }

  /** What has become too much is given back: the kernel allocates as much for every request. */
  #shrink(used: number): void {
    this.#room = Math.max(FIRST_BYTES, Math.min(this.#room, used + (used >> 2) + SLACK_BYTES));
  }
}

/** Parts one after the other. A pid that comes again in a later part was given to another process: the earlier one has ended. */
const join = (parts: readonly CensusRecords[]): CensusRecords => {
  const later = new Set<number>();
  return parts
    .toReversed()
    .map((part): CensusRecords => new PartWithout(part, later))
    .reduce((behind, before) => new Chain(before, behind));
};

/** A part without the pids that later parts have; its own pids are added to them. */
class PartWithout implements CensusRecords {
  readonly length: number;
  readonly #part: CensusRecords;
  /** Index in the part of each record that is left, 32 bits each. */
  readonly #kept: DataView;

  constructor(part: CensusRecords, later: Set<number>) {
    const kept = new DataView(new ArrayBuffer(part.length * 4));
    let length = 0;
    for (let index = 0; index < part.length; index += 1) {
      if (later.has(part.pid(index))) continue;
      kept.setUint32(length * 4, index);
      length += 1;
    }
    for (let index = 0; index < part.length; index += 1) later.add(part.pid(index));
    this.length = length;
    this.#part = part;
    this.#kept = kept;
  }

  pid(index: number): number {
    return this.#part.pid(this.#kept.getUint32(index * 4));
  }

  record(index: number): ProcessRecord {
    return this.#part.record(this.#kept.getUint32(index * 4));
  }
}

class Chain implements CensusRecords {
  readonly length: number;
  readonly #before: CensusRecords;
  readonly #behind: CensusRecords;

  constructor(before: CensusRecords, behind: CensusRecords) {
    this.length = before.length + behind.length;
    this.#before = before;
    this.#behind = behind;
  }

  pid(index: number): number {
    const inBefore = index < this.#before.length;
    return inBefore ? this.#before.pid(index) : this.#behind.pid(index - this.#before.length);
  }

  record(index: number): ProcessRecord {
    const inBefore = index < this.#before.length;
    return inBefore ? this.#before.record(index) : this.#behind.record(index - this.#before.length);
  }
}
