/**
 * The driver as a backend: the wire protocol over the addon. Every answer about a process comes from the kernel, also where this user
 * may not ask himself; handles are opened with this process's own rights, and the very handle a caller is about to use is examined, and
 * decided about, behind the same IOCTL.
 *
 * What the driver judges is never put in the place of this package's own judgement (lib/guard). A reply that cannot be is
 * ERR_TRUSTLET_PROTOCOL, a driver that is gone ERR_TRUSTLET_BACKEND: nothing is known then.
 */
import type {
  Backend,
  CensusRecords,
  ConfigurationLimits,
  Examination,
  Intention,
  ObjectKind,
  ProcessRecord,
  SystemRecord,
} from '../backend.js';
import type { NativeBinding } from '../native/binding.js';
import { loadBinding } from '../native/load-binding.js';
import type { OpenResult, QueryResult } from '../nt-api.js';
import { isSuccess, Status } from '../ntstatus.js';
import { NOT_ASKED, SIMULATED_KERNEL } from '../posture/configuration.js';
import { readWindowsConfiguration } from '../posture/helper-process.js';
import {
  type ExamineReply,
  type ExamineTarget,
  type GuardReply,
  type ProcessRecords,
  wire as today,
  type Wire,
} from '../protocol/index.js';
import { malformedReply } from '../protocol/malformed.js';
import type { DriverInfo, Posture, PostureConfiguration } from '../types.js';
import { CensusReader } from './driver-census.js';
import { DriverConnection } from './driver-connection.js';
import { driverLacks } from './driver-errors.js';
import { readPosture, type SystemQueries } from './nt-posture.js';
import { failureStatus } from './system-class.js';

/** What RtlNtStatusToDosError says of a status it has no code for: ERROR_MR_MID_NOT_FOUND [known]. */
const NO_WIN32_ERROR = 317;

/** What it takes to reach a driver. */
export interface DriverOptions {
  readonly binding: NativeBinding;
  /** The driver's device. Default: `\\.\Trustlet`. */
  readonly path?: string | undefined;
  /** Default: whether the binding's kernel is a simulated one. */
  readonly simulated?: boolean | undefined;
  /** The protocol as this side knows it; tests pass one of a later day. */
  readonly wire?: Wire | undefined;
}

class DriverBackend implements Backend {
  readonly name = 'driver';
  readonly simulated: boolean;
  readonly description: string;
  readonly examinesAnyHandle = true;
  readonly driver: DriverInfo;
  readonly #binding: NativeBinding;
  readonly #connection: DriverConnection;
  readonly #census: CensusReader;
  readonly #maxPids: number;
  readonly #queries: SystemQueries;
  /** A cell that the addon writes a handle into. Cleared before each open: a handle that nobody wrote is none, and not the one before. */
  readonly #handle = new BigUint64Array(1);
  readonly #returned = new Uint32Array(1);
  #system: SystemRecord | undefined;
  /**
   * Request and reply of every QUERY, EXAMINE and GUARD; nothing that is handed on reads it later. The request overwrites the reply
   * before it, so that a reply which nobody writes is malformed and not an old answer.
   */
  #buffer = new Uint8Array(256);
  #used = this.#buffer;

  constructor({ binding, path = '\\\\.\\Trustlet', simulated = binding.kind === 'host', wire = today }: DriverOptions) {
    const connection = new DriverConnection(binding, path, wire);
    const { hello, codec } = connection;
    const { capabilities, driverVersion: version } = hello;
    this.simulated = simulated;
    this.description = `driver ${version} at ${path}, protocol ${codec.version}`;
    this.driver = {
      version,
      protocol: codec.version,
      capabilities: Object.entries(capabilities)
        .filter(([, can]) => can)
        .map(([name]) => name),
    };
    this.#binding = binding;
    this.#connection = connection;
    this.#census = new CensusReader(connection);
    this.#maxPids = Math.min(hello.maxPids, wire.maxPids);
    this.#queries = {
      version: () => hello.windows,
      querySystemInformation: (infoClass, buffer) => this.#querySystemInformation(infoClass, buffer),
    };
    try {
      this.#keepSystem(hello.system);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  callerPid(): number {
    return this.#binding.currentProcessId();
  }

