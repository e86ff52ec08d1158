/** EXAMINE and GUARD: the very object behind a handle of the caller’s, and what may be done with it. */
import type { ObjectKind, ProcessRecord } from '../backend.js';
import { TrustletError } from '../errors.js';
import type { GuardOperation } from '../types.js';
import type { EnumNames, IdentityCheck, ThreadState } from './enum-names.js';
import { malformedReply } from './malformed.js';
import { type DriverJudgement, ProcessRecords } from './process-records.js';
import type { ReplyView } from './reply-view.js';
import { type RequestWriter, requireUint32, requireUint64 } from './request-writer.js';
import type { Wire } from './wire.js';

/** Whom an EXAMINE or GUARD request is about. */
export interface ExamineTarget {
  /** A handle of the calling process; a 32-bit one sign-extended, so that -1n and -2n are the pseudo handles. */
  readonly handle: bigint;
  readonly kind: ObjectKind;
  /** Access mask the handle is expected to have; 0: any. */
  readonly expectedAccess: number;
  /** Who the process is expected to be; null, and 0n for the 64-bit members, is absent and not compared. */
  readonly expectedPid: number | null;
  readonly expectedCreateTime: bigint | null;
  readonly expectedStartKey: bigint | null;
}

export interface GuardTarget extends ExamineTarget {
  readonly operations: readonly GuardOperation[];
  /** Availability operations the caller accepts on a trustlet, by name. */
  readonly accepted: readonly GuardOperation[];
}

export interface ExamineReply {
  /** NTSTATUS of resolving the handle. */
  readonly referenceStatus: number;
  /** Access mask the handle was opened with; 0 where it was not resolved. */
  readonly grantedAccess: number;
  /** Whether that contains what was expected. */
  readonly accessSufficient: boolean;
  readonly identity: IdentityCheck;
  /** null for a process, and where the handle was not resolved. Only `paired` is a thread that lives and belongs to the process of the record. */
  readonly thread: { readonly state: ThreadState; readonly tid: number; readonly status: number } | null;
  /** The process, of a thread handle that of the thread. */
  readonly record: ProcessRecord;
  readonly judgement: DriverJudgement;
}

export interface GuardReply extends ExamineReply {
  /** The driver’s decision. Compared with ours: where they differ, the stricter holds. */
  readonly decision: DriverJudgement & { readonly decision: 'allow' | 'refuse' };
}

/** EXAMINE’s members; GUARD has them at the same places. */
type TargetFields = Wire['structures']['ExamineRequest']['fields'];
type ExamineFields = Wire['structures']['ExamineReply']['fields'];

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for what does not fit its member, and for an expected pid of 0, which no handle can name */
export const putTarget = (writer: RequestWriter, wire: Wire, fields: TargetFields, target: ExamineTarget): void => {
  const { Expect, Kind } = wire.enums;
  const pid = requireUint32('expectedPid', target.expectedPid ?? 0);
  const createTime = requireUint64('expectedCreateTime', target.expectedCreateTime ?? 0n);
  const startKey = requireUint64('expectedStartKey', target.expectedStartKey ?? 0n);
  if (target.expectedPid === 0) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      'The driver cannot be told to expect pid 0: it is the Idle process, which no handle names. Pass null to expect no pid.',
    );
  }
  const expect =
    (pid !== 0 ? Expect.pid : 0) |
    (createTime !== 0n ? Expect['create-time'] : 0) |
    (startKey !== 0n ? Expect['start-key'] : 0);
  writer.putWide(fields.handle, requireUint64('handle', target.handle));
  writer.put(fields.kind, Kind[target.kind]);
  writer.put(fields.expectedAccess, requireUint32('expectedAccess', target.expectedAccess));
  writer.put(fields.expect, expect);
  writer.put(fields.expectedPid, pid);
  writer.putWide(fields.expectedCreateTime, createTime);
  writer.putWide(fields.expectedStartKey, startKey);
};

/**
 * The bits of operations by name.
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that has none: left out, it would not be asked about
 */
export const operationMask = (wire: Wire, operations: readonly GuardOperation[]): number => {
  const { Operation } = wire.enums;
  return operations.reduce((mask, name) => {
    if (Object.hasOwn(Operation, name)) return mask | Operation[name];
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `The driver’s protocol has no operation '${name}'.`);
  }, 0);
};

/** What the replies of both begin with. */
export const decodeExamination = (
  wire: Wire,
  names: EnumNames,
  reply: ReplyView,
  fields: ExamineFields,
): ExamineReply => {
  const { fixed } = reply;
  if (reply.recordCount !== 1) {
    throw malformedReply(reply.message, `has ${reply.recordCount} records; one handle names one process`);
  }
  const records = new ProcessRecords(wire, names, reply);
  const state = names.thread(fixed.number(fields.thread));
  return {
    referenceStatus: fixed.number(fields.referenceStatus),
    grantedAccess: fixed.number(fields.grantedAccess),
    accessSufficient: fixed.number(fields.accessSufficient) === 1,
    identity: names.identity(fixed.number(fields.identity)),
    thread:
      state === 'none' ? null : { state, tid: fixed.number(fields.tid), status: fixed.number(fields.threadStatus) },
    record: records.record(0),
    judgement: records.judgement(0),
  };
};

/** @throws TrustletError ERR_TRUSTLET_PROTOCOL */
export const decodeGuardReply = (wire: Wire, names: EnumNames, reply: ReplyView): GuardReply => {
  const { fields } = wire.structures.GuardReply;
  const { fixed } = reply;
  const examination = decodeExamination(wire, names, reply, fields);
  return {
    referenceStatus: examination.referenceStatus,
    grantedAccess: examination.grantedAccess,
    accessSufficient: examination.accessSufficient,
    identity: examination.identity,
    thread: examination.thread,
    record: examination.record,
    judgement: examination.judgement,
    decision: {
      decision: names.decision(fixed.number(fields.decision)),
      verdict: names.verdict(fixed.number(fields.verdict)),
      reason: names.reason(fixed.number(fields.reason)),
      evidence: names.evidence(fixed.number(fields.evidence)),
      status: fixed.number(fields.status),
    },
  };
};
