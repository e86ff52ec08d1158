/**
 * The buffer of NtQuerySystemInformation class 5, SystemProcessInformation (facts/nt.md 4.1), read in place: indexing records one
 * offset a process, and nothing is built for a process until it is read.
 */
import { TrustletError } from '../errors.js';
import { formatError, readSmallWord, viewOf } from './bytes.js';
import {
  CLASSIFICATION_MASK,
  CLASSIFICATION_SHIFT,
  CREATE_TIME,
  EXTENSION_FLAGS,
  NEXT_ENTRY,
  type ProcessListShape,
  processListShape,
  THREAD_COUNT,
} from './process-list-shape.js';
import type { WordSize } from './word-size.js';

/** How to read the buffer. */
export interface ProcessListOptions {
  /** Address of the first byte in the callee's space: name pointers are absolute. */
  readonly base: bigint;
  readonly wordSize: WordSize;
  /** Whether entries carry the extension (1709 and later, native 64-bit callers). */
  readonly extension: boolean;
}

const STRUCTURE = 'SYSTEM_PROCESS_INFORMATION';
const TWO_32 = 0x1_0000_0000;
/** The query takes its length as a ULONG, so no answer is longer; every offset in one fits 32 bits. */
const LONGEST_ANSWER = TWO_32 - 1;

/** Offsets of the entries, each of them checked: inside the buffer, after the one before, with its threads inside it. */
const entryOffsets = (view: DataView, shape: ProcessListShape, wordSize: WordSize): Uint32Array => {
  const starts: number[] = [];
  let start = 0;
  let next: number;
  do {
    if (start + shape.entry > view.byteLength) {
      throw formatError(
        STRUCTURE,
        `${starts.length} at offset ${start} runs past the end of its ${view.byteLength} bytes`,
      );
    }
    next = view.getUint32(start + NEXT_ENTRY, true);
    const room = (next === 0 ? view.byteLength - start : next) - shape.entry;
    const threads = view.getUint32(start + THREAD_COUNT, true);
    // Also refuses an offset that leads back: it is unsigned, and less than an entry would overlap this one.
    if (room < threads * shape.thread) {
      throw formatError(
        STRUCTURE,
        `${starts.length} at offset ${start} has no room for itself and its ${threads} threads`,
      );
    }
    readSmallWord(view, start + shape.pid, wordSize, `${STRUCTURE}.UniqueProcessId`);
    readSmallWord(view, start + shape.parentPid, wordSize, `${STRUCTURE}.InheritedFromUniqueProcessId`);
    starts.push(start);
    start += next;
  } while (next !== 0);
  return new Uint32Array(starts);
};

/** Every process of one class 5 answer. Indices run from 0 to `length` - 1; any other throws ERR_TRUSTLET_ARGUMENT. */
export class ProcessList {
  readonly #view: DataView;
  readonly #shape: ProcessListShape;
  readonly #wordSize: WordSize;
  readonly #hasExtension: boolean;
  readonly #baseLow: number;
  readonly #baseHigh: number;
  readonly #starts: Uint32Array;

  private constructor(view: DataView, options: ProcessListOptions) {
    this.#view = view;
    this.#shape = processListShape(options.wordSize);
    this.#wordSize = options.wordSize;
    this.#hasExtension = options.extension;
    this.#baseLow = Number(BigInt.asUintN(32, options.base));
    this.#baseHigh = Number(BigInt.asUintN(64, options.base) >> 32n);
    this.#starts = entryOffsets(view, this.#shape, options.wordSize);
  }

  /**
   * Cost: one pass over the entries, 4 bytes kept for each; the bytes are read again on access, so they must not change.
   * @param bytes the answer, cut to the length the kernel returned
   * @throws TrustletError ERR_TRUSTLET_FORMAT where an entry overlaps another, leaves the buffer, has threads that do not fit it, or
   * a pid above 2^32; an empty answer is none
   */
  static index(bytes: Uint8Array, options: ProcessListOptions): ProcessList {
    const answer = bytes.subarray(0, LONGEST_ANSWER);
    return new ProcessList(viewOf(answer, processListShape(options.wordSize).entry, STRUCTURE), options);
  }

