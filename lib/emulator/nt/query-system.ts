/** NtQuerySystemInformation: the process list (class 5) and the system-wide words. */
import {
  encodeProcessList,
  FirstBuild,
  type ProcessListEntry,
  SystemInfoClass,
  type WordSize,
} from '../../layout/index.js';
import type { QueryResult } from '../../nt-api.js';
import { Status } from '../../ntstatus.js';
import type { ProcessObject } from './objects.js';
import { showsMark } from './query-process.js';
import type { NtSystem } from './system.js';
import { systemClassBytes } from './system-words.js';

const SECURE_SYSTEM_CLASS = 2;
/** Where the emulator says a caller's buffer lies: only differences of such addresses mean anything. */
const BUFFER_ADDRESS = 0x200_0000_0000n;
const BUFFER_ADDRESS_32 = 0x200_0000n;

export const bufferAddress = (wordSize: WordSize): bigint => (wordSize === 8 ? BUFFER_ADDRESS : BUFFER_ADDRESS_32);

const result = (status: number, returnLength = 0): QueryResult => ({ status: status >>> 0, returnLength });

/** Processes as the list has them: what ended is no longer in it, even while a handle keeps the object. */
export const listedProcesses = (system: NtSystem): ProcessObject[] => {
  const listed: ProcessObject[] = [];
  for (const process of system.state.processes.values()) {
    if (process.life !== 'exited') listed.push(process);
  }
  return listed;
};

/** The class the list gives a process (row B16: a trustlet has none of its own). */
export const listedClassification = (system: NtSystem, process: ProcessObject): number =>
  system.outcome('B16') === 'process-list-class' && showsMark(system, process)
    ? SECURE_SYSTEM_CLASS
    : process.classification;

const listEntry = (system: NtSystem, process: ProcessObject): ProcessListEntry => ({
  pid: process.pid,
  parentPid: process.parentPid,
  name: process.processKind === 'idle' ? null : process.image,
  sessionId: process.sessionId,
  createTime: process.createTime,
  tids: process.tids,
  classification: listedClassification(system, process),
  sequenceNumber: process.sequenceNumber,
});

export const hasListExtension = (system: NtSystem, wordSize: WordSize): boolean =>
  wordSize === 8 && system.parameters.build >= FirstBuild.ProcessListExtension;

const queryProcessList = (system: NtSystem, buffer: Uint8Array, wordSize: WordSize): QueryResult => {
  const entries = listedProcesses(system).map((process) => listEntry(system, process));
  const { bytes, needed } = encodeProcessList(entries, {
    base: bufferAddress(wordSize),
    wordSize,
    extension: hasListExtension(system, wordSize),
    target: buffer,
  });
  return result(bytes === null ? Status.INFO_LENGTH_MISMATCH : Status.SUCCESS, needed);
};

/** True while a trustlet process runs; the Secure System shell is none. */
const isTrustletRunning = (system: NtSystem): boolean => {
  for (const process of system.state.processes.values()) {
    if (process.trustlet !== null && process.life !== 'exited') return true;
  }
  return false;
};

/** Class 103 wants its Length on input (facts/nt.md 3.2). */
const lengthFieldIsRight = (buffer: Uint8Array): boolean =>
  new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength).getUint32(0, true) === buffer.byteLength;

/**
 * NtQuerySystemInformation. No class here asks for a privilege.
 * @param buffer its length is the length passed
 */
export const ntQuerySystemInformation = (
  system: NtSystem,
  infoClass: number,
  buffer: Uint8Array,
  wordSize: WordSize,
): QueryResult => {
  const fault = system.enter({ call: 'NtQuerySystemInformation', target: null, infoClass });
  if (fault !== null) return result(fault);
  if (infoClass === SystemInfoClass.ProcessInformation) return queryProcessList(system, buffer, wordSize);
  const answer = systemClassBytes(system.parameters, infoClass, isTrustletRunning(system));
  if (answer === null) return result(Status.INVALID_INFO_CLASS);
  if (buffer.byteLength !== answer.byteLength) return result(Status.INFO_LENGTH_MISMATCH, answer.byteLength);
  if (infoClass === SystemInfoClass.CodeIntegrity && !lengthFieldIsRight(buffer))
    return result(Status.INFO_LENGTH_MISMATCH, 8);
  buffer.set(answer);
  return result(Status.SUCCESS, answer.byteLength);
};
