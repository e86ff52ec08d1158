/** NtQueryInformationProcess, byte for byte as facts/nt.md 1.3, 2 and 4.3 have it. */
import { ProcessAccess } from '../../guard/operations.js';
import {
  basicInformationSize,
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  encodeProcessTimes,
  encodeTelemetryId,
  extendedBasicInformationSize,
  FirstBuild,
  ProcessFlag,
  ProcessInfoClass,
  TELEMETRY_ID_FIXED_SIZE,
  type WordSize,
} from '../../layout/index.js';
import type { QueryResult } from '../../nt-api.js';
import { Status } from '../../ntstatus.js';
import { dueFault } from '../faults.js';
import { CHALLENGE_BYTES } from '../secure-kernel/trustlet-debugging.js';
import { parseStatus } from '../status-names.js';
import { peekHandle, referenceHandle } from './handles.js';
import { type ProcessObject, processOf } from './objects.js';
import { CHALLENGE_RESPONSE_CLASS, requestChallenge } from './operations/debug-on-demand.js';
import { pebAddressOf } from './process-memory.js';
import type { Caller, NtSystem } from './system.js';

const QUERY_RIGHT = ProcessAccess.QUERY_LIMITED_INFORMATION;

const result = (status: number, returnLength = 0): QueryResult => ({ status: status >>> 0, returnLength });

/** Bit 7's mask in the Flags word of this machine, 0 where nothing is marked there. */
export const secureMark = (system: NtSystem): number => {
  if (system.parameters.secureBit === 'absent' || system.outcome('B16') !== 'flags-word') return 0;
  return Number(system.outcome('B47'));
};

/** Whether a secure process shows its mark yet. */
export const showsMark = (system: NtSystem, process: ProcessObject): boolean =>
  process.secure && (process.hasRun || system.outcome('B44') === 'from-creation');

/** The Flags word of a process at this moment. */
export const flagsOf = (system: NtSystem, process: ProcessObject): number => {
  const deleting = process.life === 'running' ? 0 : ProcessFlag.IsProcessDeleting;
  const secure = showsMark(system, process) ? secureMark(system) : 0;
  return (process.fixedFlags | deleting | secure) & Number(system.outcome('B52'));
};

/** The PEB address; a trustlet's comes from the secure kernel (service GET_PEB_ADDRESS), which may fail. */
const pebAddress = (
  system: NtSystem,
  process: ProcessObject,
): { readonly status: number; readonly address: bigint } => {
  const address = BigInt(pebAddressOf(process));
  if (!process.secure) return { status: Status.SUCCESS, address };
  const status = dueFault(system.state.faults, 'SecureCall', process.label, null);
  if (status === null) return { status: Status.SUCCESS, address };
  return system.outcome('N12') === 'query-fails' ? { status, address: 0n } : { status: Status.SUCCESS, address: 0n };
};

const queryBasic = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  buffer: Uint8Array,
  wordSize: WordSize,
): QueryResult => {
  const extended = extendedBasicInformationSize(wordSize);
  const length = buffer.byteLength;
  if (length !== extended && length !== basicInformationSize(wordSize))
    return result(parseStatus(system.outcome('B49')));
  if (length === extended) {
    const view = new DataView(buffer.buffer, buffer.byteOffset, length);
    if (system.outcome('B50') === 'strict' && view.getUint32(0, true) !== extended)
      return result(Status.INVALID_PARAMETER);
    // Written before the handle is looked at: a Size in the buffer proves nothing (facts/nt.md 0.1).
    view.setUint32(0, extended, true);
    if (wordSize === 8) view.setUint32(4, 0, true);
  }
  const reference = referenceHandle(system, caller, handle, 'process', QUERY_RIGHT);
  if (reference.object === null) return result(reference.status);
  const process = reference.object;
  const peb = pebAddress(system, process);
  if (peb.status !== Status.SUCCESS) return result(peb.status);
  const basic = {
    exitStatus: process.exitStatus,
    pebBaseAddress: wordSize === 8 ? peb.address : peb.address & 0xffff_ffffn,
    affinityMask: 0xfn,
    basePriority: 8,
    uniqueProcessId: process.pid,
    inheritedFromUniqueProcessId: process.parentPid,
  };
  buffer.set(
    length === extended
      ? encodeExtendedBasicInformation({ ...basic, size: extended, flags: flagsOf(system, process) }, wordSize)
      : encodeBasicInformation(basic, wordSize),
  );
  return result(Status.SUCCESS, length);
};

