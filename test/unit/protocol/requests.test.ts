import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import { Codec, type ExamineTarget, validateRequest } from '../../../lib/protocol/index.js';
import type { GuardOperation } from '../../../lib/types.js';
import { golden } from './golden-bytes.js';

const codec = new Codec();

const target: ExamineTarget = {
  handle: 0x1a4n,
  kind: 'process',
  expectedAccess: 0,
  expectedPid: null,
  expectedCreateTime: null,
  expectedStartKey: null,
};

const refuses = (make: () => unknown, says: RegExp): void => {
  assert.throws(make, (error) => {
    assert.ok(TrustletError.is(error));
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, says);
    return true;
  });
};

describe('codes and lengths', () => {
  test('a message has its IOCTL code', () => {
    assert.equal(codec.code('HELLO'), 0x8e546404);
    assert.equal(codec.code('STATS'), 0x8e546418);
  });

  test('a reply needs its fixed part and its records', () => {
    assert.equal(codec.replyLength('HELLO', 0), 72);
    assert.equal(codec.replyLength('HELLO', 7), 72);
    assert.equal(codec.replyLength('QUERY', 3), 208);
    assert.equal(codec.replyLength('STATS', 285), 4688);
  });
});

describe('a buffer of the caller’s', () => {
  test('is written from its start, whatever it held, and no further', () => {
    const into = new Uint8Array(64).fill(0xa5);
    const request = codec.encodeCensus(null, into.subarray(8));
    assert.deepEqual(request, golden('census-request'));
    assert.equal(request.buffer, into.buffer);
    assert.equal(request.byteOffset, 8);
    assert.deepEqual([...into.subarray(0, 8), ...into.subarray(48)], new Array(24).fill(0xa5));
  });

  test('may have exactly the length, and not a byte less', () => {
    assert.equal(codec.encodeQuery([4], new Uint8Array(28)).length, 28);
    refuses(() => codec.encodeQuery([4], new Uint8Array(27)), /QUERY request of 28 bytes .* 27 bytes/);
  });

  test('serves every message', () => {
    const into = new Uint8Array(128).fill(0xff);
    assert.deepEqual(codec.encodeHello(into), golden('hello-request'));
    assert.deepEqual(codec.encodeStats(into), golden('stats-request'));
    assert.deepEqual(codec.encodeExamine(target, into), codec.encodeExamine(target));
    const guarded = { ...target, operations: ['read'], accepted: [] } as const;
    assert.deepEqual(codec.encodeGuard(guarded, into), codec.encodeGuard(guarded));
    const part = codec.decodeCensus(golden('census-reply'), null);
    assert.equal(codec.encodeNextCensus(part, into)?.buffer, into.buffer);
  });
});

describe('a version', () => {
  test('is the wire’s newest, or the one that was chosen', () => {
    assert.equal(codec.version, 1);
    assert.equal(new Codec(undefined, 7).encodeStats()[4], 7);
  });
});

