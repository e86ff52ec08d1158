/** Replies that are not what they should be: nothing of them is believed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError, type TrustletErrorCode } from '../../../lib/errors.js';
import { Codec } from '../../../lib/protocol/index.js';
import { bent, golden, longer } from './golden-bytes.js';

const codec = new Codec();
const PIDS = [812, 4, 5000];

const throws = (read: () => unknown, says: RegExp, code: TrustletErrorCode = 'ERR_TRUSTLET_PROTOCOL'): void => {
  assert.throws(read, (error) => {
    assert.ok(TrustletError.is(error), String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    return true;
  });
};

interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Version 1’s sizes; 0: the message has no records. */
  readonly reply: number;
  readonly record: number;
}

const samples: readonly Sample[] = [
  { name: 'HELLO', bytes: golden('hello-reply'), decode: (b) => codec.decodeHello(b), reply: 72, record: 0 },
  { name: 'QUERY', bytes: golden('query-reply'), decode: (b) => codec.decodeQuery(b, PIDS), reply: 16, record: 64 },
  { name: 'CENSUS', bytes: golden('census-reply'), decode: (b) => codec.decodeCensus(b, null), reply: 48, record: 64 },
  { name: 'EXAMINE', bytes: golden('examine-reply'), decode: (b) => codec.decodeExamine(b), reply: 40, record: 64 },
  { name: 'GUARD', bytes: golden('guard-reply'), decode: (b) => codec.decodeGuard(b), reply: 48, record: 64 },
  { name: 'STATS', bytes: golden('stats-reply'), decode: (b) => codec.decodeStats(b), reply: 128, record: 16 },
];

for (const { name, bytes, decode, reply, record } of samples) {
  const says = (problem: string): RegExp => new RegExp(`^The driver’s ${name} reply ${problem}`);

  describe(`a ${name} reply`, () => {
    test('shorter than a header is none', () => {
      for (let length = 0; length < 16; length++)
        throws(() => decode(bytes.subarray(0, length)), says(`has ${length} bytes`));
    });

    test('of another message is refused', () => {
      for (const message of [0, 7, 0x105]) {
        throws(() => decode(bent(bytes, 6, 2, message)), says(`says at byte 6 that it is of message ${message}, not `));
      }
    });

    test('of another version is refused; HELLO has any but 0', () => {
      throws(() => decode(bent(bytes, 4, 2, 0)), says('says at byte 4 that it is of version 0'));
      const newer = bent(bytes, 4, 2, 2);
      if (name === 'HELLO') assert.deepEqual(decode(newer), decode(bytes));
      else throws(() => decode(newer), says('says at byte 4 that it is of version 2; 1 was spoken'));
    });

    test('has a fixed part of version 1’s size at least, whole, and not above 1,024', () => {
      for (const size of [0, 8, reply - 8, reply - 1, reply + 4, 1032, 0xffff_fff8]) {
        const wrong = bent(longer(bytes, 2048), 0, 4, size);
        throws(
          () => decode(wrong),
          says(`says at byte 0 that size is ${size}; it is a multiple of 8 from ${reply} to 1024`),
        );
      }
    });

    test('has records likewise, or none at all', () => {
      for (const size of record === 0 ? [8, 64] : [0, 8, record - 1, record + 4, 1032]) {
        const problem =
          record === 0 ? 'says from byte 8 on that it has 0 records' : 'says at byte 8 that recordSize is';
        throws(() => decode(bent(longer(bytes, 4096), 8, 4, size)), says(problem));
      }
      if (record === 0)
        throws(() => decode(bent(bytes, 12, 4, 1)), says('says from byte 8 on that it has 1 records of 0'));
    });

    test('is refused for what does not lie within it', () => {
      const whole = name === 'CENSUS' ? bytes.subarray(0, 240) : bytes;
      throws(
        () => decode(whole.subarray(0, whole.length - 1)),
        says(`has ${whole.length - 1} bytes; .* need ${whole.length}\\.`),
      );
      if (record !== 0)
        throws(() => decode(bent(bytes, 12, 4, 0xffff_ffff)), says('has .* bytes; .* 4294967295 records'));
    });

    test('is understood with bytes behind it, and wherever it lies', () => {
      const around = new Uint8Array(bytes.length + 64).fill(0xff);
      around.set(bytes, 3);
      assert.deepEqual(decode(around.subarray(3)), decode(bytes));
    });
  });
}

