/**
 * NTSTATUS values this project meets, their names and usual Win32 codes.
 *
 * Values: facts/nt.md section 9 and its sources. The Win32 column is the customary RtlNtStatusToDosError result; on Windows the
 * ntdll backend asks that function itself, so this column serves the emulator and messages only.
 */

/** The statuses by name, each an unsigned 32-bit number. */
export const Status = {
  SUCCESS: 0x00000000,
  PENDING: 0x00000103,
  DATATYPE_MISALIGNMENT: 0x80000002,
  BUFFER_OVERFLOW: 0x80000005,
  PARTIAL_COPY: 0x8000000d,
  NO_MORE_ENTRIES: 0x8000001a,
  SECUREBOOT_NOT_ENABLED: 0x80430006,
  UNSUCCESSFUL: 0xc0000001,
  NOT_IMPLEMENTED: 0xc0000002,
  INVALID_INFO_CLASS: 0xc0000003,
  INFO_LENGTH_MISMATCH: 0xc0000004,
  ACCESS_VIOLATION: 0xc0000005,
  INVALID_HANDLE: 0xc0000008,
  INVALID_CID: 0xc000000b,
  INVALID_PARAMETER: 0xc000000d,
  NO_SUCH_DEVICE: 0xc000000e,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  NO_MEMORY: 0xc0000017,
  CONFLICTING_ADDRESSES: 0xc0000018,
  INVALID_SYSTEM_SERVICE: 0xc000001c,
  ACCESS_DENIED: 0xc0000022,
  BUFFER_TOO_SMALL: 0xc0000023,
  OBJECT_TYPE_MISMATCH: 0xc0000024,
  OBJECT_NAME_NOT_FOUND: 0xc0000034,
  SUSPEND_COUNT_EXCEEDED: 0xc000004a,
  THREAD_IS_TERMINATING: 0xc000004b,
  SECTION_PROTECTION: 0xc000004e,
  DELETE_PENDING: 0xc0000056,
  REVISION_MISMATCH: 0xc0000059,
  PRIVILEGE_NOT_HELD: 0xc0000061,
  INSUFFICIENT_RESOURCES: 0xc000009a,
  DEVICE_NOT_CONNECTED: 0xc000009d,
  NOT_SUPPORTED: 0xc00000bb,
  DEVICE_DOES_NOT_EXIST: 0xc00000c0,
  PROCESS_IS_TERMINATING: 0xc000010a,
  CANCELLED: 0xc0000120,
  FILE_CLOSED: 0xc0000128,
  DEVICE_REMOVED: 0xc00002b6,
  PORT_NOT_SET: 0xc0000353,
  DRIVER_BLOCKED: 0xc000036c,
  INVALID_IMAGE_HASH: 0xc0000428,
  PROCESS_IS_PROTECTED: 0xc0000712,
  FLT_INSTANCE_ALTITUDE_COLLISION: 0xc01c0011,
} as const;

const names: ReadonlyMap<number, string> = new Map(Object.entries(Status).map(([name, value]) => [value, name]));

const win32ByStatus: ReadonlyMap<number, number> = new Map<number, number>([
  [Status.SUCCESS, 0],
  [Status.PENDING, 997],
  [Status.DATATYPE_MISALIGNMENT, 998],
  [Status.BUFFER_OVERFLOW, 234],
  [Status.PARTIAL_COPY, 299],
  [Status.NO_MORE_ENTRIES, 259],
  [Status.UNSUCCESSFUL, 31],
  [Status.NOT_IMPLEMENTED, 1],
  [Status.INVALID_INFO_CLASS, 87],
  [Status.INFO_LENGTH_MISMATCH, 24],
  [Status.ACCESS_VIOLATION, 998],
  [Status.INVALID_HANDLE, 6],
  [Status.INVALID_CID, 87],
  [Status.INVALID_PARAMETER, 87],
  [Status.NO_SUCH_DEVICE, 2],
  [Status.INVALID_DEVICE_REQUEST, 1],
  [Status.NO_MEMORY, 8],
  [Status.CONFLICTING_ADDRESSES, 487],
  [Status.INVALID_SYSTEM_SERVICE, 1],
  [Status.ACCESS_DENIED, 5],
  [Status.BUFFER_TOO_SMALL, 122],
  [Status.OBJECT_TYPE_MISMATCH, 6],
  [Status.OBJECT_NAME_NOT_FOUND, 2],
  [Status.SUSPEND_COUNT_EXCEEDED, 156],
  [Status.THREAD_IS_TERMINATING, 5],
  [Status.SECTION_PROTECTION, 87],
  [Status.DELETE_PENDING, 5],
  [Status.REVISION_MISMATCH, 1306],
  [Status.PRIVILEGE_NOT_HELD, 1314],
  [Status.INSUFFICIENT_RESOURCES, 1450],
  [Status.DEVICE_NOT_CONNECTED, 1167],
  [Status.NOT_SUPPORTED, 50],
  [Status.DEVICE_DOES_NOT_EXIST, 55],
  [Status.PROCESS_IS_TERMINATING, 5],
  [Status.CANCELLED, 995],
  [Status.FILE_CLOSED, 6],
  [Status.DEVICE_REMOVED, 1617],
  [Status.DRIVER_BLOCKED, 1275],
  [Status.INVALID_IMAGE_HASH, 577],
]);

/** NT_SUCCESS: severity success or informational. Takes signed or unsigned 32-bit forms. */
export const isSuccess = (status: number): boolean => (status | 0) >= 0;

/** `0xC0000022`-style text of a status. */
export const statusHex = (status: number): string => `0x${(status >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;

/** `STATUS_ACCESS_DENIED`-style name, or the hexadecimal form for one not listed here. */
export const ntstatusName = (status: number): string => {
  const name = names.get(status >>> 0);
  return name === undefined ? statusHex(status) : `STATUS_${name}`;
};

/** The customary Win32 code of a status, undefined where facts/nt.md has none. */
export const win32FromStatus = (status: number): number | undefined => win32ByStatus.get(status >>> 0);
