/** Every step of the validation, its limits, and that the first step that fails gives the status. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateRequest } from '../../../lib/protocol/index.js';
import { bent, golden, longer } from './golden-bytes.js';

const SUCCESS = 0;
const INFO_LENGTH_MISMATCH = 0xc0000004;
const INVALID_PARAMETER = 0xc000000d;
const INVALID_DEVICE_REQUEST = 0xc0000010;
const BUFFER_TOO_SMALL = 0xc0000023;
const REVISION_MISMATCH = 0xc0000059;
const NOT_SUPPORTED = 0xc00000bb;

interface Sample {
  readonly name: string;
  readonly code: number;
  readonly bytes: Uint8Array;
  /** Output that is just enough. */
  readonly room: number;
  /** Version 1’s sizes; 0: the message has no records. */
  readonly request: number;
  readonly reply: number;
  readonly record: number;
}

const samples: readonly Sample[] = [
  { name: 'HELLO', code: 0x8e546404, bytes: golden('hello-request'), room: 72, request: 24, reply: 72, record: 0 },
  { name: 'QUERY', code: 0x8e546408, bytes: golden('query-request'), room: 208, request: 24, reply: 16, record: 64 },
  { name: 'CENSUS', code: 0x8e54640c, bytes: golden('census-request'), room: 48, request: 40, reply: 48, record: 64 },
  {
    name: 'EXAMINE',
    code: 0x8e546410,
    bytes: golden('examine-request'),
    room: 104,
    request: 64,
    reply: 40,
    record: 64,
  },
  { name: 'GUARD', code: 0x8e546414, bytes: golden('guard-request'), room: 112, request: 72, reply: 48, record: 64 },
  { name: 'STATS', code: 0x8e546418, bytes: golden('stats-request'), room: 128, request: 16, reply: 128, record: 16 },
];
const [hello, query, census, examine, guard, stats] = samples as [Sample, Sample, Sample, Sample, Sample, Sample];
const resuming: Sample = { ...census, bytes: golden('census-resume-request') };
const accepting: Sample = { ...guard, bytes: golden('guard-accepted-request') };

const ask = ({ code, room }: Sample, bytes: Uint8Array): number => validateRequest(code, bytes, room);
/** What is said to a request of which one number differs. */
const askBent = (sample: Sample, offset: number, width: 1 | 2 | 4 | 8, value: number | bigint): number =>
  ask(sample, bent(sample.bytes, offset, width, value));

