import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import { encodeProcessList, ProcessList, type ProcessListEntry } from '../../../lib/layout/index.js';
import { hex, hexOf, isFormatError, surrounded } from './bytes.js';

/** Zeroed bytes with fields written at literal offsets. */
const fields = (length: number, ...written: readonly (readonly [number, string])[]): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (const [offset, digits] of written) bytes.set(hex(digits), offset);
  return bytes;
};

// Offsets: facts/nt.md 4.1. The second name's address is above a multiple of 2^32, the first one's below it.
const BASE64 = 0x1_ffff_fc00n;
const x64 = (): Uint8Array =>
  fields(
    1528,
    // System: 256 + 2 * 80 threads, extension at 416, name at 784
    [0, '20 03 00 00'], //              NextEntryOffset 800
    [4, '02 00 00 00'], //              NumberOfThreads
    [32, '01 00 00 00 00 00 00 80'], // CreateTime
    [56, '0c 00 0e 00'], //             ImageName.Length, MaximumLength
    [64, '10 ff ff ff 01 00 00 00'], // ImageName.Buffer
    [80, '04 00 00 00 00 00 00 00'], // UniqueProcessId
    [296, '04 00 00 00'], //            thread 0 ClientId
    [304, '08 00 00 00'],
    [376, '04 00 00 00'], //            thread 1 ClientId
    [384, '0c 00 00 00'],
    [416 + 48, '02 00 00 00'], //       Flags: classification 1
    [416 + 360, '02 00 00 00'], //      ProcessSequenceNumber
    [784, '53 00 79 00 73 00 74 00 65 00 6d 00'],
    // LsaIso.exe at 800: 1 thread, extension at 1136, name at 1504
    [804, '01 00 00 00'],
    [832, '00 80 3e d5 de b1 9d 01'],
    [856, '14 00 16 00'],
    [864, 'e0 01 00 00 02 00 00 00'],
    [880, '2c 03 00 00'],
    [888, '80 02 00 00'],
    [900, '07 00 00 00'], //            SessionId
    [1096, '2c 03 00 00'],
    [1104, '30 03 00 00'],
    [1136 + 48, '00 00 00 00'],
    [1136 + 360, 'ff ff ff ff ff ff 00 00'],
    [1504, '4c 00 73 00 61 00 49 00 73 00 6f 00 2e 00 65 00 78 00 65 00'],
  );
const x64Entries: readonly ProcessListEntry[] = [
  {
    pid: 4,
    parentPid: 0,
    name: 'System',
    sessionId: 0,
    createTime: 0x8000000000000001n,
    tids: [8, 12],
    classification: 1,
    sequenceNumber: 2n,
  },
  {
    pid: 812,
    parentPid: 640,
    name: 'LsaIso.exe',
    sessionId: 7,
    createTime: 0x019db1ded53e8000n,
    tids: [816],
    classification: 0,
    sequenceNumber: 0xffffffffffffn,
  },
];
const X64 = { base: BASE64, wordSize: 8, extension: true } as const;

const BASE86 = 0x00400000n;
const x86 = (): Uint8Array =>
  fields(
    184 + 64 + 360 + 16,
    [4, '01 00 00 00'], //         NumberOfThreads
    [32, '05 00 00 00 06 00 00 00'], // CreateTime
    [56, '0a 00 0c 00'], //        ImageName.Length, MaximumLength
    [60, '60 02 40 00'], //        ImageName.Buffer: name at 608
    [68, '2c 03 00 00'], //        UniqueProcessId
    [72, '80 02 00 00'], //        InheritedFromUniqueProcessId
    [80, '03 00 00 00'], //        SessionId
    [184 + 32, '2c 03 00 00'], //  ClientId
    [184 + 36, '30 03 00 00'],
    [248 + 48, '08 00 00 00'], //  Flags: classification 4
    [248 + 352, '39 30 00 00'], // ProcessSequenceNumber
    [608, '61 00 2e 00 65 00 78 00 65 00'],
  );
const x86Entry: ProcessListEntry = {
  pid: 812,
  parentPid: 640,
  name: 'a.exe',
  sessionId: 3,
  createTime: 0x0000000600000005n,
  tids: [816],
  classification: 4,
  sequenceNumber: 12345n,
};
const X86 = { base: BASE86, wordSize: 4, extension: true } as const;

