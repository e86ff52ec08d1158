/**
 * A backend made of NT calls: who answers them (ntdll.dll, the simulated kernel, the emulated machine) is a parameter.
 *
 * The exact rules of facts/nt.md are here: the 64-byte query with Size set before it, class 5's growing buffer, start keys through
 * class 64, else the sequence number with the boot id, class 61 for protection. An informational status promises no
 * data, so nothing but STATUS_SUCCESS is an answer. Every handle opened here is closed here.
 */
import type {
  Backend,
  CensusRecords,
  ConfigurationLimits,
  Examination,
  ObjectKind,
  ProcessRecord,
  SystemRecord,
} from '../backend.js';
import { TrustletError } from '../errors.js';
import { ProcessAccess } from '../guard/operations.js';
import {
  type BasicInformation,
  basicInformationSize,
  bootIdOf,
  decodeBasicInformation,
  decodeExtendedBasicInformation,
  decodeProcessTimes,
  decodeTelemetryId,
  decodeThreadBasicInformation,
  FirstBuild,
  newExtendedBasicInformation,
  ProcessInfoClass,
  ProcessList,
  SystemInfoClass,
  startKeyOf,
  TELEMETRY_ID_FIXED_SIZE,
  type TelemetryId,
  ThreadInfoClass,
  threadBasicInformationSize,
} from '../layout/index.js';
import { CURRENT_PROCESS, type NtApi, type OpenResult } from '../nt-api.js';
import { isSuccess, ntstatusName, Status } from '../ntstatus.js';
import { NOT_ASKED, SIMULATED_KERNEL } from '../posture/configuration.js';
import type { BackendName, Posture, PostureConfiguration } from '../types.js';
import { readPosture } from './nt-posture.js';
import { failureStatus, querySystemClass } from './system-class.js';

/** First growth step and slack for class 5: the list may grow between two calls (facts/nt.md 4.1). */
const LIST_FIRST_BYTES = 0x20000;
const LIST_SLACK_BYTES = 0x4000;
/** Far beyond what any machine has processes and threads for: whoever asks for more is not telling the truth. */
const LIST_MOST_BYTES = 2 ** 30;
/** Room for the telemetry id's strings; the fixed part is filled even when they do not fit (facts/nt.md 4.3). */
const TELEMETRY_BYTES = 1024;

/** How a backend presents itself. */
export interface NtBackendIdentity {
  /** What WMI and the registry beside these NT calls say; left out: there are none. */
  readonly configuration?: Backend['configuration'];
  readonly name: BackendName;
  readonly simulated: boolean;
  readonly description: string;
}

/** What was asked of an open process handle. */
interface HandleAnswers {
  readonly extendedStatus: number;
  /** Pid the object itself reports; null when no query gave it. */
  readonly pid: number | null;
  readonly flags: number | null;
  readonly parentPid: number | null;
  readonly protection: number | null;
  readonly createTime: bigint | null;
  readonly startKey: bigint | null;
  readonly sessionId: number | null;
}

export class NtBackend implements Backend {
  readonly name: BackendName;
  readonly simulated: boolean;
  readonly description: string;
  readonly examinesAnyHandle = false;
  readonly driver = null;
  protected readonly api: NtApi;
  readonly #configuration: Backend['configuration'] | undefined;
  #listBytes = LIST_FIRST_BYTES;
  #bootId: bigint | null | undefined;
  #system: SystemRecord | undefined;

  constructor(api: NtApi, identity: NtBackendIdentity) {
    this.api = api;
    this.name = identity.name;
    this.simulated = identity.simulated;
    this.description = identity.description;
    this.#configuration = identity.configuration;
  }

  callerPid(): number {
    return this.api.currentPid();
  }