for (const sample of samples) {
  const { name, code, bytes, room, request, reply, record } = sample;
  describe(`validation of ${name}`, () => {
    test('as it should be', () => {
      assert.equal(ask(sample, bytes), SUCCESS);
    });

    test('where it lies in a larger buffer does not matter', () => {
      const around = new Uint8Array(bytes.length + 32).fill(0xff);
      around.set(bytes, 5);
      assert.equal(ask(sample, around.subarray(5, 5 + bytes.length)), SUCCESS);
    });

    test('step 1: any other code is no request', () => {
      for (const other of [0, 0x8e546400, 0x8e54641c, 0x8e546420, 0x8e54a404, code + 1, code - 2 ** 32]) {
        assert.equal(validateRequest(other, bytes, room), INVALID_DEVICE_REQUEST, other.toString(16));
      }
    });

    test('step 2: shorter than a header', () => {
      for (let length = 0; length < 16; length++) {
        assert.equal(ask(sample, bytes.subarray(0, length)), INFO_LENGTH_MISMATCH);
      }
    });

    test('step 3: the message is the code’s', () => {
      const message = bytes[6] ?? 0;
      for (const other of [0, message === 1 ? 2 : 1, 7, 8, message + 0x100]) {
        assert.equal(askBent(sample, 6, 2, other), INVALID_PARAMETER);
      }
    });

    test('step 4: a version the driver speaks; HELLO may say any but 0', () => {
      const otherwise = name === 'HELLO' ? SUCCESS : REVISION_MISMATCH;
      assert.equal(askBent(sample, 4, 2, 0), REVISION_MISMATCH);
      assert.equal(askBent(sample, 4, 2, 2), otherwise);
      assert.equal(askBent(sample, 4, 2, 0xffff), otherwise);
    });

    test('step 5: the request’s size is version 1’s at least, whole, not above 1,024, and within the input', () => {
      for (const size of [0, 8, request - 8, request - 1, request + 4, request + 1, 1032, 0x8000_0000, 0xffff_fff8]) {
        assert.equal(askBent(sample, 0, 4, size), INFO_LENGTH_MISMATCH, `${size}`);
      }
      assert.equal(ask(sample, bent(longer(bytes, 2048), 0, 4, 1032)), INFO_LENGTH_MISMATCH);
      const whole = longer(bytes.subarray(0, request), 1024 - request);
      const tail = bytes.subarray(request);
      assert.equal(ask(sample, bent(Uint8Array.of(...whole, ...tail), 0, 4, 1024)), SUCCESS);
      assert.equal(ask(sample, bent(bytes.subarray(0, request - 4), 0, 4, request)), INFO_LENGTH_MISMATCH);
    });

    test('step 6: so are the reply’s and the record’s', () => {
      for (const size of [0, reply - 8, reply - 1, reply + 4, 1032, 0xffff_fff8]) {
        assert.equal(askBent(sample, 8, 4, size), INFO_LENGTH_MISMATCH, `reply ${size}`);
      }
      for (const size of [reply + 8, 1024]) assert.equal(askBent(sample, 8, 4, size), SUCCESS, `reply ${size}`);
      const records = record === 0 ? [8, 64, 1024] : [0, record - 8, record - 1, record + 4, 1032, 0xffff_fff8];
      for (const size of records) assert.equal(askBent(sample, 12, 4, size), INFO_LENGTH_MISMATCH, `record ${size}`);
      for (const size of record === 0 ? [0] : [record + 8, 1024]) {
        assert.equal(askBent(sample, 12, 4, size), SUCCESS, `record ${size}`);
      }
    });

    test('step 7: what the driver does not know is 0', () => {
      const newer = bent(
        Uint8Array.of(...longer(bytes.subarray(0, request), 16), ...bytes.subarray(request)),
        0,
        4,
        request + 16,
      );
      assert.equal(ask(sample, newer), SUCCESS);
      for (let offset = request; offset < request + 16; offset++) {
        assert.equal(ask(sample, bent(newer, offset, 1, 0x80)), NOT_SUPPORTED, `${offset}`);
      }
    });

    test('step 8: the input is exactly as long as it says', () => {
      for (const by of [1, 4, 8, 2000]) assert.equal(ask(sample, longer(bytes, by)), INFO_LENGTH_MISMATCH);
    });

    test('step 10: the output has room for what both know', () => {
      assert.equal(validateRequest(code, bytes, room - 1), BUFFER_TOO_SMALL);
      assert.equal(validateRequest(code, bytes, 0), BUFFER_TOO_SMALL);
      assert.equal(validateRequest(code, bytes, 0xffff_ffff), SUCCESS);
    });
  });
}

describe('step 8 of QUERY', () => {
  const asking = (count: number, said = count): Uint8Array =>
    bent(longer(query.bytes.subarray(0, 24), 4 * count), 16, 4, said);
  const room = 16 + 4096 * 64;

  test('1 to 4,096 pids', () => {
    for (const count of [1, 2, 4095, 4096]) assert.equal(validateRequest(query.code, asking(count), room), SUCCESS);
    for (const count of [0, 4097])
      assert.equal(validateRequest(query.code, asking(count), room + 64), INVALID_PARAMETER);
    for (const said of [0x4000_0000, 0x4000_0003, 0xffff_ffff]) {
      assert.equal(validateRequest(query.code, asking(3, said), room), INVALID_PARAMETER);
    }
  });

  test('and as many as are there', () => {
    for (const said of [2, 4]) assert.equal(validateRequest(query.code, asking(3, said), room), INFO_LENGTH_MISMATCH);
  });

  test('each has room in the output', () => {
    assert.equal(validateRequest(query.code, asking(4096), room - 1), BUFFER_TOO_SMALL);
  });
});

