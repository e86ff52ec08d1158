/**
 * Offsets of SYSTEM_PROCESS_INFORMATION, SYSTEM_THREAD_INFORMATION and SYSTEM_PROCESS_INFORMATION_EXTENSION, in bytes
 * (facts/nt.md 4.1). The x86 numbers follow from the same members with 4-byte pointers and 8-byte aligned 64-bit members.
 */
import type { WordSize } from './word-size.js';

export interface ProcessListShape {
  /** Fixed part of an entry; its thread records follow. */
  readonly entry: number;
  readonly nameLength: number;
  readonly nameBuffer: number;
  readonly pid: number;
  readonly parentPid: number;
  readonly sessionId: number;
  /** One thread record, and its ClientId within. */
  readonly thread: number;
  readonly threadPid: number;
  readonly threadTid: number;
  /** The extension, which follows the thread records. */
  readonly extension: number;
  readonly sequenceNumber: number;
}

/** Offsets that do not depend on the pointer size. */
export const NEXT_ENTRY = 0;
export const THREAD_COUNT = 4;
export const CREATE_TIME = 32;
/** Within the extension. */
export const EXTENSION_FLAGS = 48;
/** SYSTEM_PROCESS_CLASSIFICATION: bits 1 to 4 of the extension's flags. */
export const CLASSIFICATION_SHIFT = 1;
export const CLASSIFICATION_MASK = 0xf;

const X64: ProcessListShape = {
  entry: 256,
  nameLength: 56,
  nameBuffer: 64,
  pid: 80,
  parentPid: 88,
  sessionId: 100,
  thread: 80,
  threadPid: 40,
  threadTid: 48,
  extension: 368,
  sequenceNumber: 360,
};

const X86: ProcessListShape = {
  entry: 184,
  nameLength: 56,
  nameBuffer: 60,
  pid: 68,
  parentPid: 72,
  sessionId: 80,
  thread: 64,
  threadPid: 32,
  threadTid: 36,
  extension: 360,
  sequenceNumber: 352,
};

export const processListShape = (wordSize: WordSize): ProcessListShape => (wordSize === 8 ? X64 : X86);
