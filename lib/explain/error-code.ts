/** Error codes as callers meet them: Win32 codes, NTSTATUS values, and the HRESULTs that some APIs leave in GetLastError. Pure. */
import { ntstatusName, Status, win32FromStatus } from '../ntstatus.js';

/** An error to explain. Both codes are null for an error that has none, such as a refusal of the guard’s. */
export interface ExplainedError {
  readonly ntstatus: number | null;
  readonly win32: number | null;
  readonly name: string;
}

/** Win32 errors this table speaks of, by their names in winerror.h. */
const WIN32_NAMES: Readonly<Record<number, string>> = {
  0: 'ERROR_SUCCESS',
  5: 'ERROR_ACCESS_DENIED',
  6: 'ERROR_INVALID_HANDLE',
  31: 'ERROR_GEN_FAILURE',
  50: 'ERROR_NOT_SUPPORTED',
  87: 'ERROR_INVALID_PARAMETER',
  299: 'ERROR_PARTIAL_COPY',
  487: 'ERROR_INVALID_ADDRESS',
  577: 'ERROR_INVALID_IMAGE_HASH',
  998: 'ERROR_NOACCESS',
  1167: 'ERROR_DEVICE_NOT_CONNECTED',
  1275: 'ERROR_DRIVER_BLOCKED',
  1314: 'ERROR_PRIVILEGE_NOT_HELD',
};

const win32Name = (code: number): string => {
  const name = WIN32_NAMES[code];
  return name === undefined ? `Win32 error ${code}` : `Win32 error ${code}, ${name}`;
};

const isKnown = (status: number): boolean => Object.values<number>(Status).includes(status);

/** HRESULT_FROM_NT sets this bit of a status [known]. */
const FACILITY_NT_BIT = 0x1000_0000;

/** Facility 7: HRESULT_FROM_WIN32 with severity 10, NTSTATUS_FROM_WIN32 with 11 [known]. */
const HRESULT_OF_WIN32 = 0x8007;
const STATUS_OF_WIN32 = 0xc007;

/**
 * @param code a Win32 error code, an NTSTATUS as signed or unsigned 32-bit number, or an HRESULT made of either (0x8007…, as
 * MiniDumpWriteDump leaves it; 0xD…)
 */
export const readErrorCode = (code: number): ExplainedError => {
  const given = code >>> 0;
  const stripped = given - FACILITY_NT_BIT;
  const unsigned = given >>> 28 === 0xd && isKnown(stripped) ? stripped : given;
  if (unsigned < 0x8000_0000) return { ntstatus: null, win32: code, name: win32Name(code) };
  const low = unsigned & 0xffff;
  if (unsigned >>> 16 === HRESULT_OF_WIN32) {
    return { ntstatus: null, win32: low, name: `HRESULT 0x${unsigned.toString(16).toUpperCase()}, ${win32Name(low)}` };
  }
  const win32 = unsigned >>> 16 === STATUS_OF_WIN32 ? low : (win32FromStatus(unsigned) ?? null);
  return { ntstatus: unsigned, win32, name: ntstatusName(unsigned) };
};

/** Whether there is a code to explain at all: that of a success is none. */
export const hasCode = (error: ExplainedError | null): error is ExplainedError =>
  error !== null && (error.ntstatus !== null || (error.win32 !== null && error.win32 !== 0));

/** The number of an error by its name in winerror.h or ntstatus.h, where this table knows it. */
export const errorCodeNamed = (name: string): number | undefined => {
  const wanted = name.toUpperCase();
  const win32 = Object.entries(WIN32_NAMES).find(([, known]) => known === wanted);
  if (win32 !== undefined) return Number(win32[0]);
  return Object.values(Status).find((status) => ntstatusName(status) === wanted);
};

/** Whether the error is one of these Win32 codes, or stands for one. */
export const isOneOf = ({ win32 }: ExplainedError, codes: readonly number[]): boolean =>
  win32 !== null && codes.includes(win32);

/** The Win32 code was met, or a status that stands for exactly it: several statuses become 5, 6 or 87. */
const isCode = (error: ExplainedError | null, win32: number, ...statuses: readonly number[]): boolean =>
  hasCode(error) && (error.ntstatus === null ? error.win32 === win32 : statuses.includes(error.ntstatus));

export const isAccessDenied = (error: ExplainedError | null): boolean => isCode(error, 5, Status.ACCESS_DENIED);

/** How failed copies surface (facts/nt.md 6.2). */
export const isCopyFailure = (error: ExplainedError | null): boolean =>
  isCode(error, 998, Status.ACCESS_VIOLATION) || isPartialCopy(error);

export const isPartialCopy = (error: ExplainedError | null): boolean => isCode(error, 299, Status.PARTIAL_COPY);

export const isInvalidParameter = (error: ExplainedError | null): boolean =>
  isCode(error, 87, Status.INVALID_PARAMETER, Status.INVALID_CID);

export const isInvalidHandle = (error: ExplainedError | null): boolean =>
  isCode(error, 6, Status.INVALID_HANDLE, Status.OBJECT_TYPE_MISMATCH);

export const isNotSupported = (error: ExplainedError | null): boolean => isCode(error, 50, Status.NOT_SUPPORTED);

export const isNotConnected = (error: ExplainedError | null): boolean =>
  isCode(error, 1167, Status.DEVICE_NOT_CONNECTED);

export const isPrivilegeNotHeld = (error: ExplainedError | null): boolean =>
  isCode(error, 1314, Status.PRIVILEGE_NOT_HELD);

export const isInvalidImageHash = (error: ExplainedError | null): boolean =>
  isCode(error, 577, Status.INVALID_IMAGE_HASH);

export const isDriverBlocked = (error: ExplainedError | null): boolean => isCode(error, 1275, Status.DRIVER_BLOCKED);

/** These have no Win32 code of their own: 5 stands for the second, and what stands for the first is not known (facts/nt.md 9). */
export const isProcessProtected = (error: ExplainedError | null): boolean =>
  error?.ntstatus === Status.PROCESS_IS_PROTECTED;

export const isTerminating = (error: ExplainedError | null): boolean =>
  error !== null &&
  [Status.PROCESS_IS_TERMINATING, Status.THREAD_IS_TERMINATING].some((each) => each === error.ntstatus);
