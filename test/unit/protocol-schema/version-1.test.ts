/**
 * What version 1 of the protocol is, written out. Clients and drivers are in the field with these bytes: a change here is a
 * new version, and growth is only ever a line at a structure's end (docs/protocol.md, "Growth").
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { protocolOf } from '../../../protocol/schema.js';
import { ioctlCode } from '../../../protocol/schema-types.js';

const protocol = protocolOf('1.2.3');

const TARGET =
  '0 RequestHeader header; 16 u64 handle; 24 u32 kind; 28 u32 expectedAccess; 32 u32 expect; 36 u32 expectedPid; ' +
  '40 u64 expectedCreateTime; 48 u64 expectedStartKey; 56 u64 reserved';

const EXAMINED =
  '0 ReplyHeader header; 16 u32 referenceStatus; 20 u32 grantedAccess; 24 u32 tid; 28 u32 threadStatus; 32 u8 identity; ' +
  '33 u8 thread; 34 u8 accessSufficient; 35 u8 reserved; 36 u32 reserved2';

/** Name, bytes, and the members with their offsets. */
const STRUCTURES: readonly (readonly [string, number, string])[] = [
  ['RequestHeader', 16, '0 u32 size; 4 u16 version; 6 u16 message; 8 u32 replySize; 12 u32 recordSize'],
  ['ReplyHeader', 16, '0 u32 size; 4 u16 version; 6 u16 message; 8 u32 recordSize; 12 u32 recordCount'],
  [
    'ProcessRecord',
    64,
    '0 u32 pid; 4 u32 parentPid; 8 u32 openStatus; 12 u32 extendedStatus; 16 u32 flags; 20 u32 present; 24 u64 createTime; ' +
      '32 u64 startKey; 40 u32 sessionId; 44 u32 status; 48 u8 verdict; 49 u8 reason; 50 u8 evidence; 51 u8 protection; ' +
      '52 u8 classification; 53 u8 reserved; 54 u16 nameLength; 56 u32 nameOffset; 60 u32 reserved2',
  ],
  ['RefusalRecord', 16, '0 u32 operation; 4 u32 reason; 8 u64 count'],
  ['HelloRequest', 24, '0 RequestHeader header; 16 u16 minVersion; 18 u16 maxVersion; 20 u32 reserved'],
  [
    'HelloReply',
    72,
    '0 ReplyHeader header; 16 u16 version; 18 u16 minVersion; 20 u16 maxVersion; 22 u16 reserved; 24 u32 driverVersion; ' +
      '28 u32 capabilities; 32 u32 osMajor; 36 u32 osMinor; 40 u32 osBuild; 44 u32 isolatedUserModeStatus; ' +
      '48 u32 isolatedUserModeFlags; 52 u32 maxPids; 56 u32 maxFixedSize; 60 u32 operations; 64 u32 processRecordSize; ' +
      '68 u32 reserved2',
  ],
  ['QueryRequest', 24, '0 RequestHeader header; 16 u32 pidCount; 20 u32 reserved'],
  ['QueryReply', 16, '0 ReplyHeader header'],
  [
    'CensusRequest',
    40,
    '0 RequestHeader header; 16 u32 flags; 20 u32 cursorPid; 24 u64 cursorSequence; 32 u64 cursorCreateTime',
  ],
  [
    'CensusReply',
    48,
    '0 ReplyHeader header; 16 u32 flags; 20 u32 nextPid; 24 u64 nextSequence; 32 u64 nextCreateTime; 40 u32 total; ' +
      '44 u32 remaining',
  ],
  ['ExamineRequest', 64, TARGET],
  ['ExamineReply', 40, EXAMINED],
  ['GuardRequest', 72, `${TARGET}; 64 u32 operations; 68 u32 accepted`],
  ['GuardReply', 48, `${EXAMINED}; 40 u8 decision; 41 u8 verdict; 42 u8 reason; 43 u8 evidence; 44 u32 status`],
  ['StatsRequest', 16, '0 RequestHeader header'],
  [
    'StatsReply',
    128,
    '0 ReplyHeader header; 16 u64 opens; 24 u64 openNow; 32 u64 requests; 40 u64 rejected; 48 u64 cancelled; 56 u64 records; ' +
      '64 u64 secure; 72 u64 ordinary; 80 u64 unknown; 88 u64 allowed; 96 u64 refused; 104 u64 poolBlocks; ' +
      '112 u64 censusRestarts; 120 u32 refusalRows; 124 u32 reserved',
  ],
];