const entriesOf = (list: ProcessList): unknown[] =>
  Array.from({ length: list.length }, (_, i) => ({
    pid: list.pid(i),
    parentPid: list.parentPid(i),
    name: list.name(i),
    sessionId: list.sessionId(i),
    createTime: list.createTime(i),
    tids: list.tids(i),
    classification: list.classification(i),
    sequenceNumber: list.sequenceNumber(i),
  }));

describe('SYSTEM_PROCESS_INFORMATION, reading', () => {
  test('x64 members are read at their offsets', () => {
    const list = ProcessList.index(x64(), X64);
    assert.equal(list.length, 2);
    assert.deepEqual([list.threadCount(0), list.threadCount(1)], [2, 1]);
    assert.deepEqual(entriesOf(list), x64Entries);
  });

  test('x86 members are read at their offsets', () => {
    const list = ProcessList.index(x86(), X86);
    assert.equal(list.length, 1);
    assert.equal(list.threadCount(0), 1);
    assert.deepEqual(entriesOf(list), [x86Entry]);
  });

  test('neighbours in memory are not read', () => {
    assert.deepEqual(entriesOf(ProcessList.index(surrounded(x64(), 0xff), X64)), x64Entries);
    assert.deepEqual(entriesOf(ProcessList.index(surrounded(x86(), 0xff), X86)), [x86Entry]);
  });

  test('without extension classification and sequence number are null', () => {
    const list = ProcessList.index(x64(), { ...X64, extension: false });
    assert.deepEqual([list.classification(0), list.sequenceNumber(1)], [null, null]);
    assert.equal(list.name(1), 'LsaIso.exe');
  });

  test('an extension that does not fit its entry is absent, for that entry only', () => {
    const bytes = x64().subarray(0, 1136 + 367);
    const list = ProcessList.index(bytes, X64);
    assert.deepEqual([list.classification(0), list.classification(1)], [1, null]);
    assert.deepEqual([list.sequenceNumber(0), list.sequenceNumber(1)], [2n, null]);
    const fitting = ProcessList.index(x64().subarray(0, 1136 + 368), X64);
    assert.deepEqual([fitting.classification(1), fitting.sequenceNumber(1)], [0, 0xffffffffffffn]);
  });

  test('where an extension would be but the name is, there is no extension', () => {
    for (const nameAt of [1136, 1136 + 366]) {
      const bytes = x64();
      new DataView(bytes.buffer).setBigUint64(864, BASE64 + BigInt(nameAt), true);
      const list = ProcessList.index(bytes, X64);
      assert.deepEqual([list.classification(1), list.sequenceNumber(1)], [null, null]);
      assert.deepEqual([list.classification(0), list.sequenceNumber(0)], [1, 2n]);
    }
  });

  test('only bits 1 to 4 of the flags are the classification', () => {
    const bytes = x64();
    bytes.set(hex('ff ff ff ff'), 416 + 48);
    bytes.set(hex('e5 ff ff ff'), 1136 + 48);
    const list = ProcessList.index(bytes, X64);
    assert.deepEqual([list.classification(0), list.classification(1)], [15, 2]);
  });

  test('a process without threads is read', () => {
    const list = ProcessList.index(fields(256, [80, '00 00 00 00']), X64);
    assert.deepEqual([list.length, list.pid(0), list.tids(0), list.name(0)], [1, 0, [], null]);
    assert.deepEqual([list.classification(0), list.sequenceNumber(0)], [null, null]);
  });

  test('an index outside the list is a wrong argument', () => {
    const list = ProcessList.index(x64(), X64);
    const wrongArgument = (error: unknown): boolean =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT' && error.message.includes('2 entries');
    for (const index of [-1, 2, 0.5, Number.NaN, 2 ** 32]) {
      assert.throws(() => list.pid(index), wrongArgument);
      assert.throws(() => list.createTime(index), wrongArgument);
      assert.throws(() => list.parentPid(index), wrongArgument);
      assert.throws(() => list.sessionId(index), wrongArgument);
      assert.throws(() => list.threadCount(index), wrongArgument);
      assert.throws(() => list.name(index), wrongArgument);
      assert.throws(() => list.tids(index), wrongArgument);
      assert.throws(() => list.classification(index), wrongArgument);
      assert.throws(() => list.sequenceNumber(index), wrongArgument);
    }
  });
});

