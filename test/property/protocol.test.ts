import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ObjectKind } from '../../lib/backend.js';
import { TrustletError } from '../../lib/errors.js';
import { Codec, type MessageName, type ProcessRecords, validateRequest } from '../../lib/protocol/index.js';
import type { GuardOperation } from '../../lib/types.js';
import { futureWire } from '../support/future-wire.js';
import { bent, golden, longer } from '../unit/protocol/golden-bytes.js';

const runs = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
const parameters = { numRuns: runs };

const codec = new Codec();
const later = futureWire();
const MESSAGES = ['HELLO', 'QUERY', 'CENSUS', 'EXAMINE', 'GUARD', 'STATS'] as const;
/** Bytes of the fixed part of each request and reply, and of a record, in version 1. */
const SIZES = { HELLO: 24, QUERY: 24, CENSUS: 40, EXAMINE: 64, GUARD: 72, STATS: 16 };
const REPLY_SIZES = { HELLO: 72, QUERY: 16, CENSUS: 48, EXAMINE: 40, GUARD: 48, STATS: 128 };
const RECORD_SIZES = { HELLO: 0, QUERY: 64, CENSUS: 64, EXAMINE: 64, GUARD: 64, STATS: 16 };

const PROCESS_OPERATIONS: readonly GuardOperation[] = [
  'create-thread',
  'allocate',
  'read',
  'write',
  'map-section',
  'load-library',
  'debug',
  'dump',
  'set-information',
  'terminate',
  'duplicate-handle',
];
const THREAD_OPERATIONS: readonly GuardOperation[] = ['queue-apc', 'set-context', 'set-windows-hook', 'suspend'];
const AVAILABILITY_OPERATIONS: readonly GuardOperation[] = ['suspend', 'terminate', 'duplicate-handle'];

const u8 = fc.nat({ max: 0xff });
const u32 = fc.nat({ max: 0xffffffff });
const pid = fc.integer({ min: 1, max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });

interface Asked {
  readonly message: MessageName;
  readonly make: (by: Codec, into?: Uint8Array) => Uint8Array;
  /** Records its reply has at least. */
  readonly records: number;
  readonly kind?: ObjectKind;
}

const target = (kind: ObjectKind) =>
  fc.record({
    handle: wide,
    kind: fc.constant(kind),
    expectedAccess: u32,
    expectedPid: fc.option(pid),
    expectedCreateTime: fc.option(u64),
    expectedStartKey: fc.option(u64),
  });

const guardOf = (kind: ObjectKind, operations: readonly GuardOperation[]) =>
  fc
    .tuple(target(kind), fc.subarray([...operations], { minLength: 1 }), fc.subarray([...AVAILABILITY_OPERATIONS]))
    .map(([common, chosen, accepted]) => ({ ...common, operations: chosen, accepted }));

const cursor = fc.record({ pid: u32, sequence: u64, createTime: u64 });

/** Any request the codec can be asked for. */
const request: fc.Arbitrary<Asked> = fc.oneof(
  fc.constant<Asked>({ message: 'HELLO', make: (by, into) => by.encodeHello(into), records: 0 }),
  fc.constant<Asked>({ message: 'STATS', make: (by, into) => by.encodeStats(into), records: 0 }),
  fc
    .array(u32, { minLength: 1, maxLength: 64 })
    .map((pids): Asked => ({ message: 'QUERY', make: (by, into) => by.encodeQuery(pids, into), records: pids.length })),
  fc
    .option(cursor)
    .map((after): Asked => ({ message: 'CENSUS', make: (by, into) => by.encodeCensus(after, into), records: 0 })),
  fc.oneof(target('process'), target('thread')).map(
    (examined): Asked => ({
      message: 'EXAMINE',
      make: (by, into) => by.encodeExamine(examined, into),
      records: 1,
      kind: examined.kind,
    }),
  ),
  fc.oneof(guardOf('process', PROCESS_OPERATIONS), guardOf('thread', THREAD_OPERATIONS)).map(
    (guarded): Asked => ({
      message: 'GUARD',
      make: (by, into) => by.encodeGuard(guarded, into),
      records: 1,
      kind: guarded.kind,
    }),
  ),
);