  get length(): number {
    return this.#starts.length;
  }

  pid(index: number): number {
    return this.#view.getUint32(this.#start(index) + this.#shape.pid, true);
  }

  /** FILETIME, 100 ns. */
  createTime(index: number): bigint {
    return this.#view.getBigUint64(this.#start(index) + CREATE_TIME, true);
  }

  parentPid(index: number): number {
    return this.#view.getUint32(this.#start(index) + this.#shape.parentPid, true);
  }

  sessionId(index: number): number {
    return this.#view.getUint32(this.#start(index) + this.#shape.sessionId, true);
  }

  threadCount(index: number): number {
    return this.#view.getUint32(this.#start(index) + THREAD_COUNT, true);
  }

  /** Image name, UTF-16 as it stands (lone surrogates included); null when absent, of odd length or not inside the buffer. */
  name(index: number): string | null {
    const start = this.#start(index);
    const length = this.#view.getUint16(start + this.#shape.nameLength, true);
    const from = this.#nameOffset(start);
    const odd = length % 2 !== 0;
    if (length === 0 || odd || from < 0 || from + length > this.#view.byteLength) return null;
    let name = '';
    for (let at = from; at < from + length; at += 2) name += String.fromCharCode(this.#view.getUint16(at, true));
    return name;
  }

  /** @throws TrustletError ERR_TRUSTLET_FORMAT for a tid above 2^32 */
  tids(index: number): number[] {
    const start = this.#start(index);
    const first = start + this.#shape.entry + this.#shape.threadTid;
    return Array.from({ length: this.#view.getUint32(start + THREAD_COUNT, true) }, (_, thread) =>
      readSmallWord(
        this.#view,
        first + thread * this.#shape.thread,
        this.#wordSize,
        'SYSTEM_THREAD_INFORMATION.ClientId.UniqueThread',
      ),
    );
  }

  /** SYSTEM_PROCESS_CLASSIFICATION as a number; null where the entry has no extension. */
  classification(index: number): number | null {
    const extension = this.#extension(this.#start(index));
    if (extension === null) return null;
    return (this.#view.getUint32(extension + EXTENSION_FLAGS, true) >>> CLASSIFICATION_SHIFT) & CLASSIFICATION_MASK;
  }

  /** ProcessSequenceNumber as it stands, 0 included; null where the entry has no extension. */
  sequenceNumber(index: number): bigint | null {
    const extension = this.#extension(this.#start(index));
    return extension === null ? null : this.#view.getBigUint64(extension + this.#shape.sequenceNumber, true);
  }

  #start(index: number): number {
    const start = this.#starts[index];
    if (start === undefined) {
      throw new TrustletError(
        'ERR_TRUSTLET_ARGUMENT',
        `The process list has ${this.length} entries; there is no index ${String(index)}.`,
      );
    }
    return start;
  }

  /** Offset of the name's first byte in the buffer; far outside it for a pointer that does not point into it. */
  #nameOffset(start: number): number {
    const at = start + this.#shape.nameBuffer;
    const low = this.#view.getUint32(at, true);
    const high = this.#wordSize === 8 ? this.#view.getUint32(at + 4, true) : 0;
    return (high - this.#baseHigh) * TWO_32 + (low - this.#baseLow);
  }

  /**
   * Offset of the extension; null when there is none, it does not fit its entry, or the name lies where it should be: a system that
   * reports a late build and writes no extension (Wine) puts the name there.
   */
  #extension(start: number): number | null {
    if (!this.#hasExtension) return null;
    const next = this.#view.getUint32(start + NEXT_ENTRY, true);
    const end = next === 0 ? this.#view.byteLength : start + next;
    const threads = this.#view.getUint32(start + THREAD_COUNT, true);
    const extension = start + this.#shape.entry + threads * this.#shape.thread;
    if (extension + this.#shape.extension > end) return null;
    const name = this.#nameOffset(start);
    return name >= extension && name < extension + this.#shape.extension ? null : extension;
  }
}