describe('SYSTEM_PROCESS_INFORMATION, names', () => {
  const nameAt = (pointer: bigint, length: number): string | null => {
    const bytes = x64();
    const view = new DataView(bytes.buffer);
    view.setUint16(856, length, true);
    view.setBigUint64(864, pointer, true);
    return ProcessList.index(surrounded(bytes, 0x41), X64).name(1);
  };

  test('a name may end with the buffer, not after it', () => {
    assert.equal(nameAt(BASE64 + 1508n, 20), 'aIso.exe\0\0');
    assert.equal(nameAt(BASE64 + 1508n, 22), null);
  });

  test('a pointer below, behind or nowhere near the buffer gives no name', () => {
    for (const pointer of [0n, BASE64 - 2n, BASE64 + 1528n, BASE64 + (1n << 32n) + 1504n, 0xffffffffffffffffn]) {
      assert.equal(nameAt(pointer, 4), null);
    }
    assert.equal(nameAt(1504n, 20), null);
  });

  test('an absent name, and one of half a character, is null', () => {
    assert.equal(nameAt(BASE64 + 1504n, 0), null);
    assert.equal(nameAt(BASE64 + 1504n, 19), null);
  });

  test('UTF-16 comes through as it stands, lone surrogates too', () => {
    const bytes = x64();
    bytes.set(hex('3d d8 00 de 00 d8 e9 00 00 00'), 1504);
    bytes[856] = 10;
    assert.equal(ProcessList.index(bytes, X64).name(1), '\u{1f600}\ud800\u00e9\0');
  });

  test('x86 pointers have no upper half', () => {
    assert.equal(ProcessList.index(x86(), { ...X86, base: 0x1_0040_0000n }).name(0), null);
    const bytes = x86();
    bytes.set(hex('ff ff ff ff'), 64); // BasePriority, where x64 has the pointer
    assert.equal(ProcessList.index(bytes, X86).name(0), 'a.exe');
  });
});

describe('SYSTEM_PROCESS_INFORMATION, lies', () => {
  const refused = (bytes: Uint8Array, options: Parameters<typeof ProcessList.index>[1] = X64): void => {
    assert.throws(() => ProcessList.index(surrounded(bytes, 0), options), isFormatError);
  };
  const changed = (...written: readonly (readonly [number, string])[]): Uint8Array => {
    const bytes = x64();
    for (const [offset, digits] of written) bytes.set(hex(digits), offset);
    return bytes;
  };

  test('an entry cut short is refused at every length', () => {
    for (let length = 0; length < 256; length += 1) refused(x64().subarray(0, length));
    for (let length = 0; length < 184; length += 1) refused(x86().subarray(0, length), X86);
    // The second entry: present as soon as its fixed part and its thread are.
    for (let length = 256; length < 800 + 256 + 80; length += 1) refused(x64().subarray(0, length));
    assert.equal(ProcessList.index(x64().subarray(0, 800 + 256 + 80), X64).length, 2);
  });

  test('NextEntryOffset may not lead to the same entry, into it, back or outside', () => {
    for (const next of ['01 00 00 00', 'ff 00 00 00', '9f 01 00 00', 'e0 fc ff ff', 'ff ff ff ff', 'f9 05 00 00']) {
      refused(changed([0, next]));
    }
    refused(changed([800, 'e0 fc ff ff'])); // back to the first entry, were it signed
  });

  test('threads may not run into the next entry or out of the buffer', () => {
    refused(changed([4, '07 00 00 00'])); // 256 + 7 * 80 = 816 > 800
    assert.equal(ProcessList.index(changed([4, '06 00 00 00']), X64).threadCount(0), 6);
    refused(changed([804, '06 00 00 00'])); // 800 + 256 + 6 * 80 = 1536 > 1528
    refused(changed([4, 'ff ff ff ff']));
    refused(changed([804, 'ff ff ff ff']));
  });

  test('a pid above 2^32 is refused, never cut to another one', () => {
    refused(changed([84, '01 00 00 00']));
    refused(changed([92, '00 00 00 80']));
    refused(changed([884, '01 00 00 00']));
    refused(changed([892, '01 00 00 00']));
  });

  test('a tid above 2^32 is refused when the threads are read', () => {
    const list = ProcessList.index(changed([308, '01 00 00 00']), X64);
    assert.throws(() => list.tids(0), isFormatError);
    assert.deepEqual(list.tids(1), [816]);
  });
});

