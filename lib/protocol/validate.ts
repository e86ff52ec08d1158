/**
 * What the driver answers to a request before it looks at anything else: the steps of docs/protocol.md, "Validation", written
 * by hand a second time. driver/core/validate.c takes the same steps, and the fuzzers compare the two; so this shares nothing
 * with the codec but the numbers of wire.ts.
 */
import { Status } from '../ntstatus.js';
import { type Wire, type WireField, type WireStructure, wire } from './wire.js';

type MessageName = keyof Wire['messages'];

interface Message {
  readonly name: MessageName;
  readonly number: number;
  readonly request: WireStructure;
  readonly reply: WireStructure;
  /** null for a message without records. */
  readonly record: WireStructure | null;
}

interface RequestHeader {
  readonly size: number;
  readonly version: number;
  readonly message: number;
  readonly replySize: number;
  readonly recordSize: number;
}

const STRUCTURE_ALIGNMENT = 8;
const PID_BYTES = 4;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const readNumber = (view: DataView, field: WireField): number =>
  field.bytes === 2 ? view.getUint16(field.offset, true) : view.getUint32(field.offset, true);

/** The same for a member of any width. */
const isZero = (view: DataView, field: WireField): boolean => {
  for (let at = field.offset; at < field.offset + field.bytes; at++) {
    if (view.getUint8(at) !== 0) return false;
  }
  return true;
};

const findMessage = (known: Wire, code: number): Message | null => {
  for (const name of Object.keys(known.messages) as MessageName[]) {
    const { code: own, number, request, reply, record } = known.messages[name];
    if (own === code) {
      const { structures } = known;
      return {
        name,
        number,
        request: structures[request],
        reply: structures[reply],
        record: record === null ? null : structures[record],
      };
    }
  }
  return null;
};

const readHeader = (view: DataView, known: Wire): RequestHeader => {
  const { fields } = known.structures.RequestHeader;
  return {
    size: readNumber(view, fields.size),
    version: readNumber(view, fields.version),
    message: readNumber(view, fields.message),
    replySize: readNumber(view, fields.replySize),
    recordSize: readNumber(view, fields.recordSize),
  };
};

const isVersion = (known: Wire, name: MessageName, version: number): boolean =>
  name === 'HELLO' ? version >= 1 : version >= known.versionMin && version <= known.versionMax;

/** A size one side states of a structure the other has known since version 1. */
const isStructureSize = (known: Wire, size: number, v1Size: number): boolean =>
  size >= v1Size && size <= known.maxFixedSize && size % STRUCTURE_ALIGNMENT === 0;

const sizesFit = (known: Wire, { request, reply, record }: Message, header: RequestHeader, length: number): boolean =>
  isStructureSize(known, header.size, request.v1Size) &&
  header.size <= length &&
  isStructureSize(known, header.replySize, reply.v1Size) &&
  (record === null ? header.recordSize === 0 : isStructureSize(known, header.recordSize, record.v1Size));

const validateHello = (body: DataView, known: Wire): number => {
  const { fields } = known.structures.HelloRequest;
  const least = readNumber(body, fields.minVersion);
  const sound = isZero(body, fields.reserved) && least >= 1 && least <= readNumber(body, fields.maxVersion);
  return sound ? Status.SUCCESS : Status.INVALID_PARAMETER;
};

const validateQuery = (body: DataView, known: Wire): number =>
  isZero(body, known.structures.QueryRequest.fields.reserved) ? Status.SUCCESS : Status.INVALID_PARAMETER;

const validateCensus = (body: DataView, known: Wire): number => {
  const { fields } = known.structures.CensusRequest;
  const { resume } = known.enums.CensusRequestFlag;
  const flags = readNumber(body, fields.flags);
  if ((flags & ~resume) !== 0) return Status.NOT_SUPPORTED;
  if ((flags & resume) !== 0) return Status.SUCCESS;
  const cursor = [fields.cursorPid, fields.cursorSequence, fields.cursorCreateTime];
  return cursor.every((field) => isZero(body, field)) ? Status.SUCCESS : Status.INVALID_PARAMETER;
};

/** What EXAMINE and GUARD have in common, at the same offsets. */
type TargetFields = Wire['structures']['ExamineRequest']['fields'];

const hasUnknownExpectation = (body: DataView, fields: TargetFields, known: Wire): boolean => {
  const { Expect } = known.enums;
  return (readNumber(body, fields.expect) & ~(Expect.pid | Expect['create-time'] | Expect['start-key'])) !== 0;
};