const encodeTelemetry = (system: NtSystem, process: ProcessObject, wordSize: WordSize): Uint8Array =>
  encodeTelemetryId(
    {
      processId: process.pid,
      startKey: system.parameters.build >= FirstBuild.StartKey ? process.startKey : 0n,
      createTime: process.createTime,
      sequenceNumber: process.sequenceNumber,
      sessionId: process.sessionId,
      bootId: system.parameters.bootId,
    },
    wordSize,
  );

/** Fixed part, a SID, and the image path: what does not fit overflows, the fixed part is filled all the same. */
const queryTelemetry = (
  system: NtSystem,
  process: ProcessObject,
  buffer: Uint8Array,
  wordSize: WordSize,
): QueryResult => {
  const needed = TELEMETRY_ID_FIXED_SIZE + 28 + 2 * (process.image.length + 1);
  if (buffer.byteLength < TELEMETRY_ID_FIXED_SIZE) return result(Status.BUFFER_TOO_SMALL, needed);
  buffer.set(encodeTelemetry(system, process, wordSize));
  return result(buffer.byteLength < needed ? Status.BUFFER_OVERFLOW : Status.SUCCESS, needed);
};

/** The classes of one fixed length: what they write. */
const fixedClasses: ReadonlyMap<
  number,
  { readonly since: number; readonly size: number; readonly fill: (process: ProcessObject) => Uint8Array }
> = new Map([
  [
    ProcessInfoClass.Times,
    {
      since: 0,
      size: 32,
      fill: ({ createTime, exitTime }: ProcessObject) =>
        encodeProcessTimes({ createTime, exitTime, kernelTime: 0n, userTime: 0n }),
    },
  ],
  [
    ProcessInfoClass.Protection,
    { since: FirstBuild.Protection, size: 1, fill: ({ protection }: ProcessObject) => Uint8Array.of(protection) },
  ],
  [
    ProcessInfoClass.SequenceNumber,
    {
      since: FirstBuild.SequenceNumber,
      size: 8,
      fill: ({ sequenceNumber }: ProcessObject) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, sequenceNumber, true);
        return bytes;
      },
    },
  ],
]);

/**
 * NtQueryInformationProcess.
 * @param buffer its length is the length passed
 */
export const ntQueryInformationProcess = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  infoClass: number,
  buffer: Uint8Array,
  wordSize: WordSize,
): QueryResult => {
  const peeked = peekHandle(system, caller.process, handle);
  const target = peeked === undefined ? null : processOf(peeked);
  const fault = system.enter({ call: 'NtQueryInformationProcess', target, infoClass });
  if (fault !== null) return result(fault);
  if (infoClass === ProcessInfoClass.BasicInformation) return queryBasic(system, caller, handle, buffer, wordSize);
  if (infoClass === CHALLENGE_RESPONSE_CLASS) {
    const reference = referenceHandle(system, caller, handle, 'process', QUERY_RIGHT);
    if (reference.object === null) return result(reference.status);
    return result(requestChallenge(system, reference.object, buffer), CHALLENGE_BYTES);
  }
  const telemetry = infoClass === ProcessInfoClass.TelemetryId && system.parameters.build >= FirstBuild.TelemetryId;
  const fixed = fixedClasses.get(infoClass);
  if (!telemetry && (fixed === undefined || system.parameters.build < fixed.since))
    return result(Status.INVALID_INFO_CLASS);
  if (fixed !== undefined && buffer.byteLength !== fixed.size) return result(Status.INFO_LENGTH_MISMATCH, fixed.size);
  const reference = referenceHandle(system, caller, handle, 'process', QUERY_RIGHT);
  if (reference.object === null) return result(reference.status);
  if (fixed === undefined) return queryTelemetry(system, reference.object, buffer, wordSize);
  buffer.set(fixed.fill(reference.object));
  return result(Status.SUCCESS, fixed.size);
};
