/** The structures of the wire protocol, member by member. */
import { FIELD_BYTES, type Field, type Structure } from './schema-types.js';

/** Lays members out one after the other; check-schema.ts shows that none is out of its natural place. */
const fields = (...members: readonly (readonly [Field['type'], string, string])[]): readonly Field[] => {
  let offset = 0;
  return members.map(([type, name, about]) => {
    const field: Field = { name, type, offset, about };
    offset += FIELD_BYTES[type];
    return field;
  });
};

/** @param v1Size bytes in version 1, which never change: what is appended later is not in it */
const structure = (
  name: string,
  v1Size: number,
  about: string,
  ...members: readonly (readonly [Field['type'], string, string])[]
): Structure => {
  const laidOut = fields(...members);
  const size = laidOut.reduce((_, field) => field.offset + FIELD_BYTES[field.type], 0);
  return { name, size, v1Size, about, fields: laidOut };
};

const REQUEST = ['RequestHeader', 'header', 'What the client knows of this message.'] as const;
const REPLY = ['ReplyHeader', 'header', 'What the driver wrote.'] as const;

/** The members that EXAMINE and GUARD have in common. */
const TARGET = [
  REQUEST,
  [
    'u64',
    'handle',
    'A handle of the calling process, sign-extended; -1 and -2 are the caller’s own process and thread.',
  ],
  ['u32', 'kind', 'Kind of the object; never guessed.'],
  ['u32', 'expectedAccess', 'Access mask the handle is expected to have; 0: none.'],
  ['u32', 'expect', 'Which of the following members are expected; the others are 0.'],
  ['u32', 'expectedPid', 'Pid of the process.'],
  ['u64', 'expectedCreateTime', 'FILETIME, 100 ns units.'],
  ['u64', 'expectedStartKey', 'Start key.'],
  ['u64', 'reserved', '0.'],
] as const;

const EXAMINED = [
  REPLY,
  ['u32', 'referenceStatus', 'NTSTATUS of resolving the handle; if it failed, nothing else is known.'],
  ['u32', 'grantedAccess', 'Access mask the handle has.'],
  ['u32', 'tid', 'Of a thread; 0 for a process.'],
  ['u32', 'threadStatus', 'NTSTATUS of asking a thread whether it lives; 0 for a process.'],
  ['u8', 'identity', 'Whether it is the process that was expected.'],
  ['u8', 'thread', 'State of a thread.'],
  ['u8', 'accessSufficient', '1 if the handle has all of the expected access.'],
  ['u8', 'reserved', '0.'],
  ['u32', 'reserved2', '0.'],
] as const;