describe('HELLO', () => {
  const reply = golden('hello-reply');
  const hello = (offset: number, width: 1 | 2 | 4, value: number): ReturnType<Codec['decodeHello']> =>
    codec.decodeHello(bent(reply, offset, width, value));

  test('must say versions that are a range, and choose within it', () => {
    throws(() => hello(18, 2, 0), /from byte 18 on that the driver speaks versions 0 to 1/);
    throws(() => hello(18, 2, 2), /versions 2 to 1, which is no range/);
    throws(() => hello(16, 2, 2), /at byte 16 that version 2 was chosen, of the driver’s 1 to 1/);
    throws(
      () => codec.decodeHello(bent(bent(reply, 18, 2, 2), 20, 2, 3)),
      /version 1 was chosen, of the driver’s 2 to 3/,
    );
    assert.equal(hello(16, 2, 0).version, 0);
    assert.equal(hello(20, 2, 9).maxVersion, 9);
  });

  test('tells each capability by its own bit', () => {
    const none = { query: false, census: false, examine: false, guard: false, stats: false, 'start-key': false };
    assert.deepEqual(hello(28, 4, 0xffff_fee0).capabilities, none);
    const bits = { query: 1, census: 2, examine: 4, guard: 8, stats: 0x10, 'start-key': 0x100 };
    for (const [name, bit] of Object.entries(bits))
      assert.deepEqual(hello(28, 4, bit).capabilities, { ...none, [name]: true });
  });

  test('has no flags of isolated user mode where their query failed', () => {
    assert.deepEqual(hello(44, 4, 0xc0000003).system, {
      build: 26100,
      isolatedUserModeStatus: 0xc0000003,
      isolatedUserModeFlags: null,
    });
  });

  test('knows only operations this package knows', () => {
    assert.deepEqual(hello(60, 4, 0xffff_8001).operations, ['queue-apc']);
  });

  test('tells the driver’s version', () => {
    assert.equal(hello(24, 4, 0x00ff_fe03).driverVersion, '255.254.3');
    assert.equal(hello(24, 4, 0x0100_0000).driverVersion, '256.0.0');
  });
});

describe('QUERY', () => {
  const reply = golden('query-reply');

  test('has a record for each pid that was asked for, in order', () => {
    throws(() => codec.decodeQuery(reply, [812, 4]), /has 3 records for the 2 pids/);
    throws(() => codec.decodeQuery(reply, [812, 4, 5000, 5004]), /has 3 records for the 4 pids/);
    throws(() => codec.decodeQuery(reply, [812, 5000, 4]), /is about pid 4 in record 1, where pid 5000 was asked for/);
  });

  test('may be a header and nothing else', () => {
    assert.equal(codec.decodeQuery(bent(reply.subarray(0, 16), 12, 4, 0), []).length, 0);
  });

  test('has no record but those', () => {
    const records = codec.decodeQuery(reply, PIDS);
    for (const index of [-1, 3, 0.5, Number.NaN]) {
      const reads = [() => records.pid(index), () => records.record(index), () => records.judgement(index)];
      for (const read of reads) throws(read, /has 3 records; there is no index/, 'ERR_TRUSTLET_ARGUMENT');
    }
  });
});

describe('a process record', () => {
  const reply = golden('guard-reply');
  const START = 48;
  const record = (offset: number, width: 1 | 2 | 4 | 8, value: number): ReturnType<Codec['decodeGuard']>['record'] =>
    codec.decodeGuard(bent(reply, START + offset, width, value)).record;

  test('says each member only if its present bit is set', () => {
    const full = golden('census-reply');
    const members = [
      ['extendedStatus', 0x1, 0],
      ['flags', 0x2, 0x80],
      ['protection', 0x4, 0],
      ['classification', 0x8, 0],
      ['parentPid', 0x10, 668],
      ['sessionId', 0x20, 0],
      ['createTime', 0x40, 0x01db0b13a2b5d200n],
      ['startKey', 0x80, 0x000700000000021cn],
      ['name', 0x100, 'LsaIso.exe'],
    ] as const;
    for (const [member, bit, value] of members) {
      const only = codec.decodeCensus(bent(full, 112 + 20, 4, bit), null).records.record(1);
      const said = Object.entries(only).filter(
        ([name, each]) => each !== null && each !== false && name !== 'pid' && name !== 'openStatus',
      );
      assert.deepEqual(said, [[member, value]]);
      const without = codec.decodeCensus(bent(full, 112 + 20, 4, 0x1ff & ~bit), null).records.record(1);
      assert.equal(without[member], null, member);
    }
  });

  test('takes bits it does not know for nothing', () => {
    assert.deepEqual(record(20, 4, 0xffff_fcd7), record(20, 4, 0xd7));
  });

  test('has no start key of 0', () => {
    assert.equal(record(32, 8, 0).startKey, null);
  });

  test('was reused if it says so', () => {
    assert.equal(record(20, 4, 0x200).reused, true);
    assert.equal(record(20, 4, 0).reused, false);
  });
});