describe('any request', () => {
  test('passes the validation of a driver of any day, with just enough room, wherever it is written', () => {
    fc.assert(
      fc.property(request, u8, ({ message, make, records }, dirt) => {
        const code = codec.code(message);
        const bytes = make(codec);
        const room = codec.replyLength(message, records);
        assert.equal(validateRequest(code, bytes, room), 0);
        assert.equal(validateRequest(code, bytes, room - 1), 0xc0000023);
        assert.equal(validateRequest(code, bytes, room, later), 0);
        const newer = make(new Codec(later));
        assert.equal(validateRequest(code, newer, room), 0);
        assert.deepEqual(make(codec, new Uint8Array(newer.length).fill(dirt)), bytes);
      }),
      parameters,
    );
  });

  test('with one member bent is refused with the documented status', () => {
    /** What is written where, and what is said to it. */
    type Fault = readonly [offset: number, width: 1 | 2 | 4 | 8, value: number, status: number];
    const faultsOf = ({ message, kind }: Asked, noise: number): readonly Fault[] => {
      const size = SIZES[message];
      const common: readonly Fault[] = [
        [0, 4, size + 1 + (noise % 7), 0xc0000004],
        [0, 4, noise % size, 0xc0000004],
        [4, 2, 0, 0xc0000059],
        [6, 2, 7 + (noise % 1000), 0xc000000d],
        [8, 4, noise % REPLY_SIZES[message], 0xc0000004],
        [8, 4, 1025 + (noise % 100000), 0xc0000004],
        [12, 4, RECORD_SIZES[message] === 0 ? 1 + (noise % 2000) : noise % RECORD_SIZES[message], 0xc0000004],
      ];
      const bit = 2 ** (noise % 32);
      switch (message) {
        case 'HELLO':
          return [
            ...common,
            [16, 2, 0, 0xc000000d],
            [20, 4, bit, 0xc000000d],
            [16, 2, 2 + (noise % 60000), 0xc000000d],
          ];
        case 'QUERY':
          return [
            ...common,
            [16, 4, 0, 0xc000000d],
            [16, 4, 4097 + (noise % 100000), 0xc000000d],
            [20, 4, bit, 0xc000000d],
          ];
        case 'CENSUS':
          return [...common, [16, 4, 2 ** (1 + (noise % 31)), 0xc00000bb]];
        case 'STATS':
          return common;
        default: {
          const shared: readonly Fault[] = [
            ...common,
            [24, 4, 3 + (noise % 1000), 0xc000000d],
            [24, 4, 0, 0xc000000d],
            [32, 4, 2 ** (3 + (noise % 29)), 0xc00000bb],
            [56 + (noise % 8), 1, 1 + (noise % 255), 0xc000000d],
          ];
          if (message === 'EXAMINE') return shared;
          return [
            ...shared,
            [64, 4, 0, 0xc000000d],
            [64, 4, 2 ** (15 + (noise % 17)), 0xc00000bb],
            [64, 4, kind === 'process' ? 0x1000 : 0x2000, 0xc000000d],
            [68, 4, 2 ** (noise % 12), 0xc000000d],
            [68, 4, 2 ** (15 + (noise % 17)), 0xc00000bb],
          ];
        }
      }
    };
    fc.assert(
      fc.property(request, u32, u32, (asked, which, noise) => {
        const faults = faultsOf(asked, noise);
        const [offset, width, value, status] = faults[which % faults.length] as Fault;
        const bytes = bent(asked.make(codec), offset, width, value);
        const said = validateRequest(codec.code(asked.message), bytes, 2 ** 31);
        assert.equal(said, status, `${asked.message}: ${value} at ${offset}`);
      }),
      parameters,
    );
  });

  test('of arbitrary bytes is answered, and changes nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.constantFrom(...MESSAGES), u32, (bytes, message, room) => {
        const before = Uint8Array.from(bytes);
        const status = validateRequest(codec.code(message), bytes, room);
        assert.ok(Number.isInteger(status) && status >= 0 && status <= 0xffff_ffff);
        assert.deepEqual(bytes, before);
      }),
      parameters,
    );
  });
});

const readAll = (records: ProcessRecords): unknown =>
  Array.from({ length: records.length }, (_, index) => [
    records.pid(index),
    { ...records.record(index) },
    records.judgement(index),
  ]);