describe('step 9', () => {
  test('HELLO: nothing reserved, and a range of versions', () => {
    assert.equal(askBent(hello, 20, 4, 1), INVALID_PARAMETER);
    assert.equal(askBent(hello, 23, 1, 1), INVALID_PARAMETER);
    assert.equal(askBent(hello, 16, 2, 0), INVALID_PARAMETER);
    assert.equal(askBent(hello, 16, 2, 2), INVALID_PARAMETER);
    assert.equal(askBent(hello, 18, 2, 0), INVALID_PARAMETER);
    assert.equal(askBent(hello, 18, 2, 0xffff), SUCCESS);
    assert.equal(ask(hello, bent(hello.bytes, 16, 4, 0x0009_0007)), SUCCESS);
  });

  test('QUERY: nothing reserved', () => {
    assert.equal(askBent(query, 20, 4, 1), INVALID_PARAMETER);
    assert.equal(askBent(query, 20, 4, 0x8000_0000), INVALID_PARAMETER);
  });

  test('CENSUS: no flag but RESUME, and no cursor without it', () => {
    for (const flags of [2, 3, 0x8000_0000, 0xffff_fffe]) assert.equal(askBent(census, 16, 4, flags), NOT_SUPPORTED);
    assert.equal(askBent(census, 16, 4, 1), SUCCESS);
    assert.equal(ask(resuming, resuming.bytes), SUCCESS);
    assert.equal(askBent(resuming, 16, 4, 0), INVALID_PARAMETER);
    for (let offset = 20; offset < 40; offset++)
      assert.equal(askBent(census, offset, 1, 1), INVALID_PARAMETER, `${offset}`);
  });

  for (const [sample, what] of [
    [examine, 'EXAMINE'],
    [guard, 'GUARD'],
    [accepting, 'GUARD of a process'],
  ] as const) {
    test(`${what}: nothing reserved, then nothing unknown, then a kind`, () => {
      for (let offset = 56; offset < 64; offset++) assert.equal(askBent(sample, offset, 1, 1), INVALID_PARAMETER);
      for (const expect of [8, 0xf, 0x8000_0000]) assert.equal(askBent(sample, 32, 4, expect), NOT_SUPPORTED);
      for (const kind of [0, 3, 0x101, 0xffff_ffff]) assert.equal(askBent(sample, 24, 4, kind), INVALID_PARAMETER);
      assert.equal(ask(sample, bent(bent(sample.bytes, 56, 8, 1), 32, 4, 8)), INVALID_PARAMETER);
      assert.equal(ask(sample, bent(bent(sample.bytes, 24, 4, 0), 32, 4, 8)), NOT_SUPPORTED);
    });

    test(`${what}: any handle and any access`, () => {
      for (const handle of [0n, 1n, 0xffff_ffff_ffff_fffen, 0x8000_0000_0000_0000n]) {
        assert.equal(askBent(sample, 16, 8, handle), SUCCESS);
      }
      for (const access of [0, 0x1fffff, 0xffff_ffff]) assert.equal(askBent(sample, 28, 4, access), SUCCESS);
    });

    test(`${what}: what is expected is not 0, and what is not expected is`, () => {
      const nobody = [32, 36, 40, 44, 48, 52].reduce((bytes, offset) => bent(bytes, offset, 4, 0), sample.bytes);
      assert.equal(ask(sample, nobody), SUCCESS);
      for (const [bit, offset, width] of [
        [1, 36, 4],
        [2, 40, 8],
        [4, 48, 8],
      ] as const) {
        const expecting = bent(nobody, 32, 4, bit);
        assert.equal(ask(sample, expecting), INVALID_PARAMETER);
        for (let byte = 0; byte < width; byte++) {
          assert.equal(ask(sample, bent(expecting, offset + byte, 1, 1)), SUCCESS, `bit ${bit}`);
          assert.equal(ask(sample, bent(nobody, offset + byte, 1, 1)), INVALID_PARAMETER, `bit ${bit}`);
        }
      }
    });
  }

  test('GUARD: known operations, at least one, all of the kind', () => {
    for (const mask of [0x8000, 0x8001, 0x8000_0000]) assert.equal(askBent(guard, 64, 4, mask), NOT_SUPPORTED);
    for (const mask of [0, 2, 3, 0x6b7e, 0x7fff]) assert.equal(askBent(guard, 64, 4, mask), INVALID_PARAMETER);
    for (const mask of [1, 0x80, 0x400, 0x1000, 0x1481]) assert.equal(askBent(guard, 64, 4, mask), SUCCESS);
    for (const mask of [0, 1, 0x1000, 0x1481, 0x6b7f]) assert.equal(askBent(accepting, 64, 4, mask), INVALID_PARAMETER);
    for (const mask of [2, 0x4000, 0x6b7e]) assert.equal(askBent(accepting, 64, 4, mask), SUCCESS);
  });

  test('GUARD: only availability operations are accepted, of either kind', () => {
    for (const mask of [0, 0x1000, 0x2000, 0x4000, 0x7000]) assert.equal(askBent(guard, 68, 4, mask), SUCCESS);
    for (const mask of [1, 0x800, 0x7001, 0x7fff]) assert.equal(askBent(guard, 68, 4, mask), INVALID_PARAMETER);
    for (const mask of [0x8000, 0xf000, 0x8000_0000]) assert.equal(askBent(guard, 68, 4, mask), NOT_SUPPORTED);
  });
});