describe('numbers of a newer driver', () => {
  const guard = (offset: number, value: number): ReturnType<Codec['decodeGuard']> =>
    codec.decodeGuard(bent(golden('guard-accepted-reply'), offset, 1, value));

  test('read as what allows least', () => {
    for (const value of [2, 3, 0x81, 0xff])
      assert.equal(guard(40, value).decision.decision, 'refuse', `decision ${value}`);
    for (const value of [3, 0x82, 0xff]) {
      assert.equal(guard(41, value).decision.verdict, 'unknown');
      assert.equal(guard(48 + 48, value).judgement.verdict, 'unknown');
    }
    for (const value of [19, 0x89, 0xff]) {
      assert.equal(guard(42, value).decision.reason, 'query-failed');
      assert.equal(guard(48 + 49, value).judgement.reason, 'query-failed');
    }
    for (const value of [4, 0xff]) {
      assert.equal(guard(43, value).decision.evidence, 'assumed');
      assert.equal(guard(48 + 50, value).judgement.evidence, 'assumed');
    }
    for (const value of [3, 0xff]) assert.equal(guard(32, value).identity, 'other');
    for (const value of [4, 0xff]) assert.equal(guard(33, value).thread?.state, 'unpaired');
    for (const value of [0, 2, 0xff]) assert.equal(guard(34, value).accessSufficient, false);
  });

  test('leave the numbers this package knows as they are', () => {
    const names = <T>(count: number, read: (value: number) => T): readonly T[] =>
      Array.from({ length: count }, (_, i) => read(i));
    assert.deepEqual(
      names(2, (value) => guard(40, value).decision.decision),
      ['refuse', 'allow'],
    );
    assert.deepEqual(
      names(3, (value) => guard(41, value).decision.verdict),
      ['unknown', 'ordinary', 'secure'],
    );
    assert.deepEqual(
      names(4, (value) => guard(43, value).decision.evidence),
      ['assumed', 'derived', 'observed', 'documented'],
    );
    assert.deepEqual(
      names(3, (value) => guard(32, value).identity),
      ['unchecked', 'same', 'other'],
    );
    assert.deepEqual(
      names(4, (value) => guard(33, value).thread?.state),
      [undefined, 'paired', 'unpaired', 'exited'],
    );
    assert.deepEqual(
      names(19, (value) => guard(42, value).decision.reason),
      [
        'query-failed',
        'exiting',
        'gone',
        'identity-mismatch',
        'access-denied',
        'idle-process',
        'downlevel-bit',
        'secure-bit-set',
        'secure-bit-clear',
        'ordinary',
        'secure',
        'availability',
        'availability-accepted',
        'invalid-handle',
        'rights-denied',
        'query-right-denied',
        'thread-mismatch',
        'thread-exited',
        'deciders-disagree',
      ],
    );
  });
});

describe('EXAMINE and GUARD', () => {
  test('have one record', () => {
    const two = bent(longer(golden('examine-reply'), 64), 12, 4, 2);
    throws(() => codec.decodeExamine(two), /EXAMINE reply has 2 records; one handle names one process/);
    throws(() => codec.decodeGuard(bent(golden('guard-reply'), 12, 4, 0)), /GUARD reply has 0 records/);
  });
});

describe('STATS', () => {
  const reply = golden('stats-reply');

  test('has as many rows as there are at most', () => {
    throws(() => codec.decodeStats(bent(reply, 120, 4, 1)), /at byte 120 that there are 1 rows, and has 2/);
    assert.equal(codec.decodeStats(bent(reply, 120, 4, 2)).refusalRows, 2);
  });

  test('counts operations and reasons this package does not know, too', () => {
    for (const index of [15, 31, 32, 45, 0xffff_ffff]) {
      const [row] = codec.decodeStats(bent(bent(reply, 128, 4, index), 132, 4, 19)).refusals;
      assert.deepEqual(row, { operation: `unknown(${index})`, reason: 'query-failed', count: 7n });
    }
  });
});
