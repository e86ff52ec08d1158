import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSuccess, ntstatusName, Status, statusHex, win32FromStatus } from '../../lib/ntstatus.js';

// facts/nt.md section 9; those it does not list are the values and RtlNtStatusToDosError results of the SDK's ntstatus.h.
const statuses: readonly (readonly [keyof typeof Status, number, number | undefined])[] = [
  ['SUCCESS', 0x00000000, 0],
  ['PENDING', 0x00000103, 997],
  ['DATATYPE_MISALIGNMENT', 0x80000002, 998],
  ['BUFFER_OVERFLOW', 0x80000005, 234],
  ['PARTIAL_COPY', 0x8000000d, 299],
  ['NO_MORE_ENTRIES', 0x8000001a, 259],
  ['SECUREBOOT_NOT_ENABLED', 0x80430006, undefined],
  ['UNSUCCESSFUL', 0xc0000001, 31],
  ['NOT_IMPLEMENTED', 0xc0000002, 1],
  ['INVALID_INFO_CLASS', 0xc0000003, 87],
  ['INFO_LENGTH_MISMATCH', 0xc0000004, 24],
  ['ACCESS_VIOLATION', 0xc0000005, 998],
  ['INVALID_HANDLE', 0xc0000008, 6],
  ['INVALID_CID', 0xc000000b, 87],
  ['INVALID_PARAMETER', 0xc000000d, 87],
  ['NO_SUCH_DEVICE', 0xc000000e, 2],
  ['INVALID_DEVICE_REQUEST', 0xc0000010, 1],
  ['NO_MEMORY', 0xc0000017, 8],
  ['CONFLICTING_ADDRESSES', 0xc0000018, 487],
  ['INVALID_SYSTEM_SERVICE', 0xc000001c, 1],
  ['ACCESS_DENIED', 0xc0000022, 5],
  ['BUFFER_TOO_SMALL', 0xc0000023, 122],
  ['OBJECT_TYPE_MISMATCH', 0xc0000024, 6],
  ['OBJECT_NAME_NOT_FOUND', 0xc0000034, 2],
  ['SUSPEND_COUNT_EXCEEDED', 0xc000004a, 156],
  ['THREAD_IS_TERMINATING', 0xc000004b, 5],
  ['SECTION_PROTECTION', 0xc000004e, 87],
  ['DELETE_PENDING', 0xc0000056, 5],
  ['REVISION_MISMATCH', 0xc0000059, 1306],
  ['PRIVILEGE_NOT_HELD', 0xc0000061, 1314],
  ['INSUFFICIENT_RESOURCES', 0xc000009a, 1450],
  ['DEVICE_NOT_CONNECTED', 0xc000009d, 1167],
  ['NOT_SUPPORTED', 0xc00000bb, 50],
  ['DEVICE_DOES_NOT_EXIST', 0xc00000c0, 55],
  ['PROCESS_IS_TERMINATING', 0xc000010a, 5],
  ['CANCELLED', 0xc0000120, 995],
  ['FILE_CLOSED', 0xc0000128, 6],
  ['DEVICE_REMOVED', 0xc00002b6, 1617],
  ['PORT_NOT_SET', 0xc0000353, undefined],
  ['DRIVER_BLOCKED', 0xc000036c, 1275],
  ['INVALID_IMAGE_HASH', 0xc0000428, 577],
  ['PROCESS_IS_PROTECTED', 0xc0000712, undefined],
  ['FLT_INSTANCE_ALTITUDE_COLLISION', 0xc01c0011, undefined],
];

describe('NTSTATUS', () => {
  test('each status has its value, its name and its Win32 code', () => {
    for (const [name, value, win32] of statuses) {
      assert.equal(Status[name], value, name);
      assert.equal(ntstatusName(value), `STATUS_${name}`);
      assert.equal(win32FromStatus(value), win32, name);
    }
    assert.deepEqual(Object.keys(Status).sort(), statuses.map(([name]) => name).sort());
  });

  test('signed and unsigned forms are the same status', () => {
    assert.equal(ntstatusName(-1073741790), 'STATUS_ACCESS_DENIED');
    assert.equal(win32FromStatus(-1073741790), 5);
    assert.equal(statusHex(-1073741790), '0xC0000022');
  });

  test('a status not listed is named by its hexadecimal number, and has no Win32 code', () => {
    assert.equal(ntstatusName(0xc0123abc), '0xC0123ABC');
    assert.equal(win32FromStatus(0xc0123abc), undefined);
    assert.equal(statusHex(0x102), '0x00000102');
  });

  test('success and informational severities succeed, warnings and errors do not', () => {
    for (const status of [0, 0x103, 0x40000000, 0x7fffffff]) assert.equal(isSuccess(status), true);
    for (const status of [0x80000000, 0x80000005, 0xc0000022, 0xffffffff, -1]) assert.equal(isSuccess(status), false);
  });
});
