/** Clients and drivers of different days. test/driver/future_test.c shows the same of the driver itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Codec,
  type ExamineTarget,
  type MessageName,
  validateRequest,
  type Wire,
  wire,
} from '../../../lib/protocol/index.js';
import { futureWire, GROWTH } from '../../support/future-wire.js';
import { bent, golden, widened } from './golden-bytes.js';

const NOT_SUPPORTED = 0xc00000bb;

const later = futureWire();
const today = new Codec();
const future = new Codec(later);

const MESSAGES = ['HELLO', 'QUERY', 'CENSUS', 'EXAMINE', 'GUARD', 'STATS'] as const;
const PIDS = [812, 4, 5000];

const target: ExamineTarget = {
  handle: -1n,
  kind: 'process',
  expectedAccess: 0x1000,
  expectedPid: 2000,
  expectedCreateTime: null,
  expectedStartKey: null,
};

const requestOf = (codec: Codec, message: MessageName): Uint8Array => {
  const requests = {
    HELLO: () => codec.encodeHello(),
    QUERY: () => codec.encodeQuery(PIDS),
    CENSUS: () => codec.encodeCensus({ pid: 4, sequence: 2n, createTime: 3n }),
    EXAMINE: () => codec.encodeExamine(target),
    GUARD: () => codec.encodeGuard({ ...target, operations: ['read'], accepted: ['terminate'] }),
    STATS: () => codec.encodeStats(),
  };
  return requests[message]();
};

const decode = (codec: Codec, message: MessageName, bytes: Uint8Array): unknown => {
  if (message === 'HELLO') return codec.decodeHello(bytes);
  if (message === 'EXAMINE') return codec.decodeExamine(bytes);
  if (message === 'GUARD') return codec.decodeGuard(bytes);
  if (message === 'STATS') return codec.decodeStats(bytes);
  const part = message === 'CENSUS' ? codec.decodeCensus(bytes, null) : undefined;
  const records = part?.records ?? codec.decodeQuery(bytes, PIDS);
  return { ...part, records: [0, 1, 2].map((index) => [records.record(index), records.judgement(index)]) };
};

/** Today’s golden reply, as a driver of the future sends it to a client of the future; every new member is `value`. */
const futureReply = (message: MessageName, value: bigint): Uint8Array => {
  const bytes = golden(`${message.toLowerCase()}-reply`);
  const { reply, record } = wire.messages[message];
  const { size } = wire.structures[reply];
  const stride = record === null ? 0 : wire.structures[record].size;
  const count = bytes[12] ?? 0;
  let grown = bytes;
  for (let index = count; index > 0; index--) {
    grown = bent(widened(grown, size + index * stride, GROWTH), size + index * stride, 8, value);
  }
  grown = bent(widened(grown, size, GROWTH), size, 8, value);
  grown = bent(grown, 0, 4, size + GROWTH);
  if (stride === 0) return grown;
  grown = bent(grown, 8, 4, stride + GROWTH);
  if (message !== 'CENSUS') return grown;
  for (let index = 0; index < count; index++) {
    const nameOffset = size + GROWTH + index * (stride + GROWTH) + 56;
    const before = new DataView(grown.buffer).getUint32(nameOffset, true);
    grown = bent(grown, nameOffset, 4, before + GROWTH * (1 + count));
  }
  return grown;
};

/** The new members of a reply, as its reader sees them: the fixed part’s, then each record’s. */
const futureOf = (codec: Codec, message: MessageName, bytes: Uint8Array): readonly (bigint | null)[] => {
  const { reply, record } = later.messages[message];
  const view = codec.view(message, bytes);
  const members = [view.fixed.appended(later.structures[reply].fields.future)];
  for (let index = 0; record !== null && index < view.recordCount; index++) {
    members.push(view.record(index).appended(later.structures[record].fields.future));
  }
  return members;
};

describe('a wire of the future', () => {
  test('has grown by 8 bytes everywhere but in the headers, behind what was there', () => {
    for (const name of Object.keys(wire.structures) as (keyof Wire['structures'])[]) {
      const growth = name === 'RequestHeader' || name === 'ReplyHeader' ? 0 : 8;
      assert.equal(later.structures[name].size, wire.structures[name].size + growth, name);
      assert.equal(later.structures[name].v1Size, wire.structures[name].v1Size, name);
    }
    assert.deepEqual(later.structures.ProcessRecord.fields.future, { offset: 64, bytes: 8 });
    assert.equal('future' in wire.structures.ProcessRecord.fields, false);
  });
});