  /** Kept once class 165 has answered (or is known not to exist): neither changes while a system runs. */
  system(): SystemRecord {
    if (this.#system !== undefined) return this.#system;
    // Every flag set: a word that nobody writes says that the secure kernel runs.
    const buffer = new Uint8Array(16).fill(0xff);
    const { status, filled } = querySystemClass(this.api, SystemInfoClass.IsolatedUserMode, buffer, 4);
    const system: SystemRecord = {
      build: this.api.version().build,
      isolatedUserModeStatus: status,
      isolatedUserModeFlags: filled ? new DataView(buffer.buffer).getUint32(0, true) : null,
    };
    if (filled || status >>> 0 === Status.INVALID_INFO_CLASS) this.#system = system;
    return system;
  }

  posture(configuration: PostureConfiguration = NOT_ASKED): Posture {
    return readPosture(this.api, this, configuration);
  }

  configuration(limits: ConfigurationLimits): Promise<PostureConfiguration> {
    return this.#configuration === undefined ? Promise.resolve(SIMULATED_KERNEL) : this.#configuration(limits);
  }

  query(pid: number): ProcessRecord {
    const opened = this.api.openProcess(pid, ProcessAccess.QUERY_LIMITED_INFORMATION);
    if (!isSuccess(opened.status)) return recordOf(pid, opened.status, null);
    try {
      const answers = this.#ask(opened.handle);
      // NtOpenProcess ignores the low two bits of a pid: 813 opens 812, which nobody asked about.
      if (answers.pid !== null && answers.pid !== pid) return recordOf(pid, Status.INVALID_CID, null);
      return recordOf(pid, opened.status, answers);
    } finally {
      this.api.close(opened.handle);
    }
  }

  queryMany(pids: readonly number[]): ProcessRecord[] {
    return pids.map((pid) => this.query(pid));
  }

  census(): CensusRecords {
    const list = this.#processList();
    const answers = Array.from({ length: list.length }, (_, index) => this.query(list.pid(index)));
    return new ListedRecords(list, answers, this.#currentBootId());
  }

  openProcess(pid: number, access: number): OpenResult {
    return this.api.openProcess(pid, access);
  }

  openThread(tid: number, access: number): OpenResult {
    return this.api.openThread(tid, access);
  }

  duplicate(handle: bigint, access: number): OpenResult {
    return this.api.duplicate(handle, access);
  }

  examine(handle: bigint, kind: ObjectKind): Examination {
    if (kind === 'thread') return this.#examineThread(handle);
    return { record: this.#examineProcess(handle), thread: null, grantedAccess: null, opinion: null };
  }

  close(handle: bigint): number {
    return this.api.close(handle);
  }

  win32Error(status: number): number | undefined {
    return this.api.win32Error(status);
  }

  dispose(): void {
    this.api.dispose();
  }

  #examineProcess(handle: bigint): ProcessRecord {
    const answers = this.#ask(handle);
    return recordOf(answers.pid ?? 0, Status.SUCCESS, answers);
  }

  /** The thread is held throughout; its process is opened by the pid the thread reports, and the pair confirmed afterwards. */
  #examineThread(handle: bigint): Examination {
    const before = this.#askThread(handle);
    if (!isSuccess(before.status)) {
      return {
        record: recordOf(0, before.status, null),
        thread: { status: before.status, tid: before.tid, exited: false },
        grantedAccess: null,
        opinion: null,
      };
    }
    const record = this.query(before.pid);
    const after = this.#askThread(handle);
    const paired = isSuccess(after.status) && after.pid === before.pid && after.tid === before.tid;
    const status = isSuccess(after.status) && !paired ? Status.INVALID_CID : after.status;
    return { record, thread: { status, tid: before.tid, exited: after.exited }, grantedAccess: null, opinion: null };
  }

  #askThread(handle: bigint): {
    readonly status: number;
    readonly pid: number;
    readonly tid: number;
    readonly exited: boolean;
  } {
    const buffer = new Uint8Array(threadBasicInformationSize(this.api.wordSize));
    const basic = this.api.queryInformationThread(handle, ThreadInfoClass.BasicInformation, buffer);
    if (basic.status !== Status.SUCCESS) return { status: failureStatus(basic.status), pid: 0, tid: 0, exited: false };
    const { uniqueProcess, uniqueThread } = decodeThreadBasicInformation(buffer, this.api.wordSize);
    // All ones: a word that nobody writes says that the thread has ended.
    const terminated = new Uint8Array(4).fill(0xff);
    const ended = this.api.queryInformationThread(handle, ThreadInfoClass.IsTerminated, terminated);
    // A thread that will not say whether it lives is not acted on.
    if (ended.status !== Status.SUCCESS) {
      return { status: failureStatus(ended.status), pid: uniqueProcess, tid: uniqueThread, exited: false };
    }
    return {
      status: basic.status,
      pid: uniqueProcess,
      tid: uniqueThread,
      exited: terminated.some((byte) => byte !== 0),
    };
  }

