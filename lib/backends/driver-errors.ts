/** What can go wrong between this process and the driver, in words that say what to do. */
import { TrustletError } from '../errors.js';
import { ntstatusName, Status } from '../ntstatus.js';
import type { HelloReply, MessageName, VersionRange } from '../protocol/index.js';

/** ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND: there is no such device. */
const NO_DEVICE: readonly number[] = [2, 3];
/** ERROR_ACCESS_DENIED. */
const ACCESS_DENIED = 5;

/** The device was there and is not any more, or is not this process's any more. */
const LOST: readonly number[] = [
  Status.INVALID_HANDLE,
  Status.NO_SUCH_DEVICE,
  Status.DELETE_PENDING,
  Status.DEVICE_NOT_CONNECTED,
  Status.DEVICE_DOES_NOT_EXIST,
  Status.CANCELLED,
  Status.FILE_CLOSED,
  Status.DEVICE_REMOVED,
];

/** Somebody answers who does not know the request (docs/protocol.md, "Validation"). */
const NOT_UNDERSTOOD: readonly number[] = [
  Status.INFO_LENGTH_MISMATCH,
  Status.INVALID_PARAMETER,
  Status.INVALID_DEVICE_REQUEST,
  Status.BUFFER_TOO_SMALL,
  Status.REVISION_MISMATCH,
  Status.NOT_SUPPORTED,
];

const SAME_VERSION = 'Install the driver that belongs to this version of the package.';

/**
 * The device did not open.
 * @param win32 the Win32 error
 */
export const deviceNotOpened = (path: string, win32: number): TrustletError => {
  const because = (why: string): TrustletError => new TrustletError('ERR_TRUSTLET_BACKEND', why, { win32 });
  if (NO_DEVICE.includes(win32)) {
    return because(
      `The driver is not there: no device ${path} (Win32 error ${win32}). It is not installed or not started: run ` +
        '`trustlet driver start`, or `trustlet driver install` before it; `trustlet driver status` says which.',
    );
  }
  if (win32 === ACCESS_DENIED) {
    return because(
      `The driver refuses this user: access to ${path} is denied (Win32 error ${win32}). Run elevated, or under the service account ` +
        'that the driver was installed for (`trustlet driver install --service-account`).',
    );
  }
  return because(
    `The driver’s device ${path} could not be opened (Win32 error ${win32}). \`trustlet driver status\` says how it is.`,
  );
};

/**
 * A request failed as a whole, which the state of a process never makes it do.
 * @param status NTSTATUS
 */
export const requestFailed = (path: string, message: MessageName, status: number): TrustletError => {
  const because = (why: string): TrustletError => new TrustletError('ERR_TRUSTLET_BACKEND', why, { ntstatus: status });
  const name = ntstatusName(status);
  if (LOST.includes(status)) {
    return because(
      `The driver was lost: its device ${path} answered ${message} with ${name}. It was stopped or removed while it was in use. ` +
        'Start it (`trustlet driver start`) and call open() again; until then leave every process alone.',
    );
  }
  if (NOT_UNDERSTOOD.includes(status)) {
    return because(
      `The driver at ${path} does not understand this package’s ${message} request: it answered ${name}. ${SAME_VERSION}`,
    );
  }
  return because(`The driver at ${path} could not answer ${message}: ${name}. Ask again.`);
};

/** No version of the protocol is spoken by both. */
export const noCommonVersion = (path: string, ours: VersionRange, hello: HelloReply): TrustletError => {
  const range = ({ minVersion, maxVersion }: VersionRange): string => `${minVersion} to ${maxVersion}`;
  const [age, advice] =
    hello.maxVersion < ours.minVersion
      ? ['old', `update the driver: ${SAME_VERSION}`]
      : ['new', 'update this package (`npm install trustlet@latest`), or install the driver that belongs to it.'];
  return new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `The driver ${hello.driverVersion} at ${path} is too ${age} for this package: it speaks versions ${range(hello)} of the protocol, ` +
      `and this package ${range(ours)}. There is none in common; ${advice}`,
  );
};

/**
 * The driver cannot do what the backend is for.
 * @param lacks e.g. `the request GUARD`
 */
export const driverLacks = (path: string, driverVersion: string, lacks: string): TrustletError =>
  new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `The driver ${driverVersion} at ${path} does not know ${lacks}, which this package needs. ${SAME_VERSION}`,
  );
