/**
 * THREAD_BASIC_INFORMATION, class 0 of NtQueryInformationThread: ExitStatus, TebBaseAddress, ClientId, AffinityMask, Priority,
 * BasePriority (phnt ntpsapi.h, the header of facts/nt.md S1).
 */
import { readSmallWord, viewOf, writeSmallWord } from './bytes.js';
import type { WordSize } from './word-size.js';

/** Whose thread it is, and whether it has ended. */
export interface ThreadBasicInformation {
  /** NTSTATUS as an unsigned 32-bit number; 259 while the thread runs. */
  readonly exitStatus: number;
  /** Pid. */
  readonly uniqueProcess: number;
  /** Tid. */
  readonly uniqueThread: number;
}

const STRUCTURE = 'THREAD_BASIC_INFORMATION';

/** Length of the structure in bytes. */
export const threadBasicInformationSize = (wordSize: WordSize): 48 | 28 => (wordSize === 8 ? 48 : 28);

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 48 (28) bytes, or a pid or tid above 2^32 */
export const decodeThreadBasicInformation = (bytes: Uint8Array, wordSize: WordSize): ThreadBasicInformation => {
  const view = viewOf(bytes, threadBasicInformationSize(wordSize), STRUCTURE);
  return {
    exitStatus: view.getUint32(0, true),
    uniqueProcess: readSmallWord(view, 2 * wordSize, wordSize, `${STRUCTURE}.ClientId.UniqueProcess`),
    uniqueThread: readSmallWord(view, 3 * wordSize, wordSize, `${STRUCTURE}.ClientId.UniqueThread`),
  };
};

/** @returns 48 (28) bytes; members that `ThreadBasicInformation` leaves out are 0 */
export const encodeThreadBasicInformation = (info: ThreadBasicInformation, wordSize: WordSize): Uint8Array => {
  const bytes = new Uint8Array(threadBasicInformationSize(wordSize));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, info.exitStatus, true);
  writeSmallWord(view, 2 * wordSize, info.uniqueProcess, wordSize);
  writeSmallWord(view, 3 * wordSize, info.uniqueThread, wordSize);
  return bytes;
};
