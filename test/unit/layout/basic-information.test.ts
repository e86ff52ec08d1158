import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  basicInformationSize,
  decodeBasicInformation,
  decodeExtendedBasicInformation,
  encodeBasicInformation,
  encodeExtendedBasicInformation,
  extendedBasicInformationSize,
  newExtendedBasicInformation,
} from '../../../lib/layout/index.js';
import { hex, hexOf, isFormatError, refusesEveryPrefix, surrounded } from './bytes.js';

// Offsets: facts/nt.md 1.1. Padding holds ee, which no decoder may care about.
const x64 = (): Uint8Array =>
  hex(
    '40 00 00 00 00 00 00 00', //  0 Size 64
    '03 01 00 00 ee ee ee ee', //  8 ExitStatus 259
    '00 10 34 12 f6 7f 00 00', // 16 PebBaseAddress
    'ff 0f 00 00 00 00 00 80', // 24 AffinityMask
    'fe ff ff ff ee ee ee ee', // 32 BasePriority -2
    '2c 03 00 00 00 00 00 00', // 40 UniqueProcessId 812
    '80 02 00 00 00 00 00 00', // 48 InheritedFromUniqueProcessId 640
    '81 00 00 80 ee ee ee ee', // 56 Flags
  );
const x64Fields = {
  size: 64,
  exitStatus: 259,
  pebBaseAddress: 0x7ff612341000n,
  affinityMask: 0x8000000000000fffn,
  basePriority: -2,
  uniqueProcessId: 812,
  inheritedFromUniqueProcessId: 640,
  flags: 0x80000081,
};
const x86 = (): Uint8Array =>
  hex(
    '20 00 00 00', //  0 Size 32
    '22 00 00 c0', //  4 ExitStatus
    '00 f0 fd 7f', //  8 PebBaseAddress
    '0f 00 00 80', // 12 AffinityMask
    '08 00 00 00', // 16 BasePriority 8
    'fc ff ff ff', // 20 UniqueProcessId 4294967292
    '04 00 00 00', // 24 InheritedFromUniqueProcessId 4
    '02 00 00 00', // 28 Flags
  );
const x86Fields = {
  size: 32,
  exitStatus: 0xc0000022,
  pebBaseAddress: 0x7ffdf000n,
  affinityMask: 0x8000000fn,
  basePriority: 8,
  uniqueProcessId: 4294967292,
  inheritedFromUniqueProcessId: 4,
  flags: 2,
};