describe('the first step that fails gives the status', () => {
  /** Faults of a GUARD request in the order of the steps, each with the status of its own. */
  const faults: readonly (readonly [number, 1 | 2 | 4, number, number])[] = [
    [6, 2, 4, INVALID_PARAMETER],
    [4, 2, 9, REVISION_MISMATCH],
    [0, 4, 64, INFO_LENGTH_MISMATCH],
    [72, 1, 1, NOT_SUPPORTED],
    [56, 1, 1, INVALID_PARAMETER],
    [68, 4, 0x8000, NOT_SUPPORTED],
    [24, 4, 3, INVALID_PARAMETER],
  ];

  test('whatever else is wrong', () => {
    const newer = bent(longer(guard.bytes, 8), 0, 4, 80);
    assert.equal(ask(guard, newer), SUCCESS);
    faults.forEach(([, , , status], first) => {
      const request = faults.slice(first).reduce((bytes, [at, width, value]) => bent(bytes, at, width, value), newer);
      assert.equal(validateRequest(guard.code, request, 0), status, `fault ${first}`);
    });
    assert.equal(validateRequest(guard.code, newer, 0), BUFFER_TOO_SMALL);
  });

  test('a tail of QUERY comes before its count, the count before the length, the length before what is reserved', () => {
    const newer = bent(Uint8Array.of(...query.bytes.subarray(0, 24), 1, ...new Uint8Array(7)), 0, 4, 32);
    assert.equal(ask(query, bent(newer, 16, 4, 0)), NOT_SUPPORTED);
    const short = query.bytes.subarray(0, 24);
    assert.equal(ask(query, bent(bent(short, 16, 4, 0), 20, 4, 1)), INVALID_PARAMETER);
    assert.equal(ask(query, bent(short, 20, 4, 1)), INFO_LENGTH_MISMATCH);
    assert.equal(ask(stats, stats.bytes), SUCCESS);
  });
});
