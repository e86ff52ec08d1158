/** Each way in which the driver can fail its caller: what is said, and what is said to do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deviceNotOpened, driverLacks, noCommonVersion, requestFailed } from '../../../lib/backends/driver-errors.js';
import type { TrustletError } from '../../../lib/errors.js';
import { Codec, type HelloReply } from '../../../lib/protocol/index.js';
import { golden } from '../protocol/golden-bytes.js';

const PATH = '\\\\.\\Trustlet';

const expect = (error: TrustletError, ...parts: readonly string[]): void => {
  assert.equal(error.code, 'ERR_TRUSTLET_BACKEND');
  for (const part of parts) assert.ok(error.message.includes(part), `${error.message}\n lacks: ${part}`);
};

describe('the device does not open', () => {
  test('there is none: not installed or not started', () => {
    for (const win32 of [2, 3]) {
      const error = deviceNotOpened(PATH, win32);
      expect(error, 'The driver is not there: no device \\\\.\\Trustlet', `Win32 error ${win32}`);
      expect(error, '`trustlet driver start`', '`trustlet driver install`', '`trustlet driver status` says which');
      assert.equal(error.win32, win32);
      assert.equal(error.ntstatus, undefined);
    }
  });

  test('access is denied: run elevated or under the service account', () => {
    const error = deviceNotOpened(PATH, 5);
    expect(error, 'refuses this user', 'access to \\\\.\\Trustlet is denied (Win32 error 5)', 'Run elevated');
    expect(error, '`trustlet driver install --service-account`');
    assert.equal(error.win32, 5);
  });

  test('anything else is told with its number', () => {
    const error = deviceNotOpened(PATH, 1450);
    expect(error, 'could not be opened (Win32 error 1450)', '`trustlet driver status`');
    assert.equal(error.win32, 1450);
  });
});

describe('a request fails as a whole', () => {
  test('the driver was stopped or removed: start it and open again', () => {
    const names: readonly (readonly [number, string])[] = [
      [0xc0000008, 'STATUS_INVALID_HANDLE'],
      [0xc000000e, 'STATUS_NO_SUCH_DEVICE'],
      [0xc0000056, 'STATUS_DELETE_PENDING'],
      [0xc000009d, 'STATUS_DEVICE_NOT_CONNECTED'],
      [0xc00000c0, 'STATUS_DEVICE_DOES_NOT_EXIST'],
      [0xc0000120, 'STATUS_CANCELLED'],
      [0xc0000128, 'STATUS_FILE_CLOSED'],
      [0xc00002b6, 'STATUS_DEVICE_REMOVED'],
    ];
    for (const [status, name] of names) {
      const error = requestFailed(PATH, 'GUARD', status);
      expect(error, 'The driver was lost', `answered GUARD with ${name}`, '`trustlet driver start`', 'open() again');
      expect(error, 'leave every process alone');
      assert.equal(error.ntstatus, status);
    }
  });

  test('the driver does not know the request: install the one that belongs to the package', () => {
    for (const status of [0xc0000004, 0xc000000d, 0xc0000010, 0xc0000023, 0xc0000059, 0xc00000bb]) {
      const error = requestFailed(PATH, 'QUERY', status);
      expect(error, 'does not understand this package’s QUERY request', 'Install the driver that belongs to this');
      assert.equal(error.ntstatus, status);
    }
  });

  test('anything else may be asked again', () => {
    const error = requestFailed(PATH, 'CENSUS', 0xc000009a);
    expect(error, 'could not answer CENSUS: STATUS_INSUFFICIENT_RESOURCES. Ask again.');
    expect(requestFailed(PATH, 'CENSUS', 0xc000003e), 'could not answer CENSUS: 0xC000003E. Ask again.');
  });
});

describe('the driver is of another time', () => {
  const hello = (over: Partial<HelloReply>): HelloReply => ({
    ...new Codec().decodeHello(golden('hello-reply')),
    driverVersion: '9.8.7',
    ...over,
  });

  test('too old: update the driver', () => {
    const error = noCommonVersion(PATH, { minVersion: 3, maxVersion: 4 }, hello({ minVersion: 1, maxVersion: 2 }));
    expect(error, 'The driver 9.8.7 at \\\\.\\Trustlet is too old for this package');
    expect(error, 'it speaks versions 1 to 2 of the protocol, and this package 3 to 4', 'update the driver');
  });

  test('too new: update the package', () => {
    const error = noCommonVersion(PATH, { minVersion: 1, maxVersion: 2 }, hello({ minVersion: 3, maxVersion: 5 }));
    expect(error, 'is too new for this package', 'versions 3 to 5', 'this package 1 to 2', 'update this package');
    expect(error, '`npm install trustlet@latest`');
  });

  test('it lacks a request or an operation', () => {
    const error = driverLacks(PATH, '0.0.1', 'the request GUARD');
    expect(error, 'The driver 0.0.1 at \\\\.\\Trustlet does not know the request GUARD, which this package needs.');
    expect(error, 'Install the driver that belongs to this version of the package.');
  });
});