/** Every structure on the wire. Members are only ever appended. */
export const STRUCTURES: readonly Structure[] = [
  structure(
    'RequestHeader',
    16,
    'Begins every request.',
    ['u32', 'size', 'Bytes of the request’s fixed part as the client knows it.'],
    ['u16', 'version', 'Version the client speaks; HELLO: any.'],
    ['u16', 'message', 'Number of the message; it must agree with the IOCTL code.'],
    ['u32', 'replySize', 'Bytes of the reply’s fixed part as the client knows it.'],
    ['u32', 'recordSize', 'Bytes of a record as the client knows it; 0 where the message has none.'],
  ),
  structure(
    'ReplyHeader',
    16,
    'Begins every reply.',
    ['u32', 'size', 'Bytes of the fixed part that was written: what both sides know. Records begin here.'],
    ['u16', 'version', 'Version of the reply.'],
    ['u16', 'message', 'Number of the message.'],
    ['u32', 'recordSize', 'Bytes from one record to the next: what both sides know.'],
    ['u32', 'recordCount', 'Records that follow.'],
  ),
  structure(
    'ProcessRecord',
    64,
    'What was found out about one process, and its judgement.',
    [
      'u32',
      'pid',
      'The pid that was asked for or listed; of an examined object its own, 0 if the handle named nothing.',
    ],
    ['u32', 'parentPid', 'Pid of the creator, which may have ended long ago.'],
    ['u32', 'openStatus', 'NTSTATUS of getting hold of the process.'],
    ['u32', 'extendedStatus', 'NTSTATUS of class 0 with 64 bytes; UNSUCCESSFUL for a success that was none.'],
    ['u32', 'flags', 'The Flags word of that query; mask bits, never compare it.'],
    ['u32', 'present', 'Which members say something.'],
    ['u64', 'createTime', 'FILETIME, 100 ns units.'],
    ['u64', 'startKey', 'Start key; 0 is absent.'],
    ['u32', 'sessionId', 'Terminal Services session; CENSUS only.'],
    ['u32', 'status', 'NTSTATUS that decided the verdict; 0 where nothing failed.'],
    ['u8', 'verdict', 'Whether the process is a trustlet.'],
    ['u8', 'reason', 'Why.'],
    ['u8', 'evidence', 'How far the verdict may be relied on.'],
    ['u8', 'protection', 'PS_PROTECTION byte (class 61).'],
    ['u8', 'classification', 'SYSTEM_PROCESS_CLASSIFICATION; CENSUS only.'],
    ['u8', 'reserved', '0.'],
    ['u16', 'nameLength', 'Bytes of the image name, UTF-16; CENSUS only.'],
    ['u32', 'nameOffset', 'Of the image name, from the reply’s start.'],
    ['u32', 'reserved2', '0.'],
  ),
  structure(
    'RefusalRecord',
    16,
    'How often the guard refused an operation for a reason.',
    ['u32', 'operation', 'Index of the operation: the number of its bit.'],
    ['u32', 'reason', 'Why it was refused.'],
    ['u64', 'count', 'How often, never 0.'],
  ),
  structure(
    'HelloRequest',
    24,
    'Opens a conversation.',
    REQUEST,
    ['u16', 'minVersion', 'Oldest version the client speaks, at least 1.'],
    ['u16', 'maxVersion', 'Newest version the client speaks.'],
    ['u32', 'reserved', '0.'],
  ),
  structure(
    'HelloReply',
    72,
    'Who is there. Its first 72 bytes are the same in every version.',
    REPLY,
    ['u16', 'version', 'Newest version both speak; 0: none.'],
    ['u16', 'minVersion', 'Oldest version the driver speaks.'],
    ['u16', 'maxVersion', 'Newest version the driver speaks.'],
    ['u16', 'reserved', '0.'],
    ['u32', 'driverVersion', 'major << 16 | minor << 8 | patch.'],
    ['u32', 'capabilities', 'What the driver can do on this system.'],
    ['u32', 'osMajor', 'RtlGetVersion.'],
    ['u32', 'osMinor', 'RtlGetVersion.'],
    ['u32', 'osBuild', 'RtlGetVersion.'],
    ['u32', 'isolatedUserModeStatus', 'NTSTATUS of class 165.'],
    ['u32', 'isolatedUserModeFlags', 'First word of class 165; 0 where it failed.'],
    ['u32', 'maxPids', 'Pids in one QUERY.'],
    ['u32', 'maxFixedSize', 'Largest replySize, recordSize or size of a request that is understood.'],
    ['u32', 'operations', 'Operations GUARD knows.'],
    ['u32', 'processRecordSize', 'Bytes of a ProcessRecord as the driver knows it.'],
    ['u32', 'reserved2', '0.'],
  ),
  structure(
    'QueryRequest',
    24,
    'Asks about processes by pid.',
    REQUEST,
    ['u32', 'pidCount', 'Pids that follow, 1 to 4,096.'],
    ['u32', 'reserved', '0.'],
  ),
  structure('QueryReply', 16, 'One record for each pid, in the order asked.', REPLY),
  structure(
    'CensusRequest',
    40,
    'Asks about every process, from the first on or after a cursor.',
    REQUEST,
    ['u32', 'flags', 'Whether the cursor counts.'],
    ['u32', 'cursorPid', 'nextPid of the reply before.'],
    ['u64', 'cursorSequence', 'nextSequence of the reply before.'],
    ['u64', 'cursorCreateTime', 'nextCreateTime of the reply before.'],
  ),
  structure(
    'CensusReply',
    48,
    'The processes that fit, in the order of (sequence, create time, pid).',
    REPLY,
    ['u32', 'flags', 'Whether processes are left.'],
    ['u32', 'nextPid', 'Cursor: the last record’s pid,'],
    ['u64', 'nextSequence', 'its sequence number, 0 where Windows gives none,'],
    ['u64', 'nextCreateTime', 'and its create time.'],
    ['u32', 'total', 'Processes there were when this part was taken.'],
    ['u32', 'remaining', 'Of those, how many come after this part.'],
  ),
  structure('ExamineRequest', 64, 'Asks about the very object behind a handle.', ...TARGET),
  structure('ExamineReply', 40, 'What the handle names.', ...EXAMINED),
  structure(
    'GuardRequest',
    72,
    'EXAMINE, and what is intended.',
    ...TARGET,
    ['u32', 'operations', 'What is intended, at least one operation; all of them act on the kind.'],
    ['u32', 'accepted', 'Availability operations that are accepted on a trustlet.'],
  ),
  structure(
    'GuardReply',
    48,
    'EXAMINE’s answer, and the decision.',
    ...EXAMINED,
    ['u8', 'decision', 'May the caller act on this handle.'],
    ['u8', 'verdict', 'What the target is; unknown where the decision is about another object than expected.'],
    ['u8', 'reason', 'Why.'],
    ['u8', 'evidence', 'How far the verdict may be relied on.'],
    ['u32', 'status', 'NTSTATUS behind the reason; 0 where nothing failed.'],
  ),
  structure('StatsRequest', 16, 'Asks for the counters.', REQUEST),
  structure(
    'StatsReply',
    128,
    'Counters since the driver was loaded; they say how often, never who.',
    REPLY,
    ['u64', 'opens', 'Files opened.'],
    ['u64', 'openNow', 'Files open.'],
    ['u64', 'requests', 'Requests received.'],
    ['u64', 'rejected', 'Requests that did not pass validation.'],
    ['u64', 'cancelled', 'Requests given up.'],
    ['u64', 'records', 'Verdicts given.'],
    ['u64', 'secure', 'Of those, secure,'],
    ['u64', 'ordinary', 'ordinary,'],
    ['u64', 'unknown', 'and unknown.'],
    ['u64', 'allowed', 'GUARD decisions: allowed,'],
    ['u64', 'refused', 'and refused.'],
    ['u64', 'poolBlocks', 'Blocks of memory the driver holds.'],
    ['u64', 'censusRestarts', 'How often the process list had grown while it was asked for.'],
    ['u32', 'refusalRows', 'RefusalRecords there are; recordCount says how many fitted.'],
    ['u32', 'reserved', '0.'],
  ),
];
