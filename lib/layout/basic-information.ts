/** PROCESS_BASIC_INFORMATION and its extended form, class 0 (facts/nt.md 1.1). */
import { formatError, readPointer, readSmallWord, requireLength, writePointer, writeSmallWord } from './bytes.js';
import type { WordSize } from './word-size.js';

/** The plain form: no flags, so no verdict can come from it. */
export interface BasicInformation {
  /** NTSTATUS as an unsigned 32-bit number; 259 while the process runs. */
  readonly exitStatus: number;
  /** A VTL1 address where the process is a trustlet. Report it if wanted, never dereference it. */
  readonly pebBaseAddress: bigint;
  readonly affinityMask: bigint;
  readonly basePriority: number;
  readonly uniqueProcessId: number;
  readonly inheritedFromUniqueProcessId: number;
}

/** The extended form. */
export interface ExtendedBasicInformation extends BasicInformation {
  /** The Size member: 64 (or 32), which proves nothing: the kernel writes it before it looks at the handle (facts/nt.md 0.1). */
  readonly size: number;
  /** The Flags word, unsigned; see `decodeProcessFlags`. */
  readonly flags: number;
}

/** Length of PROCESS_BASIC_INFORMATION in bytes. */
export const basicInformationSize = (wordSize: WordSize): 48 | 24 => (wordSize === 8 ? 48 : 24);

/** Length of PROCESS_EXTENDED_BASIC_INFORMATION in bytes; the kernel picks the form by this length alone. */
export const extendedBasicInformationSize = (wordSize: WordSize): 64 | 32 => (wordSize === 8 ? 64 : 32);

const EXTENDED = 'PROCESS_EXTENDED_BASIC_INFORMATION';

/**
 * A census decodes one of these a process, and making a DataView costs more than copying 64 bytes to where there already is one.
 * Filled and read within one synchronous call.
 */
const scratch = new Uint8Array(64);
const scratchView = new DataView(scratch.buffer);

/** Brings the first `length` bytes of a structure to offset `at` of the scratch buffer. */
const load = (bytes: Uint8Array, length: number, at: number, structure: string): void => {
  requireLength(bytes, length, structure);
  scratch.set(bytes.byteLength === length ? bytes : bytes.subarray(0, length), at);
};

/** The scratch buffer as the extended form: one word each member, the 32-bit ones padded to it. */
const readScratch = (wordSize: WordSize, size: number): ExtendedBasicInformation => ({
  size,
  exitStatus: scratchView.getUint32(wordSize, true),
  pebBaseAddress: readPointer(scratchView, 2 * wordSize, wordSize),
  affinityMask: readPointer(scratchView, 3 * wordSize, wordSize),
  basePriority: scratchView.getInt32(4 * wordSize, true),
  uniqueProcessId: readSmallWord(scratchView, 5 * wordSize, wordSize, 'PROCESS_BASIC_INFORMATION.UniqueProcessId'),
  inheritedFromUniqueProcessId: readSmallWord(
    scratchView,
    6 * wordSize,
    wordSize,
    'PROCESS_BASIC_INFORMATION.InheritedFromUniqueProcessId',
  ),
  flags: scratchView.getUint32(7 * wordSize, true),
});

const writeBasic = (view: DataView, at: number, info: BasicInformation, wordSize: WordSize): void => {
  view.setUint32(at, info.exitStatus, true);
  writePointer(view, at + wordSize, info.pebBaseAddress, wordSize);
  writePointer(view, at + 2 * wordSize, info.affinityMask, wordSize);
  view.setInt32(at + 3 * wordSize, info.basePriority, true);
  writeSmallWord(view, at + 4 * wordSize, info.uniqueProcessId, wordSize);
  writeSmallWord(view, at + 5 * wordSize, info.inheritedFromUniqueProcessId, wordSize);
};

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 48 (24) bytes or a pid above 2^32 */
export const decodeBasicInformation = (bytes: Uint8Array, wordSize: WordSize): BasicInformation => {
  load(bytes, basicInformationSize(wordSize), wordSize, 'PROCESS_BASIC_INFORMATION');
  const { size: _size, flags: _flags, ...basic } = readScratch(wordSize, 0);
  return basic;
};

/** @returns 48 (24) bytes */
export const encodeBasicInformation = (info: BasicInformation, wordSize: WordSize): Uint8Array => {
  const bytes = new Uint8Array(basicInformationSize(wordSize));
  writeBasic(new DataView(bytes.buffer), 0, info, wordSize);
  return bytes;
};

/**
 * A buffer to query with. Size is set: Windows before 10 demands it on input and later ones ignore it (facts/nt.md 1.2). Every
 * flag is set, bit 7 among them: a Flags word that nobody writes must not read as that of an ordinary process.
 */
export const newExtendedBasicInformation = (wordSize: WordSize): Uint8Array => {
  const bytes = new Uint8Array(extendedBasicInformationSize(wordSize));
  bytes[0] = bytes.length;
  bytes.fill(0xff, 7 * wordSize, 7 * wordSize + 4);
  return bytes;
};

/**
 * @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 64 (32) bytes, a Size member other than that (the kernel picks the form
 * by the length asked for, facts/nt.md 1.3), or a pid above 2^32
 */
export const decodeExtendedBasicInformation = (bytes: Uint8Array, wordSize: WordSize): ExtendedBasicInformation => {
  const known = extendedBasicInformationSize(wordSize);
  load(bytes, known, 0, EXTENDED);
  const size = readSmallWord(scratchView, 0, wordSize, `${EXTENDED}.Size`);
  if (size !== known) throw formatError(EXTENDED, `says it is ${size} bytes long; with its flags it has ${known}`);
  return readScratch(wordSize, size);
};

/** @returns 64 (32) bytes */
export const encodeExtendedBasicInformation = (info: ExtendedBasicInformation, wordSize: WordSize): Uint8Array => {
  const bytes = new Uint8Array(extendedBasicInformationSize(wordSize));
  const view = new DataView(bytes.buffer);
  writeSmallWord(view, 0, info.size, wordSize);
  writeBasic(view, wordSize, info, wordSize);
  view.setUint32(7 * wordSize, info.flags, true);
  return bytes;
};
