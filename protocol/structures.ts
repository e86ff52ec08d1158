/** Every structure of the protocol, with every offset written out: a layout is read here, never computed. */
import type { Field, FieldType, Structure } from './schema-types.js';

const field = (offset: number, type: FieldType, name: string, description: string, values?: string): Field => ({
  name,
  type,
  offset,
  description,
  ...(values === undefined ? {} : { values }),
});

const reserved = (offset: number, type: FieldType, name = 'reserved'): Field => ({
  name,
  type,
  offset,
  description: 'must be 0',
  reserved: true,
});

const request = (name: string, v1Size: number, description: string, fields: readonly Field[]): Structure => ({
  name: `${name}_REQUEST`,
  description,
  header: 'REQUEST_HEADER',
  fields,
  v1Size,
});

const reply = (name: string, v1Size: number, description: string, fields: readonly Field[]): Structure => ({
  name: `${name}_REPLY`,
  description,
  header: 'REPLY_HEADER',
  fields,
  v1Size,
});

const alone = (name: string, v1Size: number, description: string, fields: readonly Field[]): Structure => ({
  name,
  description,
  header: null,
  fields,
  v1Size,
});

/** EXAMINE's request, and the beginning of GUARD's. */
const TARGET: readonly Field[] = [
  field(16, 'u64', 'handle', 'a handle of the caller; a 32-bit caller sign-extends it'),
  field(24, 'u32', 'kind', 'what the handle is of; never guessed', 'KIND'),
  field(28, 'u32', 'expectedAccess', 'access the handle must have been granted for accessSufficient'),
  field(32, 'u32', 'expect', 'which of the three below are expected', 'EXPECT'),
  field(36, 'u32', 'expectedPid', 'pid of the process, a thread’s process included'),
  field(40, 'u64', 'expectedCreateTime', 'FILETIME, 100 ns'),
  field(48, 'u64', 'expectedStartKey', 'the kernel’s start key'),
  reserved(56, 'u64'),
];

/** EXAMINE's reply, and the beginning of GUARD's. */
const EXAMINATION: readonly Field[] = [
  field(16, 'u32', 'referenceStatus', 'NTSTATUS of resolving the handle; nothing else is known if it failed'),
  field(20, 'u32', 'grantedAccess', 'access the handle was granted'),
  field(24, 'u32', 'tid', '0 for a process handle'),
  field(28, 'u32', 'threadStatus', 'NTSTATUS of asking the thread whether it lives'),
  field(32, 'u8', 'identity', 'whether this is the process expected', 'IDENTITY'),
  field(33, 'u8', 'thread', 'state of the thread', 'THREAD'),
  field(34, 'u8', 'accessSufficient', '1 if grantedAccess has all of the access expected'),
  reserved(35, 'u8'),
  reserved(36, 'u32', 'reserved2'),
];