  #ask(handle: bigint): HandleAnswers {
    const { wordSize } = this.api;
    const buffer = newExtendedBasicInformation(wordSize);
    const extended = this.api.queryInformationProcess(handle, ProcessInfoClass.BasicInformation, buffer);
    // Windows answers with the length it was asked for (facts/nt.md 1.3): any other answer is of another structure.
    const answered = extended.status === Status.SUCCESS && extended.returnLength === buffer.byteLength;
    const decoded = answered ? decodeExtendedBasicInformation(buffer, wordSize) : null;
    // An answer without a pid was never filled in, whatever its status says (only Idle has pid 0, and it cannot be opened).
    const info = decoded === null || decoded.uniqueProcessId === 0 ? null : decoded;
    const basic = info ?? this.#askBasic(handle);
    const protectionByte = new Uint8Array(1);
    const protection = this.api.queryInformationProcess(handle, ProcessInfoClass.Protection, protectionByte);
    const identity = this.#askIdentity(handle);
    return {
      extendedStatus: info === null ? failureStatus(extended.status) : extended.status,
      flags: info === null ? null : info.flags,
      parentPid: basic === null ? null : basic.inheritedFromUniqueProcessId,
      protection: protection.status === Status.SUCCESS ? (protectionByte[0] ?? null) : null,
      ...identity,
      pid: basic?.uniqueProcessId ?? identity.pid,
    };
  }

  /** The plain 48-byte form: no verdict comes from it, only the pid of an object that will not answer the extended one. */
  #askBasic(handle: bigint): BasicInformation | null {
    const buffer = new Uint8Array(basicInformationSize(this.api.wordSize));
    const { status } = this.api.queryInformationProcess(handle, ProcessInfoClass.BasicInformation, buffer);
    return status === Status.SUCCESS ? decodeBasicInformation(buffer, this.api.wordSize) : null;
  }

  #askIdentity(handle: bigint): Pick<HandleAnswers, 'pid' | 'createTime' | 'startKey' | 'sessionId'> {
    const telemetry = this.#askTelemetry(handle);
    if (telemetry !== null) {
      const { processId: pid, createTime, startKey, sessionId } = telemetry;
      return { pid, createTime, startKey: startKey || null, sessionId };
    }
    const timesBuffer = new Uint8Array(32);
    const sequenceBuffer = new Uint8Array(8);
    const times = this.api.queryInformationProcess(handle, ProcessInfoClass.Times, timesBuffer);
    const createTime = times.status === Status.SUCCESS ? decodeProcessTimes(timesBuffer).createTime : null;
    const sequence = this.api.queryInformationProcess(handle, ProcessInfoClass.SequenceNumber, sequenceBuffer);
    const number =
      sequence.status === Status.SUCCESS ? new DataView(sequenceBuffer.buffer).getBigUint64(0, true) : null;
    return { pid: null, createTime, startKey: knownStartKey(number, this.#currentBootId()), sessionId: null };
  }

  #askTelemetry(handle: bigint): TelemetryId | null {
    const buffer = new Uint8Array(TELEMETRY_BYTES);
    const { status, returnLength } = this.api.queryInformationProcess(handle, ProcessInfoClass.TelemetryId, buffer);
    const filled =
      status === Status.SUCCESS || (status >>> 0 === Status.BUFFER_OVERFLOW && returnLength >= TELEMETRY_ID_FIXED_SIZE);
    return filled ? decodeTelemetryId(buffer, this.api.wordSize) : null;
  }

  /** The boot id that tops every start key, learnt once from the caller's own process; null where class 64 is unknown. */
  #currentBootId(): bigint | null {
    if (this.#bootId === undefined) {
      const own = this.#askTelemetry(CURRENT_PROCESS);
      this.#bootId = own === null ? null : bootIdOf(own.startKey);
    }
    return this.#bootId;
  }

  #processList(): ProcessList {
    for (let bytes = this.#listBytes; bytes <= LIST_MOST_BYTES; ) {
      const buffer = new Uint8Array(bytes);
      const { status, returnLength } = this.api.querySystemInformation(SystemInfoClass.ProcessInformation, buffer);
      if (status === Status.SUCCESS) {
        this.#listBytes = bytes;
        return ProcessList.index(
          returnLength > 0 && returnLength < buffer.length ? buffer.subarray(0, returnLength) : buffer,
          {
            base: this.api.addressOf(buffer),
            wordSize: this.api.wordSize,
            extension: this.api.wordSize === 8 && this.api.version().build >= FirstBuild.ProcessListExtension,
          },
        );
      }
      const tooSmall = status >>> 0 === Status.INFO_LENGTH_MISMATCH || status >>> 0 === Status.BUFFER_TOO_SMALL;
      if (!tooSmall) throw listError(failureStatus(status), `the kernel answered ${ntstatusName(status)}`);
      bytes = Math.max(returnLength + LIST_SLACK_BYTES, bytes * 2);
    }
    throw listError(Status.INFO_LENGTH_MISMATCH, `it is said to need more than ${LIST_MOST_BYTES / 2 ** 20} MiB`);
  }
}

