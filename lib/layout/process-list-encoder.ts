/** Writes what NtQuerySystemInformation class 5 answers; the emulated kernel's half of `process-list.ts`. */
import { TrustletError } from '../errors.js';
import { writePointer, writeSmallWord } from './bytes.js';
import type { ProcessListOptions } from './process-list.js';
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

/** One process as class 5 tells it. */
export interface ProcessListEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** null or empty: no name, as the Idle process has none. */
  readonly name: string | null;
  readonly sessionId: number;
  /** FILETIME, 100 ns. */
  readonly createTime: bigint;
  readonly tids: readonly number[];
  /** 0 to 15; written with the extension only. */
  readonly classification: number;
  /** Written with the extension only. */
  readonly sequenceNumber: bigint;
}

/** How and where to write. */
export interface ProcessListEncoding extends ProcessListOptions {
  /** Buffer to write into; `base` is the address of its first byte. A new one is made when left out. */
  readonly target?: Uint8Array | undefined;
}

/** What was written. */
export interface EncodedProcessList {
  /** The written part of the target; null when it did not fit, and then the target is untouched. */
  readonly bytes: Uint8Array | null;
  /** Length in bytes the list has. */
  readonly needed: number;
}

/** UNICODE_STRING counts bytes in 16 bits, terminator included. */
const LONGEST_NAME = 32766;
const TERMINATOR = 2;
const alignUp = (length: number): number => Math.ceil(length / 8) * 8;

const nameStart = (entry: ProcessListEntry, shape: ProcessListShape, extension: boolean): number =>
  shape.entry + entry.tids.length * shape.thread + (extension ? shape.extension : 0);

const entryLength = (entry: ProcessListEntry, shape: ProcessListShape, extension: boolean): number => {
  const units = entry.name?.length ?? 0;
  if (units > LONGEST_NAME) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `The image name of pid ${entry.pid} has ${units} UTF-16 units; a UNICODE_STRING holds ${LONGEST_NAME}. Shorten it.`,
      { pid: entry.pid },
    );
  }
  return alignUp(nameStart(entry, shape, extension) + (units === 0 ? 0 : 2 * units + TERMINATOR));
};

/** Writes at offset `at` of zeroed memory. */
const writeEntry = (view: DataView, at: number, entry: ProcessListEntry, options: ProcessListOptions): void => {
  const { wordSize, extension } = options;
  const shape = processListShape(wordSize);
  view.setUint32(at + THREAD_COUNT, entry.tids.length, true);
  view.setBigUint64(at + CREATE_TIME, entry.createTime, true);
  view.setUint32(at + shape.pid, entry.pid, true);
  view.setUint32(at + shape.parentPid, entry.parentPid, true);
  view.setUint32(at + shape.sessionId, entry.sessionId, true);
  writeThreads(view, at + shape.entry, entry, wordSize);
  if (extension) {
    const start = at + shape.entry + entry.tids.length * shape.thread;
    const flags = (entry.classification & CLASSIFICATION_MASK) << CLASSIFICATION_SHIFT;
    view.setUint32(start + EXTENSION_FLAGS, flags, true);
    view.setBigUint64(start + shape.sequenceNumber, entry.sequenceNumber, true);
  }
  const name = entry.name ?? '';
  if (name.length === 0) return;
  const start = at + nameStart(entry, shape, extension);
  view.setUint16(at + shape.nameLength, 2 * name.length, true);
  view.setUint16(at + shape.nameLength + 2, 2 * name.length + TERMINATOR, true);
  writePointer(view, at + shape.nameBuffer, options.base + BigInt(start), wordSize);
  for (let unit = 0; unit < name.length; unit += 1) view.setUint16(start + 2 * unit, name.charCodeAt(unit), true);
};

const writeThreads = (view: DataView, from: number, entry: ProcessListEntry, wordSize: WordSize): void => {
  const shape = processListShape(wordSize);
  let at = from;
  for (const tid of entry.tids) {
    writeSmallWord(view, at + shape.threadPid, entry.pid, wordSize);
    writeSmallWord(view, at + shape.threadTid, tid, wordSize);
    at += shape.thread;
  }
};

/**
 * Members of the structure that `ProcessListEntry` leaves out are 0. Of no entries it makes no bytes, which no kernel answers.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name of more than 32766 units, or a list that reaches beyond the address space
 */
export const encodeProcessList = (
  entries: readonly ProcessListEntry[],
  options: ProcessListEncoding,
): EncodedProcessList => {
  const shape = processListShape(options.wordSize);
  let needed = 0;
  for (const entry of entries) needed += entryLength(entry, shape, options.extension);
  if (options.base < 0n || options.base + BigInt(needed) > 1n << BigInt(8 * options.wordSize)) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `A process list of ${needed} bytes at address ${options.base} leaves the ${8 * options.wordSize}-bit address space.`,
    );
  }
  const target = options.target ?? new Uint8Array(needed);
  if (target.byteLength < needed) return { bytes: null, needed };
  const bytes = target.subarray(0, needed);
  bytes.fill(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, needed);
  let at = 0;
  let previous = -1;
  for (const entry of entries) {
    if (previous >= 0) view.setUint32(previous + NEXT_ENTRY, at - previous, true);
    writeEntry(view, at, entry, options);
    previous = at;
    at += entryLength(entry, shape, options.extension);
  }
  return { bytes, needed };
};
