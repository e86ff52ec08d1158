import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decodeProcessTimes,
  decodeTelemetryId,
  decodeThreadBasicInformation,
  encodeProcessTimes,
  encodeTelemetryId,
  encodeThreadBasicInformation,
  TELEMETRY_ID_FIXED_SIZE,
  threadBasicInformationSize,
} from '../../../lib/layout/index.js';
import { hex, hexOf, isFormatError, refusesEveryPrefix, surrounded } from './bytes.js';

describe('KERNEL_USER_TIMES', () => {
  const bytes = hex(
    '00 80 3e d5 de b1 9d 01', //  0 CreateTime
    '01 00 00 00 00 00 00 00', //  8 ExitTime
    'ff ff ff ff ff ff ff ff', // 16 KernelTime, never negative
    '00 00 00 00 01 00 00 00', // 24 UserTime
  );
  const times = {
    createTime: 0x019db1ded53e8000n,
    exitTime: 1n,
    kernelTime: 0xffffffffffffffffn,
    userTime: 0x100000000n,
  };

  test('is four 64-bit words', () => {
    assert.deepEqual(decodeProcessTimes(bytes), times);
    assert.deepEqual(decodeProcessTimes(surrounded(bytes, 0xaa)), times);
    assert.equal(hexOf(encodeProcessTimes(times)), hexOf(bytes));
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(bytes, decodeProcessTimes);
    assert.deepEqual(decodeProcessTimes(hex(hexOf(bytes), 'dd')), times);
  });
});

describe('PROCESS_TELEMETRY_ID_INFORMATION', () => {
  // facts/nt.md 4.3; members that are not read hold ee.
  const bytes = hex(
    '60 00 00 00', //             0 HeaderSize 96
    '2c 03 00 00', //             4 ProcessId 812
    '39 05 00 00 00 00 07 00', // 8 ProcessStartKey: boot 7, sequence 1337
    '00 80 3e d5 de b1 9d 01', // 16 CreateTime
    'ee'.repeat(16), //          24 CreateInterruptTime, CreateUnbiasedInterruptTime
    '39 05 00 00 00 00 00 00', // 40 ProcessSequenceNumber
    'ee'.repeat(8), //           48 SessionCreateTime
    'ff ff ff ff', //            56 SessionId
    '07 00 00 00', //            60 BootId
    'ee'.repeat(32), //          64 checksum, time stamp, five offsets, padding
  );
  const id = {
    processId: 812,
    startKey: 0x0007000000000539n,
    createTime: 0x019db1ded53e8000n,
    sequenceNumber: 1337n,
    sessionId: 4294967295,
    bootId: 7,
  };

  test('has a fixed part of 96 bytes, the same for both word sizes', () => {
    assert.equal(TELEMETRY_ID_FIXED_SIZE, 96);
    assert.equal(bytes.length, 96);
    assert.deepEqual(decodeTelemetryId(bytes, 8), id);
    assert.deepEqual(decodeTelemetryId(bytes, 4), id);
    assert.deepEqual(decodeTelemetryId(surrounded(bytes, 0x55), 8), id);
  });

  test('encoding writes the same, unknown members zero', () => {
    assert.equal(hexOf(encodeTelemetryId(id, 8)), hexOf(bytes).replaceAll('ee', '00'));
    assert.equal(hexOf(encodeTelemetryId(id, 4)), hexOf(bytes).replaceAll('ee', '00'));
  });

  test('a truncated one is refused, strings behind it are not looked at', () => {
    refusesEveryPrefix(bytes, (part) => decodeTelemetryId(part, 8));
    assert.deepEqual(decodeTelemetryId(hex(hexOf(bytes), 'dd'.repeat(928)), 8), id);
  });
});

describe('THREAD_BASIC_INFORMATION', () => {
  const x64 = (): Uint8Array =>
    hex(
      '03 01 00 00 ee ee ee ee', //  0 ExitStatus 259
      'ee'.repeat(8), //             8 TebBaseAddress
      '2c 03 00 00 00 00 00 00', // 16 ClientId.UniqueProcess 812
      '34 12 00 00 00 00 00 00', // 24 ClientId.UniqueThread 4660
      'ee'.repeat(8), //            32 AffinityMask
      'ee'.repeat(8), //            40 Priority, BasePriority
    );
  const x86 = (): Uint8Array =>
    hex(
      '03 01 00 00', //   0 ExitStatus 259
      'ee ee ee ee', //   4 TebBaseAddress
      '2c 03 00 00', //   8 ClientId.UniqueProcess
      '34 12 00 00', //  12 ClientId.UniqueThread
      'ee'.repeat(12), // 16 AffinityMask, Priority, BasePriority
    );
  const info = { exitStatus: 259, uniqueProcess: 812, uniqueThread: 4660 };

  test('is 48 bytes on x64 and 28 on x86', () => {
    assert.equal(threadBasicInformationSize(8), 48);
    assert.equal(threadBasicInformationSize(4), 28);
  });

  test('members are read and written at their offsets', () => {
    assert.deepEqual(decodeThreadBasicInformation(x64(), 8), info);
    assert.deepEqual(decodeThreadBasicInformation(x86(), 4), info);
    assert.deepEqual(decodeThreadBasicInformation(surrounded(x64(), 0xff), 8), info);
    assert.equal(hexOf(encodeThreadBasicInformation(info, 8)), hexOf(x64()).replaceAll('ee', '00'));
    assert.equal(hexOf(encodeThreadBasicInformation(info, 4)), hexOf(x86()).replaceAll('ee', '00'));
  });

  test('a truncated one is refused, a longer one is read', () => {
    refusesEveryPrefix(x64(), (bytes) => decodeThreadBasicInformation(bytes, 8));
    refusesEveryPrefix(x86(), (bytes) => decodeThreadBasicInformation(bytes, 4));
    assert.deepEqual(decodeThreadBasicInformation(hex(hexOf(x64()), 'dd'), 8), info);
  });

  test('a pid or tid above 2^32 is refused', () => {
    for (const highHalf of [20, 28]) {
      const lying = x64();
      lying[highHalf + 3] = 0x80;
      assert.throws(() => decodeThreadBasicInformation(lying, 8), isFormatError);
    }
  });
});