  /** As HELLO says; kept once class 165 has answered, or was twice said not to exist: neither changes while a system runs. */
  system(): SystemRecord {
    return this.#system ?? this.#keepSystem(this.#connection.sayHello().system);
  }

  posture(configuration: PostureConfiguration = NOT_ASKED): Posture {
    return readPosture(this.#queries, this, configuration);
  }

  configuration(limits: ConfigurationLimits): Promise<PostureConfiguration> {
    return this.simulated ? Promise.resolve(SIMULATED_KERNEL) : readWindowsConfiguration(limits);
  }

  query(pid: number): ProcessRecord {
    return this.#query([pid]).record(0);
  }

  queryMany(pids: readonly number[]): ProcessRecord[] {
    const answers: ProcessRecord[] = [];
    for (let first = 0; first < pids.length; first += this.#maxPids) {
      const records = this.#query(pids.slice(first, first + this.#maxPids));
      for (let index = 0; index < records.length; index += 1) answers.push(records.record(index));
    }
    return answers;
  }

  census(): CensusRecords {
    return this.#census.read();
  }

  openProcess(pid: number, access: number): OpenResult {
    return this.#open((handle) => this.#binding.openProcess(pid, access, handle));
  }

  openThread(tid: number, access: number): OpenResult {
    return this.#open((handle) => this.#binding.openThread(tid, access, handle));
  }

  duplicate(handle: bigint, access: number): OpenResult {
    return this.#open((cell) => this.#binding.duplicateHandle(handle, access, cell));
  }

  /** GUARD where there is an intention, else EXAMINE; both on this very handle, whatever rights it has. */
  examine(handle: bigint, kind: ObjectKind, intention: Intention | null): Examination {
    // No handle names the Idle process, and the protocol cannot say that it is expected: the guard refuses it by itself.
    if (intention === null || intention.expected.pid === 0) {
      const target: ExamineTarget = { ...NOBODY_EXPECTED, handle, kind, expectedAccess: 0 };
      return examinationFrom('EXAMINE', kind, this.#examine(target), null);
    }
    const reply = this.#guard(handle, kind, intention);
    return examinationFrom('GUARD', kind, reply, reply.decision);
  }

  close(handle: bigint): number {
    return this.#binding.closeHandle(handle);
  }

  win32Error(status: number): number | undefined {
    const error = this.#binding.win32Error(status >>> 0);
    return error === NO_WIN32_ERROR ? undefined : error;
  }

  dispose(): void {
    this.#connection.close();
  }

  #query(pids: readonly number[]): ProcessRecords {
    const { codec } = this.#connection;
    const buffer = this.#room(codec.replyLength('QUERY', pids.length));
    return codec.decodeQuery(this.#connection.exchange('QUERY', codec.encodeQuery(pids, buffer), buffer), pids);
  }

  #examine(target: ExamineTarget): ExamineReply {
    const { codec } = this.#connection;
    const buffer = this.#room(codec.replyLength('EXAMINE', 1));
    return codec.decodeExamine(this.#connection.exchange('EXAMINE', codec.encodeExamine(target, buffer), buffer));
  }

  #guard(handle: bigint, kind: ObjectKind, { operations, accepted, access, expected }: Intention): GuardReply {
    const { codec, hello, path } = this.#connection;
    const unknown = operations.find((name) => !hello.operations.includes(name));
    if (unknown !== undefined) throw driverLacks(path, hello.driverVersion, `the operation ${unknown}`);
    const buffer = this.#room(codec.replyLength('GUARD', 1));
    const request = codec.encodeGuard(
      {
        handle,
        kind,
        operations,
        accepted,
        expectedAccess: access,
        expectedPid: expected.pid,
        expectedCreateTime: expected.createTime,
        expectedStartKey: expected.startKey,
      },
      buffer,
    );
    return codec.decodeGuard(this.#connection.exchange('GUARD', request, buffer));
  }

  /** Bytes for a request and its reply, which is always the longer of the two. No more than that: the kernel allocates as much. */
  #room(replyLength: number): Uint8Array {
    if (this.#buffer.length < replyLength) this.#buffer = new Uint8Array(replyLength);
    if (this.#used.length !== replyLength) this.#used = this.#buffer.subarray(0, replyLength);
    return this.#used;
  }

  #open(call: (handle: BigUint64Array) => number): OpenResult {
    this.#handle.fill(0n);
    const status = call(this.#handle);
    return { status, handle: isSuccess(status) ? new DataView(this.#handle.buffer).getBigUint64(0, true) : 0n };
  }

  #querySystemInformation(infoClass: number, buffer: Uint8Array): QueryResult {
    this.#returned.fill(0);
    const status = this.#binding.querySystemInformation(infoClass, buffer, this.#returned);
    return { status, returnLength: new DataView(this.#returned.buffer).getUint32(0, true) };
  }

  #keepSystem(told: SystemRecord): SystemRecord {
    let system = told;
    if (system.isolatedUserModeStatus === Status.INVALID_INFO_CLASS) system = this.#connection.sayHello().system;
    if (system.isolatedUserModeFlags !== null || system.isolatedUserModeStatus === Status.INVALID_INFO_CLASS) {
      this.#system = system;
    }
    return system;
  }
}

const NOBODY_EXPECTED = { expectedPid: null, expectedCreateTime: null, expectedStartKey: null };

/** An object that would not be resolved: what is known of it is how that went, as where a query on its handle fails. */
const unresolved = (status: number): ProcessRecord => ({
  pid: 0,
  openStatus: Status.SUCCESS,
  extendedStatus: status,
  flags: null,
  protection: null,
  classification: null,
  name: null,
  parentPid: null,
  sessionId: null,
  createTime: null,
  startKey: null,
  reused: false,
});

/** A thread that is not said to be paired or to have ended is neither, whatever its status says. */
const threadOf = ({ thread }: ExamineReply): Examination['thread'] =>
  thread === null
    ? null
    : {
        tid: thread.tid,
        status: thread.state === 'unpaired' ? failureStatus(thread.status) : thread.status,
        exited: thread.state === 'exited',
      };

/** @throws TrustletError ERR_TRUSTLET_PROTOCOL for a reply whose parts contradict one another */
const examinationFrom = (
  message: 'EXAMINE' | 'GUARD',
  kind: ObjectKind,
  reply: ExamineReply,
  opinion: Examination['opinion'],
): Examination => {
  const { referenceStatus, record } = reply;
  const resolved = isSuccess(referenceStatus);
  if (!resolved && record.openStatus !== referenceStatus) {
    throw malformedReply(message, 'has a record of a process, and says that the handle was not resolved');
  }
  if ((reply.thread !== null) !== (resolved && kind === 'thread')) {
    throw malformedReply(
      message,
      `${reply.thread === null ? 'is about no' : 'is about a'} thread, where a ${kind} was asked about`,
    );
  }
  return {
    record: resolved ? record : unresolved(referenceStatus),
    thread: threadOf(reply),
    grantedAccess: resolved ? reply.grantedAccess : null,
    opinion,
  };
};

/**
 * The driver behind a device.
 *
 * @param options the addon, and which device
 * @returns a backend that holds the device open until `dispose`; a QUERY costs one crossing, whatever the number of pids up to 4,096
 * @throws TrustletError ERR_TRUSTLET_BACKEND when the device is absent (Win32 error 2: install or start the driver), refuses this user (5:
 * run elevated or under the service account), or its driver is too old or too new; ERR_TRUSTLET_PROTOCOL when the driver lies
 */
export const createDriverBackend = (options: DriverOptions): Backend => new DriverBackend(options);

/**
 * The driver of this system, through the package's own addon.
 *
 * @param load the addon; a test passes its own
 * @throws TrustletError as `createDriverBackend`, and ERR_TRUSTLET_BACKEND where the addon cannot be loaded
 */
export const openDriver = (load: () => NativeBinding = loadBinding): Backend => new DriverBackend({ binding: load() });
