/** How a request may fail, and what GetLastError says of it in user mode. The values of the SDK's ntstatus.h and winerror.h. */

export interface RequestStatus {
  readonly name: string;
  readonly ntstatus: number;
  readonly win32: number;
  readonly win32Name: string;
  readonly when: string;
}

const status = (name: string, ntstatus: number, win32: number, win32Name: string, when: string): RequestStatus => ({
  name: `STATUS_${name}`,
  ntstatus,
  win32,
  win32Name: `ERROR_${win32Name}`,
  when,
});

export const REQUEST_STATUSES: readonly RequestStatus[] = [
  status('INVALID_DEVICE_REQUEST', 0xc0000010, 1, 'INVALID_FUNCTION', 'step 1; reading and writing the device'),
  status('INFO_LENGTH_MISMATCH', 0xc0000004, 24, 'BAD_LENGTH', 'steps 2, 5, 6, 8'),
  status('INVALID_PARAMETER', 0xc000000d, 87, 'INVALID_PARAMETER', 'steps 3, 8, 9'),
  status('REVISION_MISMATCH', 0xc0000059, 1306, 'REVISION_MISMATCH', 'step 4'),
  status('NOT_SUPPORTED', 0xc00000bb, 50, 'NOT_SUPPORTED', 'steps 7, 9, 11'),
  status(
    'BUFFER_TOO_SMALL',
    0xc0000023,
    122,
    'INSUFFICIENT_BUFFER',
    'step 10; CENSUS, if processes are left and not one record with its name fits',
  ),
  status(
    'INSUFFICIENT_RESOURCES',
    0xc000009a,
    1450,
    'NO_SYSTEM_RESOURCES',
    'QUERY and CENSUS without memory; CENSUS, if the process list grows faster than it is read',
  ),
  status(
    'CANCELLED',
    0xc0000120,
    995,
    'OPERATION_ABORTED',
    'QUERY and CENSUS whose client has cancelled, or has closed the file',
  ),
  status('DATA_ERROR', 0xc000003e, 23, 'CRC', 'CENSUS, if the process list contradicts itself'),
];

/** @throws Error for a status no request ends with */
export const win32Of = (name: string): number => {
  const found = REQUEST_STATUSES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no request ends with ${name}`);
  return found.win32;
};