/** What is expected must be something; what is not expected must be nothing (0 is absent, DESIGN.md rule 2). */
const isTarget = (body: DataView, fields: TargetFields, known: Wire): boolean => {
  const { Expect, Kind } = known.enums;
  const kind = readNumber(body, fields.kind);
  const expect = readNumber(body, fields.expect);
  const agrees = (bit: number, field: WireField): boolean => ((expect & bit) !== 0) !== isZero(body, field);
  return (
    (kind === Kind.process || kind === Kind.thread) &&
    agrees(Expect.pid, fields.expectedPid) &&
    agrees(Expect['create-time'], fields.expectedCreateTime) &&
    agrees(Expect['start-key'], fields.expectedStartKey)
  );
};

const validateExamine = (body: DataView, known: Wire): number => {
  const { fields } = known.structures.ExamineRequest;
  if (!isZero(body, fields.reserved)) return Status.INVALID_PARAMETER;
  if (hasUnknownExpectation(body, fields, known)) return Status.NOT_SUPPORTED;
  return isTarget(body, fields, known) ? Status.SUCCESS : Status.INVALID_PARAMETER;
};

const validateGuard = (body: DataView, known: Wire): number => {
  const { fields } = known.structures.GuardRequest;
  if (!isZero(body, fields.reserved)) return Status.INVALID_PARAMETER;
  const operations = readNumber(body, fields.operations);
  const accepted = readNumber(body, fields.accepted);
  const unknown = (operations | accepted) & ~(known.isolationOperations | known.availabilityOperations);
  if (hasUnknownExpectation(body, fields, known) || unknown !== 0) return Status.NOT_SUPPORTED;
  const ofProcess = readNumber(body, fields.kind) === known.enums.Kind.process;
  const ofKind = ofProcess ? known.processOperations : known.threadOperations;
  const sound =
    isTarget(body, fields, known) &&
    operations !== 0 &&
    (operations & ~ofKind) === 0 &&
    (accepted & ~known.availabilityOperations) === 0;
  return sound ? Status.SUCCESS : Status.INVALID_PARAMETER;
};

const VALIDATORS: Readonly<Record<MessageName, (body: DataView, known: Wire) => number>> = {
  HELLO: validateHello,
  QUERY: validateQuery,
  CENSUS: validateCensus,
  EXAMINE: validateExamine,
  GUARD: validateGuard,
  STATS: () => Status.SUCCESS,
};

/** Records whose number the request fixes; CENSUS and STATS say in their reply how many there were. */
const recordsNeeded = (name: MessageName, pidCount: number): number => {
  if (name === 'QUERY') return pidCount;
  return name === 'EXAMINE' || name === 'GUARD' ? 1 : 0;
};

/**
 * Steps 1 to 10. Step 11, who asks and where, is not in the bytes.
 *
 * @param code the IOCTL code, an unsigned 32-bit number
 * @param input the whole input buffer
 * @param outputLength length of the output buffer in bytes
 * @param known the protocol of the driver that is asked
 * @returns NTSTATUS, unsigned: 0, or that of the first step that fails; never throws
 */
export const validateRequest = (code: number, input: Uint8Array, outputLength: number, known: Wire = wire): number => {
  const message = findMessage(known, code);
  if (message === null) return Status.INVALID_DEVICE_REQUEST;
  const { name, request, reply, record } = message;
  if (input.byteLength < known.structures.RequestHeader.size) return Status.INFO_LENGTH_MISMATCH;
  const header = readHeader(viewOf(input), known);
  if (header.message !== message.number) return Status.INVALID_PARAMETER;
  if (!isVersion(known, name, header.version)) return Status.REVISION_MISMATCH;
  if (!sizesFit(known, message, header, input.byteLength)) return Status.INFO_LENGTH_MISMATCH;
  for (let at = request.size; at < header.size; at++) {
    if (input[at] !== 0) return Status.NOT_SUPPORTED;
  }

  // The fixed part as this driver knows it; what an older client did not send is 0.
  const fixed = new Uint8Array(request.size);
  fixed.set(input.subarray(0, Math.min(header.size, request.size)));
  const body = viewOf(fixed);
  const pidCount = name === 'QUERY' ? readNumber(body, known.structures.QueryRequest.fields.pidCount) : 0;
  if (name === 'QUERY' && (pidCount < 1 || pidCount > known.maxPids)) return Status.INVALID_PARAMETER;
  if (input.byteLength !== header.size + pidCount * PID_BYTES) return Status.INFO_LENGTH_MISMATCH;

  const status = VALIDATORS[name](body, known);
  if (status !== Status.SUCCESS) return status;
  const stride = record === null ? 0 : Math.min(header.recordSize, record.size);
  const needed = Math.min(header.replySize, reply.size) + recordsNeeded(name, pidCount) * stride;
  return outputLength >= needed ? Status.SUCCESS : Status.BUFFER_TOO_SMALL;
};