describe('SYSTEM_PROCESS_INFORMATION, writing', () => {
  test('x64 entries become the bytes they are read from', () => {
    const { bytes, needed } = encodeProcessList(x64Entries, X64);
    assert.equal(needed, 1528);
    assert.ok(bytes);
    assert.equal(hexOf(bytes), hexOf(x64()));
  });

  test('an x86 entry becomes the bytes it is read from', () => {
    const { bytes, needed } = encodeProcessList([x86Entry], X86);
    assert.equal(needed, 624);
    assert.ok(bytes);
    assert.equal(hexOf(bytes), hexOf(x86()));
  });

  test('without extension the name follows the threads', () => {
    const { bytes } = encodeProcessList([x86Entry], { ...X86, extension: false });
    assert.ok(bytes);
    assert.equal(bytes.length, 264);
    assert.equal(hexOf(bytes.subarray(60, 64)), 'f8004000');
    assert.equal(hexOf(bytes.subarray(248)), '61002e0065007800650000000000000000'.slice(0, 32));
  });

  test('a target that is too small stays untouched and the length needed is told', () => {
    const target = new Uint8Array(1527).fill(0xab);
    assert.deepEqual(encodeProcessList(x64Entries, { ...X64, target }), { bytes: null, needed: 1528 });
    assert.ok(target.every((byte) => byte === 0xab));
  });

  test('a larger target is written to in place, cleared first, and not beyond', () => {
    const whole = new Uint8Array(2000).fill(0xab);
    const target = whole.subarray(100, 1900);
    const { bytes } = encodeProcessList(x64Entries, { ...X64, target });
    assert.ok(bytes);
    assert.equal(bytes.buffer, whole.buffer);
    assert.equal(hexOf(bytes), hexOf(x64()));
    assert.ok(whole.subarray(0, 100).every((byte) => byte === 0xab));
    assert.ok(whole.subarray(1628).every((byte) => byte === 0xab));
  });

  test('a process without a name has none, empty or null', () => {
    for (const name of ['', null]) {
      const { bytes, needed } = encodeProcessList([{ ...x86Entry, name, tids: [] }], { ...X64, extension: false });
      assert.equal(needed, 256);
      assert.ok(bytes);
      assert.equal(hexOf(bytes.subarray(56, 72)), '00'.repeat(16));
      assert.equal(ProcessList.index(bytes, { ...X64, extension: false }).name(0), null);
    }
  });

  test('no entries make no bytes', () => {
    assert.deepEqual(encodeProcessList([], X64), { bytes: new Uint8Array(0), needed: 0 });
  });

  test('the longest name a UNICODE_STRING holds is written, one more character is refused', () => {
    const named = (units: number): readonly ProcessListEntry[] => [{ ...x86Entry, name: 'n'.repeat(units) }];
    const { bytes } = encodeProcessList(named(32766), X64);
    assert.ok(bytes);
    assert.equal(hexOf(bytes.subarray(56, 60)), 'fcfffeff');
    assert.equal(ProcessList.index(bytes, X64).name(0), 'n'.repeat(32766));
    assert.throws(
      () => encodeProcessList(named(32767), X64),
      (error) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT' && error.pid === 812,
    );
  });

  test('a list that leaves the address space is refused, one that ends with it is written', () => {
    const wrongArgument = (error: unknown): boolean =>
      error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT';
    assert.throws(() => encodeProcessList(x64Entries, { ...X64, base: -1n }), wrongArgument);
    assert.throws(() => encodeProcessList(x64Entries, { ...X64, base: (1n << 64n) - 1527n }), wrongArgument);
    assert.throws(() => encodeProcessList([x86Entry], { ...X86, base: (1n << 32n) - 623n }), wrongArgument);
    const last = { ...X86, base: (1n << 32n) - 624n };
    const { bytes } = encodeProcessList([x86Entry], last);
    assert.ok(bytes);
    assert.deepEqual(entriesOf(ProcessList.index(bytes, last)), [x86Entry]);
  });

  test('10,000 processes are indexed without a word about the size', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...x86Entry, pid: 4 * i, sequenceNumber: BigInt(i) }));
    const { bytes } = encodeProcessList(many, X64);
    assert.ok(bytes);
    const list = ProcessList.index(bytes, X64);
    assert.equal(list.length, 10_000);
    assert.deepEqual([list.pid(9_999), list.sequenceNumber(9_999), list.name(9_999)], [39_996, 9_999n, 'a.exe']);
  });
});