/** Name, number, control code, request, reply, record. */
const MESSAGES: readonly (readonly [string, number, number, string, string, string | null])[] = [
  ['HELLO', 1, 0x8e546404, 'HelloRequest', 'HelloReply', null],
  ['QUERY', 2, 0x8e546408, 'QueryRequest', 'QueryReply', 'ProcessRecord'],
  ['CENSUS', 3, 0x8e54640c, 'CensusRequest', 'CensusReply', 'ProcessRecord'],
  ['EXAMINE', 4, 0x8e546410, 'ExamineRequest', 'ExamineReply', 'ProcessRecord'],
  ['GUARD', 5, 0x8e546414, 'GuardRequest', 'GuardReply', 'ProcessRecord'],
  ['STATS', 6, 0x8e546418, 'StatsRequest', 'StatsReply', 'RefusalRecord'],
];

/** Names in the order of their numbers 0, 1, 2 …, or of their bits 1, 2, 4 …. */
const NUMBERS: Readonly<Record<string, string>> = {
  Verdict: 'unknown ordinary secure',
  Evidence: 'assumed derived observed documented',
  Reason:
    'query-failed exiting gone identity-mismatch access-denied idle-process downlevel-bit secure-bit-set secure-bit-clear ' +
    'ordinary secure availability availability-accepted invalid-handle rights-denied query-right-denied thread-mismatch ' +
    'thread-exited deciders-disagree',
  Decision: 'refuse allow',
  Identity: 'unchecked same other',
  Thread: 'none paired unpaired exited',
};

const BITS: Readonly<Record<string, string>> = {
  Expect: 'pid create-time start-key',
  CensusRequestFlag: 'resume',
  CensusReplyFlag: 'more',
  Present: 'extended-status flags protection classification parent session create-time start-key name reused',
  Operation:
    'queue-apc create-thread allocate read write map-section load-library set-context debug dump set-windows-hook ' +
    'set-information suspend terminate duplicate-handle',
};

const valuesOf = (name: string): Record<string, number> =>
  Object.fromEntries(
    protocol.enumerations.find((each) => each.name === name)?.values.map((value) => [value.name, value.value]) ?? [],
  );

describe('version 1', () => {
  for (const [name, size, members] of STRUCTURES) {
    test(`${name} begins with the ${size} bytes of version 1`, () => {
      const found = protocol.structures.find((structure) => structure.name === name);
      const then = found?.fields.filter(({ offset }) => offset < size) ?? [];
      assert.equal(found?.v1Size, size);
      assert.equal(then.map((field) => `${field.offset} ${field.type} ${field.name}`).join('; '), members);
    });
  }

  for (const [name, number, code, request, reply, record] of MESSAGES) {
    test(`${name} is message ${number} with the control code 0x${code.toString(16)}`, () => {
      const found = protocol.messages.find((message) => message.name === name);
      assert.deepEqual([found?.number, found?.request, found?.reply, found?.record], [number, request, reply, record]);
      assert.equal(ioctlCode(protocol, number), code);
    });
  }

  for (const [name, names] of Object.entries(NUMBERS)) {
    test(`the numbers of ${name} are those of version 1`, () => {
      const values = valuesOf(name);
      for (const [number, value] of names.split(' ').entries()) assert.equal(values[value], number, value);
    });
  }

  for (const [name, names] of Object.entries(BITS)) {
    test(`the bits of ${name} are those of version 1`, () => {
      const values = valuesOf(name);
      for (const [bit, value] of names.split(' ').entries()) assert.equal(values[value], 2 ** bit, value);
    });
  }

  test('a kind is 1 or 2: what was never written is neither', () => {
    assert.deepEqual(valuesOf('Kind'), { process: 1, thread: 2 });
  });

  test('capabilities keep their bits', () => {
    const { query, census, examine, guard, stats, 'start-key': startKey } = valuesOf('Capability');
    assert.deepEqual([query, census, examine, guard, stats, startKey], [0x1, 0x2, 0x4, 0x8, 0x10, 0x100]);
  });

  test('limits and masks are those of version 1', () => {
    const constants = Object.fromEntries(protocol.constants.map(({ name, value }) => [name, value]));
    assert.equal(constants['MAX_PIDS'], 4096);
    assert.equal(constants['MAX_FIXED_SIZE'], 1024);
    assert.equal(constants['ISOLATION_OPERATIONS'], 0xfff);
    assert.equal(constants['AVAILABILITY_OPERATIONS'], 0x7000);
    assert.equal(constants['PROCESS_OPERATIONS'], 0x6b7e);
    assert.equal(constants['THREAD_OPERATIONS'], 0x1481);
  });

  test('the driver’s version is the package’s', () => {
    const of = (version: string): number | undefined =>
      protocolOf(version).constants.find(({ name }) => name === 'DRIVER_VERSION')?.value;
    assert.equal(of('0.1.0'), 0x000100);
    assert.equal(of('1.2.3'), 0x010203);
  });
});