describe('what does not fit is not sent', () => {
  test('QUERY of no pid, or of more than 4,096', () => {
    refuses(() => codec.encodeQuery([]), /1 to 4096 pids; got 0/);
    refuses(() => codec.encodeQuery(new Array(4097).fill(4)), /got 4097/);
    assert.equal(codec.encodeQuery(new Array(4096).fill(4)).length, 24 + 4 * 4096);
  });

  test('pids that 32 bits would make another process’s', () => {
    for (const pid of [-1, 2 ** 32 + 4, 4.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(() => codec.encodeQuery([4, pid]), /^pid must be a whole number/);
      refuses(() => codec.encodeExamine({ ...target, expectedPid: pid }), /^expectedPid must be/);
      refuses(() => codec.encodeCensus({ pid, sequence: 1n, createTime: 1n }), /^pid must be/);
    }
    assert.equal(codec.encodeQuery([0xffff_ffff]).length, 28);
  });

  test('an access mask above 32 bits', () => {
    refuses(() => codec.encodeExamine({ ...target, expectedAccess: 2 ** 32 }), /^expectedAccess must be/);
  });

  test('64-bit numbers of more than 64 bits', () => {
    for (const value of [2n ** 64n, -(2n ** 63n) - 1n]) {
      refuses(() => codec.encodeExamine({ ...target, handle: value }), /^handle must fit 64 bits/);
      refuses(() => codec.encodeExamine({ ...target, expectedCreateTime: value }), /^expectedCreateTime/);
      refuses(() => codec.encodeExamine({ ...target, expectedStartKey: value }), /^expectedStartKey/);
      refuses(() => codec.encodeCensus({ pid: 4, sequence: value, createTime: 0n }), /^sequence/);
      refuses(() => codec.encodeCensus({ pid: 4, sequence: 0n, createTime: value }), /^createTime/);
    }
  });

  test('the expectation of pid 0, which would be none at all', () => {
    refuses(() => codec.encodeExamine({ ...target, expectedPid: 0 }), /cannot be told to expect pid 0/);
  });
});

describe('an identity', () => {
  const expectOf = (change: Partial<ExamineTarget>): number | undefined =>
    codec.encodeExamine({ ...target, ...change })[32];

  test('is expected member by member; null and a 64-bit 0 are absent', () => {
    assert.equal(expectOf({}), 0);
    assert.equal(expectOf({ expectedPid: 4 }), 1);
    assert.equal(expectOf({ expectedCreateTime: 1n }), 2);
    assert.equal(expectOf({ expectedStartKey: 1n }), 4);
    assert.equal(expectOf({ expectedCreateTime: 0n, expectedStartKey: 0n }), 0);
    assert.equal(expectOf({ expectedPid: 4, expectedCreateTime: 1n, expectedStartKey: 1n }), 7);
  });
});

describe('handles', () => {
  test('keep their 64 bits; the pseudo handles are sign-extended', () => {
    const handleOf = (handle: bigint): bigint =>
      new DataView(codec.encodeExamine({ ...target, handle }).buffer).getBigUint64(16, true);
    assert.equal(handleOf(-2n), 0xffff_ffff_ffff_fffen);
    assert.equal(handleOf(0xffff_ffff_8000_0004n), 0xffff_ffff_8000_0004n);
    assert.equal(handleOf(-(2n ** 63n)), 2n ** 63n);
  });
});

describe('operations', () => {
  test('have the bit of their place', () => {
    const bits: readonly (readonly [GuardOperation, number])[] = [
      ['queue-apc', 0x1],
      ['create-thread', 0x2],
      ['allocate', 0x4],
      ['read', 0x8],
      ['write', 0x10],
      ['map-section', 0x20],
      ['load-library', 0x40],
      ['set-context', 0x80],
      ['debug', 0x100],
      ['dump', 0x200],
      ['set-windows-hook', 0x400],
      ['set-information', 0x800],
      ['suspend', 0x1000],
      ['terminate', 0x2000],
      ['duplicate-handle', 0x4000],
    ];
    for (const [name, bit] of bits) {
      const bytes = codec.encodeGuard({ ...target, operations: [name], accepted: [name, name] });
      const view = new DataView(bytes.buffer);
      assert.deepEqual([view.getUint32(64, true), view.getUint32(68, true)], [bit, bit], name);
    }
  });

  test('without a bit are not left out', () => {
    for (const name of ['smile', 'toString'] as string[] as GuardOperation[]) {
      refuses(() => codec.encodeGuard({ ...target, operations: ['read', name], accepted: [] }), /no operation '/);
      refuses(() => codec.encodeGuard({ ...target, operations: ['read'], accepted: [name] }), /no operation '/);
    }
  });

  test('are left to the driver to refuse where they are not of the kind', () => {
    const request = codec.encodeGuard({ ...target, operations: ['read', 'suspend'], accepted: [] });
    assert.equal(validateRequest(0x8e546414, request, 112), 0xc000000d);
  });
});