/** Everything there is to read in a reply. */
const readReply = (message: MessageName, bytes: Uint8Array): unknown => {
  switch (message) {
    case 'HELLO':
      return codec.decodeHello(bytes);
    case 'QUERY':
      return readAll(codec.decodeQuery(bytes, [812, 4, 5000]));
    case 'CENSUS': {
      const { records, ...part } = codec.decodeCensus(bytes, null);
      return [part, readAll(records)];
    }
    case 'EXAMINE': {
      const examined = codec.decodeExamine(bytes);
      return { ...examined, record: { ...examined.record } };
    }
    case 'GUARD': {
      const guarded = codec.decodeGuard(bytes);
      return { ...guarded, record: { ...guarded.record } };
    }
    default:
      return codec.decodeStats(bytes);
  }
};

/** An answer or a refusal; anything else that is thrown is neither. */
const outcome = (message: MessageName, bytes: Uint8Array): unknown => {
  try {
    return { value: readReply(message, bytes) };
  } catch (error) {
    if (!(error instanceof TrustletError) || error.code !== 'ERR_TRUSTLET_PROTOCOL') throw error;
    return { refused: error.message };
  }
};

describe('any reply', () => {
  test('of arbitrary bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), fc.constantFrom(...MESSAGES), (bytes, message) => {
        assert.ok(outcome(message, bytes));
      }),
      parameters,
    );
  });

  test('that is almost right is read or refused, and reads nothing beyond its end', () => {
    const change = fc.tuple(fc.nat({ max: 299 }), u8);
    const shape = fc.record({
      message: fc.constantFrom(...MESSAGES),
      changes: fc.array(change, { maxLength: 6 }),
      by: fc.integer({ min: -40, max: 40 }),
    });
    fc.assert(
      fc.property(shape, ({ message, changes, by }) => {
        const whole = golden(`${message.toLowerCase()}-reply`);
        const bytes = by < 0 ? whole.slice(0, by) : longer(whole, by);
        for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value;
        const answers = [0x00, 0xff].map((poison) => {
          const around = new Uint8Array(bytes.length + 600).fill(poison);
          around.set(bytes, 24);
          return outcome(message, around.subarray(24, 24 + bytes.length));
        });
        assert.deepEqual(answers[0], answers[1]);
      }),
      parameters,
    );
  });

  test('of a census is what was written into it', () => {
    const member = fc.record({
      pid: u32,
      openStatus: u32,
      createTime: u64,
      startKey: u64,
      present: fc.nat({ max: 0x3ff }),
      flags: u32,
      name: fc.string({ unit: 'binary', maxLength: 12 }),
    });
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 8 }),
        fc.constantFrom(64, 72, 1024),
        fc.constantFrom(48, 56),
        (members, stride, size) => {
          const text = size + stride * members.length;
          const bytes = new Uint8Array(text + 2 * members.reduce((sum, { name }) => sum + name.length, 0));
          const view = new DataView(bytes.buffer);
          for (const [index, value] of [size, 0x0003_0001, stride, members.length].entries()) {
            view.setUint32(4 * index, value, true);
          }
          view.setUint32(40, members.length, true);
          let at = text;
          members.forEach((each, index) => {
            const start = size + stride * index;
            for (const [offset, value] of [
              [0, each.pid],
              [8, each.openStatus],
              [16, each.flags],
              [20, each.present],
              [56, at],
            ] as const) {
              view.setUint32(start + offset, value, true);
            }
            view.setBigUint64(start + 24, each.createTime, true);
            view.setBigUint64(start + 32, each.startKey, true);
            view.setUint16(start + 54, 2 * each.name.length, true);
            for (const unit of each.name.split('')) {
              view.setUint16(at, unit.charCodeAt(0), true);
              at += 2;
            }
          });
          const { records, ...part } = codec.decodeCensus(bytes, null);
          assert.deepEqual(part, { total: members.length, remaining: 0, next: null });
          const read = members.map((_, index) => {
            const { pid: own, openStatus, createTime, startKey, flags, name, reused } = records.record(index);
            return { pid: own, openStatus, createTime, startKey, flags, name, reused };
          });
          const written = members.map(({ pid: own, openStatus, present, createTime, startKey, flags, name }) => ({
            pid: own,
            openStatus,
            createTime: present & 0x40 ? createTime : null,
            startKey: present & 0x80 && startKey !== 0n ? startKey : null,
            flags: present & 2 ? flags : null,
            name: present & 0x100 ? name : null,
            reused: (present & 0x200) !== 0,
          }));
          assert.deepEqual(read, written);
        },
      ),
      parameters,
    );
  });
});