for (const message of MESSAGES) {
  const { code, request } = wire.messages[message];
  const { size } = wire.structures[request];
  const room = today.replyLength(message, 3);

  describe(`${message} between a client of the future and a driver of today`, () => {
    const asked = requestOf(future, message);

    test('is longer, and is asked as long as it asks for nothing unknown', () => {
      assert.equal(asked.length, requestOf(today, message).length + GROWTH);
      assert.equal(validateRequest(code, asked, room), 0);
      for (let byte = 0; byte < GROWTH; byte++) {
        assert.equal(validateRequest(code, bent(asked, size + byte, 1, 1), room), NOT_SUPPORTED);
      }
    });

    test('is asked the same otherwise', () => {
      const before = bent(
        bent(asked, 8, 4, new DataView(requestOf(today, message).buffer).getUint32(8, true)),
        0,
        4,
        size,
      );
      const recordSize = new DataView(requestOf(today, message).buffer).getUint32(12, true);
      const cut = Uint8Array.of(...before.subarray(0, size), ...before.subarray(size + GROWTH));
      assert.deepEqual(bent(cut, 12, 4, recordSize), requestOf(today, message));
    });

    test('is answered, and what the driver does not know is absent', () => {
      const reply = golden(`${message.toLowerCase()}-reply`);
      assert.deepEqual(decode(future, message, reply), decode(today, message, reply));
      const members = futureOf(future, message, reply);
      assert.ok(members.length >= 1);
      for (const member of members) assert.equal(member, null);
    });
  });

  describe(`${message} between a client of today and a driver of the future`, () => {
    test('is asked: what the client does not know reads as 0', () => {
      assert.equal(validateRequest(code, requestOf(today, message), room, later), 0);
      assert.equal(validateRequest(code, bent(requestOf(future, message), size, 8, 1), room * 2, later), 0);
    });

    test('is answered in structures that are longer than it knows', () => {
      const reply = futureReply(message, 0xffff_ffff_ffff_ffffn);
      assert.deepEqual(decode(today, message, reply), decode(today, message, golden(`${message.toLowerCase()}-reply`)));
    });
  });

  describe(`${message} between a client and a driver of the future`, () => {
    test('has what is new', () => {
      const reply = futureReply(message, 0x0123_4567_89ab_cdefn);
      for (const member of futureOf(future, message, reply)) assert.equal(member, 0x0123_4567_89ab_cdefn);
      assert.deepEqual(
        decode(future, message, reply),
        decode(today, message, golden(`${message.toLowerCase()}-reply`)),
      );
    });
  });
}

describe('a client of the future', () => {
  test('reads fixed part and records by their own sizes', () => {
    const mixed = bent(bent(widened(golden('guard-reply'), 48, GROWTH), 0, 4, 56), 48, 8, 7);
    assert.deepEqual(futureOf(future, 'GUARD', mixed), [7n, null]);
    assert.equal(today.decodeGuard(mixed).record.pid, 812);
  });

  test('reads narrower members that were appended', () => {
    const view = future.view('GUARD', futureReply('GUARD', 0x0123_4567_89ab_cdefn));
    assert.equal(view.fixed.appended({ offset: 48, bytes: 4 }), 0x89ab_cdefn);
    assert.equal(view.fixed.appended({ offset: 54, bytes: 2 }), 0x0123n);
    assert.equal(view.fixed.appended({ offset: 56, bytes: 1 }), null);
    assert.equal(view.fixed.appended({ offset: 52, bytes: 8 }), null);
  });

  test('needs room for what it knows', () => {
    assert.equal(future.replyLength('QUERY', 3), 16 + 8 + 3 * 72);
    assert.equal(validateRequest(0x8e546408, requestOf(future, 'QUERY'), 208), 0);
    assert.equal(validateRequest(0x8e546408, requestOf(future, 'QUERY'), 239, later), 0xc0000023);
    assert.equal(validateRequest(0x8e546408, requestOf(future, 'QUERY'), 240, later), 0);
  });
});
