/**
 * PROCESS_TELEMETRY_ID_INFORMATION, class 64 (facts/nt.md 4.3): a fixed part, then strings that offsets point to. It has no member
 * of pointer size, so x86 and x64 agree. Only the fixed part is read.
 */
import { viewOf } from './bytes.js';
import type { WordSize } from './word-size.js';

/** The members that make an identity. */
export interface TelemetryId {
  readonly processId: number;
  /** `boot id << 48 | sequence number`; 0 counts as absent. */
  readonly startKey: bigint;
  /** FILETIME, 100 ns. */
  readonly createTime: bigint;
  readonly sequenceNumber: bigint;
  readonly sessionId: number;
  readonly bootId: number;
}

/** Length in bytes of the part before the strings: filled even when the strings do not fit. */
export const TELEMETRY_ID_FIXED_SIZE = 96;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 96 bytes */
export const decodeTelemetryId = (bytes: Uint8Array, _wordSize: WordSize): TelemetryId => {
  const view = viewOf(bytes, TELEMETRY_ID_FIXED_SIZE, 'PROCESS_TELEMETRY_ID_INFORMATION');
  return {
    processId: view.getUint32(4, true),
    startKey: view.getBigUint64(8, true),
    createTime: view.getBigUint64(16, true),
    sequenceNumber: view.getBigUint64(40, true),
    sessionId: view.getUint32(56, true),
    bootId: view.getUint32(60, true),
  };
};

/** @returns the 96 bytes of the fixed part, HeaderSize set, no strings */
export const encodeTelemetryId = (id: TelemetryId, _wordSize: WordSize): Uint8Array => {
  const bytes = new Uint8Array(TELEMETRY_ID_FIXED_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TELEMETRY_ID_FIXED_SIZE, true);
  view.setUint32(4, id.processId, true);
  view.setBigUint64(8, id.startKey, true);
  view.setBigUint64(16, id.createTime, true);
  view.setBigUint64(40, id.sequenceNumber, true);
  view.setUint32(56, id.sessionId, true);
  view.setUint32(60, id.bootId, true);
  return bytes;
};