export const STRUCTURES: readonly Structure[] = [
  alone('REQUEST_HEADER', 16, 'Starts every request.', [
    field(0, 'u32', 'size', 'bytes of the request’s fixed part as the client knows it'),
    field(4, 'u16', 'version', 'protocol version of the request'),
    field(6, 'u16', 'message', 'number of the message, the same as its control code says'),
    field(8, 'u32', 'replySize', 'bytes of the reply’s fixed part that the client knows'),
    field(12, 'u32', 'recordSize', 'bytes of a record that the client knows; 0 where the message has none'),
  ]),
  alone('REPLY_HEADER', 16, 'Starts every reply.', [
    field(0, 'u32', 'size', 'bytes of the fixed part written: the lesser of what the two sides know'),
    field(4, 'u16', 'version', 'protocol version of the reply, that of the request; HELLO: the lowest spoken'),
    field(6, 'u16', 'message', 'number of the message'),
    field(8, 'u32', 'recordSize', 'stride of the records: the lesser of what the two sides know'),
    field(12, 'u32', 'recordCount', 'records that follow the fixed part'),
  ]),
  alone('PROCESS_RECORD', 64, 'What was found out about one process.', [
    field(0, 'u32', 'pid', '0 also where an examined object would not say'),
    field(4, 'u32', 'parentPid', 'pid of the creator, which may be gone'),
    field(8, 'u32', 'openStatus', 'NTSTATUS of resolving and opening it; the queries were made only if it succeeded'),
    field(12, 'u32', 'extendedStatus', 'NTSTATUS of the 64-byte query of class 0'),
    field(16, 'u32', 'flags', 'the Flags word; mask its bits, never compare it'),
    field(20, 'u32', 'present', 'which of the other members are known', 'PRESENT'),
    field(24, 'u64', 'createTime', 'FILETIME, 100 ns'),
    field(32, 'u64', 'startKey', 'the kernel’s start key'),
    field(40, 'u32', 'sessionId', 'session it belongs to'),
    field(44, 'u32', 'status', 'NTSTATUS of the call that decided the verdict; 0 where none failed'),
    field(48, 'u8', 'verdict', 'the driver’s verdict', 'VERDICT'),
    field(49, 'u8', 'reason', 'why', 'REASON'),
    field(50, 'u8', 'evidence', 'how it is known', 'EVIDENCE'),
    field(51, 'u8', 'protection', 'PS_PROTECTION'),
    field(52, 'u8', 'classification', 'SYSTEM_PROCESS_CLASSIFICATION'),
    reserved(53, 'u8'),
    field(54, 'u16', 'nameLength', 'bytes of the image name, UTF-16'),
    field(56, 'u32', 'nameOffset', 'where it is, from the reply’s start'),
    reserved(60, 'u32', 'reserved2'),
  ]),
  alone('REFUSAL_RECORD', 16, 'How often one operation was refused for one reason.', [
    field(0, 'u32', 'operation', 'its index, not its bit'),
    field(4, 'u32', 'reason', 'why it was refused', 'REASON'),
    field(8, 'u64', 'count', 'times since the driver was loaded, never 0'),
  ]),
  request('HELLO', 24, 'Which versions the client speaks.', [
    field(16, 'u16', 'minVersion', 'lowest version the client speaks, at least 1'),
    field(18, 'u16', 'maxVersion', 'highest version the client speaks'),
    reserved(20, 'u32'),
  ]),
  reply('HELLO', 72, 'Which protocol, which driver, which Windows.', [
    field(16, 'u16', 'version', 'highest version both speak; 0 if there is none'),
    field(18, 'u16', 'minVersion', 'lowest version the driver speaks'),
    field(20, 'u16', 'maxVersion', 'highest version the driver speaks'),
    reserved(22, 'u16'),
    field(24, 'u32', 'driverVersion', 'major << 16 | minor << 8 | patch'),
    field(28, 'u32', 'capabilities', 'what the driver can do on this system', 'CAPABILITY'),
    field(32, 'u32', 'osMajor', 'of RtlGetVersion'),
    field(36, 'u32', 'osMinor', 'of RtlGetVersion'),
    field(40, 'u32', 'osBuild', 'of RtlGetVersion'),
    field(44, 'u32', 'isolatedUserModeStatus', 'NTSTATUS of class 165'),
    field(48, 'u32', 'isolatedUserModeFlags', 'its first word; 0 where it failed'),
    field(52, 'u32', 'maxPids', 'pids in one QUERY at most'),
    field(56, 'u32', 'maxFixedSize', 'bytes of a fixed part or a record at most'),
    field(60, 'u32', 'operations', 'operations this driver knows', 'OPERATION'),
    field(64, 'u32', 'processRecordSize', 'bytes of a process record as the driver knows it'),
    reserved(68, 'u32', 'reserved2'),
  ]),
  request('QUERY', 24, 'Asks about processes by pid. The pids, 32 bits each, follow at `size`.', [
    field(16, 'u32', 'pidCount', '1 to 4,096'),
    reserved(20, 'u32'),
  ]),
  reply('QUERY', 16, 'Its records are aligned with the pids.', []),
  request('CENSUS', 40, 'Asks about every process, from a cursor on.', [
    field(16, 'u32', 'flags', 'CENSUS_RESUME: only what lies after the cursor', 'CENSUS'),
    field(20, 'u32', 'cursorPid', 'a reply’s nextPid'),
    field(24, 'u64', 'cursorSequence', 'a reply’s nextSequence'),
    field(32, 'u64', 'cursorCreateTime', 'a reply’s nextCreateTime'),
  ]),
  reply('CENSUS', 48, 'Its records are in the order of the cursor; the names follow them.', [
    field(16, 'u32', 'flags', 'CENSUS_MORE: not all processes fitted', 'CENSUS'),
    field(20, 'u32', 'nextPid', 'cursor: the last process of this reply, 0 without one'),
    field(24, 'u64', 'nextSequence', 'cursor: its sequence number, 0 where this Windows has none'),
    field(32, 'u64', 'nextCreateTime', 'cursor: its create time'),
    field(40, 'u32', 'total', 'processes this pass listed'),
    field(44, 'u32', 'remaining', 'processes after this reply'),
  ]),
  request('EXAMINE', 64, 'Asks about the very object behind a handle of the caller.', TARGET),
  reply('EXAMINE', 40, 'The handle, and one record of the object’s process.', EXAMINATION),
  request('GUARD', 72, 'EXAMINE, and which operations are meant.', [
    ...TARGET,
    field(64, 'u32', 'operations', 'at least one, all acting on this kind', 'OPERATION'),
    field(68, 'u32', 'accepted', 'availability operations accepted on a trustlet', 'OPERATION'),
  ]),
  reply('GUARD', 48, 'EXAMINE’s answer, and allow or refuse with its reason.', [
    ...EXAMINATION,
    field(40, 'u8', 'decision', 'allow or refuse', 'DECISION'),
    field(41, 'u8', 'verdict', 'verdict the decision rests on', 'VERDICT'),
    field(42, 'u8', 'reason', 'why', 'REASON'),
    field(43, 'u8', 'evidence', 'how it is known', 'EVIDENCE'),
    field(44, 'u32', 'status', 'NTSTATUS behind the reason; 0 where nothing failed'),
  ]),
  request('STATS', 16, 'Asks for counters.', []),
  reply(
    'STATS',
    128,
    'Counters since the driver was loaded, and a record for each refused pair of operation and reason.',
    [
      field(16, 'u64', 'opens', 'opens of the device'),
      field(24, 'u64', 'openNow', 'of these, not closed yet'),
      field(32, 'u64', 'requests', 'requests that came'),
      field(40, 'u64', 'rejected', 'requests that failed validation'),
      field(48, 'u64', 'cancelled', 'requests given up'),
      field(56, 'u64', 'records', 'process records written'),
      field(64, 'u64', 'secure', 'verdicts that were secure'),
      field(72, 'u64', 'ordinary', 'verdicts that were ordinary'),
      field(80, 'u64', 'unknown', 'verdicts that were unknown'),
      field(88, 'u64', 'allowed', 'decisions that were allow'),
      field(96, 'u64', 'refused', 'decisions that were refuse'),
      field(104, 'u64', 'poolBlocks', 'pool blocks allocated now'),
      field(112, 'u64', 'censusRestarts', 'process lists read again because they had grown'),
      field(120, 'u32', 'refusalRows', 'refusal records that exist; recordCount says how many fitted'),
      reserved(124, 'u32'),
    ],
  ),
];