describe('PROCESS_EXTENDED_BASIC_INFORMATION', () => {
  test('is 64 bytes on x64 and 32 on x86', () => {
    assert.equal(extendedBasicInformationSize(8), 64);
    assert.equal(extendedBasicInformationSize(4), 32);
  });

  test('a buffer to query with has its Size, and every flag set: one that nobody writes makes no ordinary process', () => {
    assert.equal(hexOf(newExtendedBasicInformation(8)), `40${'00'.repeat(55)}ffffffff00000000`);
    assert.equal(hexOf(newExtendedBasicInformation(4)), `20${'00'.repeat(27)}ffffffff`);
  });

  test('x64 members are read at their offsets, padding ignored, unknown flag bits kept', () => {
    assert.deepEqual(decodeExtendedBasicInformation(x64(), 8), x64Fields);
  });

  test('x86 members are read at their offsets; NTSTATUS and pids stay unsigned', () => {
    assert.deepEqual(decodeExtendedBasicInformation(x86(), 4), x86Fields);
  });

  test('encoding writes the same bytes, padding zero', () => {
    assert.equal(hexOf(encodeExtendedBasicInformation(x64Fields, 8)), hexOf(x64()).replaceAll('eeeeeeee', '00000000'));
    assert.equal(hexOf(encodeExtendedBasicInformation(x86Fields, 4)), hexOf(x86()));
  });

  test('encoding for x86 keeps the low half of addresses', () => {
    const bytes = encodeExtendedBasicInformation({ ...x86Fields, pebBaseAddress: 0x1_7ffdf000n }, 4);
    assert.equal(hexOf(bytes), hexOf(x86()));
  });

  test('is read from a subarray without a glance at its neighbours', () => {
    assert.deepEqual(decodeExtendedBasicInformation(surrounded(x64(), 0xff), 8), x64Fields);
    assert.deepEqual(decodeExtendedBasicInformation(surrounded(x86(), 0xff), 4), x86Fields);
  });

  test('one decode leaves nothing behind for the next', () => {
    decodeExtendedBasicInformation(x64(), 8);
    assert.deepEqual(decodeExtendedBasicInformation(x86(), 4), x86Fields);
    const zero = { ...x64Fields, exitStatus: 0, pebBaseAddress: 0n, affinityMask: 0n, basePriority: 0, flags: 0 };
    assert.deepEqual(decodeExtendedBasicInformation(hex('40', '00'.repeat(63)), 8), {
      ...zero,
      uniqueProcessId: 0,
      inheritedFromUniqueProcessId: 0,
    });
  });

  test('a result is its own: decoding again does not change it', () => {
    const first = decodeExtendedBasicInformation(x64(), 8);
    decodeExtendedBasicInformation(newExtendedBasicInformation(8), 8);
    assert.deepEqual(first, x64Fields);
  });

  test('a truncated structure is refused at every length', () => {
    refusesEveryPrefix(x64(), (bytes) => decodeExtendedBasicInformation(bytes, 8));
    refusesEveryPrefix(x86(), (bytes) => decodeExtendedBasicInformation(bytes, 4));
  });

  test('a longer structure is read like one that ends where ours does', () => {
    assert.deepEqual(decodeExtendedBasicInformation(hex(hexOf(x64()), 'dd'.repeat(16)), 8), x64Fields);
  });

  test('any Size but the one that was asked for is refused, whatever the flags say', () => {
    for (const size of [0, 48, 63, 65, 80]) {
      const lying = x64();
      lying[0] = size;
      assert.throws(() => decodeExtendedBasicInformation(lying, 8), isFormatError);
    }
    const lying = x86();
    lying[0] = 31;
    assert.throws(() => decodeExtendedBasicInformation(lying, 4), isFormatError);
  });

  test('a pid or Size above 2^32 is refused, never cut to another one', () => {
    for (const highHalf of [4, 44, 52]) {
      const lying = x64();
      lying[highHalf] = 1;
      assert.throws(() => decodeExtendedBasicInformation(lying, 8), isFormatError);
    }
  });
});

describe('PROCESS_BASIC_INFORMATION', () => {
  const { size: _size64, flags: _flags64, ...plain64 } = x64Fields;
  const { size: _size32, flags: _flags32, ...plain32 } = x86Fields;

  test('is 48 bytes on x64 and 24 on x86', () => {
    assert.equal(basicInformationSize(8), 48);
    assert.equal(basicInformationSize(4), 24);
  });

  test('is the extended form without its Size and Flags', () => {
    assert.deepEqual(decodeBasicInformation(x64().subarray(8, 56), 8), plain64);
    assert.deepEqual(decodeBasicInformation(x86().subarray(4, 28), 4), plain32);
  });

  test('encoding writes 48 and 24 bytes, without flags', () => {
    assert.equal(
      hexOf(encodeBasicInformation(plain64, 8)),
      hexOf(x64().subarray(8, 56)).replaceAll('eeeeeeee', '00000000'),
    );
    assert.equal(hexOf(encodeBasicInformation(x86Fields, 4)), hexOf(x86().subarray(4, 28)));
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(x64().slice(8, 56), (bytes) => decodeBasicInformation(bytes, 8));
    refusesEveryPrefix(x86().slice(4, 28), (bytes) => decodeBasicInformation(bytes, 4));
    assert.deepEqual(decodeBasicInformation(x64().subarray(8), 8), plain64);
  });
});