const listError = (ntstatus: number, why: string): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `The process list (NtQuerySystemInformation class 5) could not be read: ${why}. Try again.`,
    {
      ntstatus,
    },
  );

const knownStartKey = (sequenceNumber: bigint | null, bootId: bigint | null): bigint | null =>
  sequenceNumber === null || sequenceNumber === 0n || bootId === null ? null : startKeyOf(bootId, sequenceNumber);

const recordOf = (pid: number, openStatus: number, answers: HandleAnswers | null): ProcessRecord => ({
  pid,
  openStatus,
  extendedStatus: answers?.extendedStatus ?? null,
  flags: answers?.flags ?? null,
  protection: answers?.protection ?? null,
  classification: null,
  name: null,
  parentPid: answers?.parentPid ?? null,
  sessionId: answers?.sessionId ?? null,
  createTime: answers?.createTime ?? null,
  startKey: answers?.startKey ?? null,
  reused: false,
});

/** The process list joined with what each process answered when it was opened by its pid. */
class ListedRecords implements CensusRecords {
  readonly #list: ProcessList;
  readonly #answers: readonly ProcessRecord[];
  readonly #bootId: bigint | null;

  constructor(list: ProcessList, answers: readonly ProcessRecord[], bootId: bigint | null) {
    this.#list = list;
    this.#answers = answers;
    this.#bootId = bootId;
  }

  get length(): number {
    return this.#list.length;
  }

  pid(index: number): number {
    return this.#list.pid(index);
  }

  record(index: number): ProcessRecord {
    const list = this.#list;
    const answer = this.#answers[index] ?? recordOf(list.pid(index), Status.INVALID_PARAMETER, null);
    const createTime = list.createTime(index);
    const listed = {
      classification: list.classification(index),
      name: list.name(index),
      parentPid: list.parentPid(index),
      sessionId: list.sessionId(index),
      createTime,
      startKey: knownStartKey(list.sequenceNumber(index), this.#bootId) ?? answer.startKey,
    };
    if (!isSuccess(answer.openStatus)) return { ...answer, ...listed };
    // An answer that does not say whose it is is no answer about this process.
    if (answer.createTime === null) return { ...answer, ...listed, extendedStatus: Status.UNSUCCESSFUL, flags: null };
    return { ...answer, ...listed, reused: answer.createTime !== createTime };
  }
}
