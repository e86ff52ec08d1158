/** NT calls whose answers a test puts in, for the backend that is made of NT calls. */
import {
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  encodeProcessList,
  encodeProcessTimes,
  encodeTelemetryId,
} from '../../lib/layout/index.js';
import type { NtApi, QueryResult } from '../../lib/nt-api.js';

export const BASE = 0x7ff0_0000_0000n;
export const SUCCESS = 0;
export const ACCESS_DENIED = 0xc0000022;
export const INVALID_INFO_CLASS = 0xc0000003;
export const LENGTH_MISMATCH = 0xc0000004;
export const BUFFER_OVERFLOW = 0x80000005;

/** NT calls whose answers a test puts in by class: bytes for success, a number for a status. */
export class ScriptedApi implements NtApi {
  readonly wordSize = 8;
  readonly process = new Map<string, Uint8Array | number>();
  readonly system = new Map<number, (buffer: Uint8Array) => QueryResult>();
  thread: (Uint8Array | number)[] = [];
  threadTerminated: Uint8Array | number = new Uint8Array(4);
  openStatus = SUCCESS;
  build = 26100;
  opened = 0;
  closed = 0;
  disposed = 0;

  version() {
    return { major: 10, minor: 0, build: this.build };
  }
  currentPid() {
    return 100;
  }
  openProcess() {
    if (this.openStatus !== SUCCESS) return { status: this.openStatus, handle: 0n };
    this.opened += 1;
    return { status: SUCCESS, handle: 0x40n };
  }
  openThread() {
    return { status: SUCCESS, handle: 0x44n };
  }
  duplicate() {
    return { status: SUCCESS, handle: 0x48n };
  }
  close() {
    this.closed += 1;
    return SUCCESS;
  }
  queryInformationProcess(_handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const answer = this.process.get(infoClass === 0 ? `0/${buffer.length}` : String(infoClass)) ?? INVALID_INFO_CLASS;
    return this.#answer(answer, buffer);
  }
  queryInformationThread(_handle: bigint, infoClass: number, buffer: Uint8Array): QueryResult {
    const answer =
      infoClass === 20 ? this.threadTerminated : this.thread.length > 1 ? this.thread.shift() : this.thread[0];
    return this.#answer(answer ?? INVALID_INFO_CLASS, buffer);
  }
  querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult {
    return this.system.get(infoClass)?.(buffer) ?? { status: INVALID_INFO_CLASS, returnLength: 0 };
  }
  addressOf() {
    return BASE;
  }
  win32Error(status: number) {
    return status === ACCESS_DENIED ? 5 : undefined;
  }
  dispose() {
    this.disposed += 1;
  }
  #answer(answer: Uint8Array | number, buffer: Uint8Array): QueryResult {
    if (typeof answer === 'number') return { status: answer, returnLength: 0 };
    buffer.set(answer.subarray(0, buffer.length));
    return { status: SUCCESS, returnLength: answer.length };
  }
}

/** What pid 100 answers. */
export const basic = {
  size: 64,
  exitStatus: 0x103,
  pebBaseAddress: 0n,
  affinityMask: 3n,
  basePriority: 8,
  uniqueProcessId: 100,
  inheritedFromUniqueProcessId: 4,
  flags: 0,
};

export const telemetry = (over: Partial<Parameters<typeof encodeTelemetryId>[0]> = {}): Uint8Array =>
  encodeTelemetryId(
    {
      processId: 100,
      startKey: 0x7000000000064n,
      createTime: 500n,
      sequenceNumber: 0x64n,
      sessionId: 1,
      bootId: 7,
      ...over,
    },
    8,
  );

export const times = (createTime: bigint): Uint8Array =>
  encodeProcessTimes({ createTime, exitTime: 0n, kernelTime: 0n, userTime: 0n });

/** An api in which pid 100 is an ordinary process that answers everything. */
export const scriptedApi = (): ScriptedApi => {
  const api = new ScriptedApi();
  api.process.set('0/64', encodeExtendedBasicInformation(basic, 8));
  api.process.set('0/48', encodeBasicInformation(basic, 8));
  api.process.set('4', times(500n));
  api.process.set('61', Uint8Array.of(0x41));
  api.process.set('64', telemetry());
  return api;
};

/** The process list with pid 100 alone. */
export const listOf =
  (createTime = 500n) =>
  (buffer: Uint8Array): QueryResult => {
    const { bytes, needed } = encodeProcessList(
      [
        {
          pid: 100,
          parentPid: 4,
          name: 'notepad.exe',
          sessionId: 1,
          createTime,
          tids: [104],
          classification: 0,
          sequenceNumber: 0x64n,
        },
      ],
      { base: BASE, wordSize: 8, extension: true, target: buffer },
    );
    return bytes === null
      ? { status: LENGTH_MISMATCH, returnLength: needed }
      : { status: SUCCESS, returnLength: needed };
  };
