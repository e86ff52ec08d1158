import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import { type CensusCursor, type CensusReply, Codec, chooseVersion } from '../../../lib/protocol/index.js';
import { bent, golden, longer } from './golden-bytes.js';

const codec = new Codec();
const reply = golden('census-reply');
const END: CensusCursor = { pid: 4242, sequence: 0x345n, createTime: 0x01db0b14e43c1000n };

const decode = (bytes: Uint8Array, after: CensusCursor | null = null): CensusReply => codec.decodeCensus(bytes, after);
const throws = (read: () => unknown, says: RegExp): void => {
  assert.throws(
    read,
    (error) => TrustletError.is(error) && error.code === 'ERR_TRUSTLET_PROTOCOL' && says.test(error.message),
  );
};

describe('names', () => {
  const NAME_LENGTH = 112 + 54;
  const NAME_OFFSET = 112 + 56;

  test('are decoded with their record, which no longer reads the reply', () => {
    const bytes = Uint8Array.from(reply);
    const { records } = decode(bytes);
    bytes[252] = 0x4d;
    const record = records.record(1);
    assert.equal(record.name, 'MsaIso.exe');
    bytes.fill(0);
    assert.equal(record.name, 'MsaIso.exe');
    assert.equal(record.pid, 812);
  });

  test('may be empty, and may hold anything 16 bits can', () => {
    assert.equal(decode(bent(reply, NAME_LENGTH, 2, 0)).records.record(1).name, '');
    assert.equal(decode(bent(reply, 252, 4, 0xdc00_0000)).records.record(1).name, '\u0000\udc00aIso.exe');
  });

  test('may end exactly where the reply ends, and share its bytes', () => {
    const shared = bent(bent(reply, NAME_OFFSET, 4, 240), NAME_LENGTH, 2, 42);
    assert.equal(decode(shared).records.record(1).name, 'SystemLsaIso.exeπ.exe');
    assert.equal(decode(bent(bent(reply, NAME_OFFSET, 4, 282), NAME_LENGTH, 2, 0)).records.record(1).name, '');
  });

  test('lie behind the records, within the reply, in whole units', () => {
    const names = /gives record 1 \(pid 812\) a name of \d+ bytes at \d+, which is not text/;
    for (const offset of [0, 112, 239, 264, 283, 0xffff_fff0, 0xffff_ffff]) {
      throws(() => decode(bent(reply, NAME_OFFSET, 4, offset)), names);
    }
    for (const length of [19, 32, 0xfffe]) throws(() => decode(bent(reply, NAME_LENGTH, 2, length)), names);
    throws(() => decode(reply.subarray(0, 281)), /gives record 2 \(pid 4242\) a name/);
  });

  test('are not looked for where there are none', () => {
    const nameless = bent(bent(reply, 112 + 20, 4, 0xff), NAME_OFFSET, 4, 0xffff_ffff);
    assert.equal(decode(nameless).records.record(1).name, null);
  });
});

describe('the parts of a census', () => {
  const last = bent(bent(bent(reply, 16, 4, 0), 44, 4, 0), 40, 4, 3);

  test('end with the one that has no more', () => {
    const part = decode(last);
    assert.deepEqual([part.total, part.remaining, part.next], [3, 0, null]);
    assert.equal(codec.encodeNextCensus(part), null);
  });

  test('may end with an empty one', () => {
    const empty = bent(bent(last.subarray(0, 48), 12, 4, 0), 40, 4, 0);
    assert.equal(decode(empty, END).records.length, 0);
  });

  test('are refused when their counts contradict one another', () => {
    throws(() => decode(bent(reply, 16, 4, 0)), /has 3 records, 4 remaining of 7 and does not say that there are more/);
    throws(() => decode(bent(reply, 44, 4, 0)), /0 remaining of 7 and says that there are more/);
    throws(() => decode(bent(reply, 40, 4, 6)), /3 records, 4 remaining of 6/);
    throws(() => decode(bent(reply, 12, 4, 0)), /has 0 records, 4 remaining of 7/);
    assert.equal(decode(bent(reply, 40, 4, 100)).total, 100);
  });

  test('pass over flags this package does not know', () => {
    assert.deepEqual(decode(bent(reply, 16, 4, 0xffff_ffff)).next, END);
    assert.equal(decode(bent(last, 16, 4, 0xffff_fffe)).next, null);
  });

  test('move on: by sequence, then create time, then pid', () => {
    const before: readonly CensusCursor[] = [
      { ...END, pid: 4238 },
      { ...END, createTime: END.createTime - 1n, pid: 9000 },
      { pid: 9000, createTime: END.createTime + 1n, sequence: END.sequence - 1n },
    ];
    for (const after of before) assert.deepEqual(decode(reply, after).next, END);
    const behind: readonly CensusCursor[] = [
      END,
      { ...END, pid: 4246 },
      { ...END, createTime: END.createTime + 1n, pid: 4 },
      { pid: 4, createTime: 0n, sequence: END.sequence + 1n },
    ];
    for (const after of behind)
      throws(() => decode(reply, after), /from byte 20 on that the census goes on behind pid 4242/);
    assert.equal(decode(last, { ...END, sequence: END.sequence + 1n }).next, null);
  });

  test('do not mind bytes between the records and the names', () => {
    const bytes = longer(reply, 8);
    bytes.copyWithin(248, 240, 282);
    const moved = [56, 120, 184].map((offset) => offset + 48);
    const shifted = moved.reduce(
      (each, offset, index) => bent(each, offset, 4, ([240, 252, 272][index] ?? 0) + 8),
      bytes,
    );
    assert.equal(decode(shifted).records.record(2).name, 'π.exe');
  });
});

describe('a version', () => {
  const range = (minVersion: number, maxVersion: number) => ({ minVersion, maxVersion });

  test('is the newest both speak, 0 where there is none', () => {
    const choices = [
      [range(1, 1), range(1, 1), 1],
      [range(1, 3), range(2, 5), 3],
      [range(2, 5), range(1, 3), 3],
      [range(1, 9), range(4, 4), 4],
      [range(4, 4), range(1, 9), 4],
      [range(1, 2), range(3, 4), 0],
      [range(3, 4), range(1, 2), 0],
    ] as const;
    for (const [client, driver, chosen] of choices) assert.equal(chooseVersion(client, driver), chosen);
  });
});
