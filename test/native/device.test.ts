import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { NativeDevice } from '../../lib/native/binding.js';
import {
  binding,
  boot,
  codec,
  hello,
  LSAISO,
  longRequest,
  NONE,
  NOTEPAD,
  open,
  Status,
  shutdown,
  verdictOf,
} from './host.js';

const HELLO = codec.code('HELLO');
const request = codec.encodeHello();

before(boot);
after(shutdown);

/** Opens for one test, and closes at its end. */
const withDevice = async (use: (device: NativeDevice) => Promise<void> | void): Promise<void> => {
  const device = open();
  try {
    await use(device);
  } finally {
    device.close();
  }
};

describe('opening', () => {
  test('what is not there is ERROR_FILE_NOT_FOUND, and no name ERROR_PATH_NOT_FOUND', () => {
    assert.equal(binding.openDevice('\\\\.\\Nobody'), 2);
    assert.equal(binding.openDevice('\\\\.\\Trustlet\\below'), 2);
    assert.equal(binding.openDevice(''), 3);
    assert.equal(binding.openDevice('\\\\.\\Trüstlet'), 2);
  });

  test('any number of devices are open at once, each with a handle of its own', () => {
    const devices = [open(), open(), open()];
    assert.equal(binding.host.openDevices(), 3);
    devices[1]?.close();
    assert.equal(binding.host.openDevices(), 2);
    assert.deepEqual(devices.map(hello), [72, -Status.FILE_CLOSED, 72]);
    for (const device of devices) device.close();
    assert.equal(binding.host.openDevices(), 0);
  });
});

describe('a synchronous request', () => {
  test('is answered by the real driver: the trustlet is secure, notepad is not', () =>
    withDevice((device) => {
      assert.equal(verdictOf(device, LSAISO), 'secure');
      assert.equal(verdictOf(device, NOTEPAD), 'ordinary');
      assert.equal(verdictOf(device, 77_776), 'unknown');
    }));

  test('may use the same bytes for both ways', () =>
    withDevice((device) => {
      const both = new Uint8Array(72);
      both.set(request);
      assert.equal(device.ioctl(HELLO, both.subarray(0, 24), both), 72);
      assert.equal(codec.decodeHello(both).version, 1);
    }));

  test('writes what the driver wrote and not a byte more', () =>
    withDevice((device) => {
      const output = new Uint8Array(80).fill(0xee);
      assert.equal(device.ioctl(HELLO, request, output), 72);
      assert.deepEqual(output.subarray(72), new Uint8Array(8).fill(0xee));
    }));

  test('that the driver refuses is the negated NTSTATUS, and writes nothing', () =>
    withDevice((device) => {
      const output = new Uint8Array(71).fill(0xee);
      assert.equal(device.ioctl(HELLO, request, output), -Status.BUFFER_TOO_SMALL);
      assert.equal(device.ioctl(0x222000, NONE, output), -Status.INVALID_DEVICE_REQUEST);
      assert.deepEqual(output, new Uint8Array(71).fill(0xee));
    }));

  test('takes views into larger buffers, at any offset', () =>
    withDevice((device) => {
      const memory = new Uint8Array(200).fill(0xee);
      memory.set(request, 3);
      assert.equal(device.ioctl(HELLO, memory.subarray(3, 27), memory.subarray(101, 173)), 72);
      assert.equal(codec.decodeHello(memory.slice(101, 173)).version, 1);
      assert.deepEqual(memory.slice(173), new Uint8Array(27).fill(0xee));
      assert.deepEqual(memory.slice(27, 101), new Uint8Array(74).fill(0xee));
    }));

  test('takes shared memory, and detached memory as no bytes', () =>
    withDevice((device) => {
      const shared = new Uint8Array(new SharedArrayBuffer(72));
      assert.equal(device.ioctl(HELLO, request, shared), 72);
      const gone = new Uint8Array(72);
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      assert.equal(device.ioctl(HELLO, request, gone), -Status.BUFFER_TOO_SMALL);
    }));

  test('needs no device in front of its dot', () =>
    withDevice(({ ioctl }) => {
      assert.equal(ioctl(HELLO, request, new Uint8Array(72)), 72);
    }));
});

describe('an asynchronous request', () => {
  test('gets the answer a synchronous one gets', () =>
    withDevice(async (device) => {
      const [now, later] = [new Uint8Array(72), new Uint8Array(80).fill(0xee)];
      device.ioctl(HELLO, request, now);
      assert.equal(await device.ioctlAsync(HELLO, request, later).result, 72);
      assert.deepEqual(later.subarray(0, 72), now);
      assert.deepEqual(later.subarray(72), new Uint8Array(8).fill(0xee));
      assert.equal(await device.ioctlAsync(HELLO, request, new Uint8Array(1)).result, -Status.BUFFER_TOO_SMALL);
    }));

  test('copies its input at once', () =>
    withDevice(async (device) => {
      const input = Uint8Array.from(request);
      const { result } = device.ioctlAsync(HELLO, input, new Uint8Array(72));
      input.fill(0);
      assert.equal(await result, 72);
    }));

  test('a thousand are in flight at once, and each is answered into its own output', () =>
    withDevice(async (device) => {
      const pids = Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? LSAISO : NOTEPAD));
      const outputs = pids.map(() => new Uint8Array(codec.replyLength('QUERY', 1)));
      const results = await Promise.all(
        pids.map(
          (pid, index) =>
            device.ioctlAsync(codec.code('QUERY'), codec.encodeQuery([pid]), outputs[index] ?? NONE).result,
        ),
      );
      assert.deepEqual([...new Set(results)], [80]);
      for (const [index, pid] of pids.entries()) codec.decodeQuery(outputs[index] ?? NONE, [pid]);
    }));

  test('that waits behind others is cancelled, and the others are not', () =>
    withDevice(async (device) => {
      const { code, input, output } = longRequest();
      const requests = Array.from({ length: 12 }, () => device.ioctlAsync(code, input, output()));
      requests[11]?.cancel();
      requests[11]?.cancel();
      const results = await Promise.all(requests.map(({ result }) => result));
      assert.equal(results[11], -Status.CANCELLED);
      assert.deepEqual([...new Set(results.slice(0, 11))], [output().length]);
      requests[11]?.cancel();
      requests[0]?.cancel();
    }));

  test('whose output is detached meanwhile writes nothing and says so', () =>
    withDevice(async (device) => {
      const output = new Uint8Array(72);
      const { result } = device.ioctlAsync(HELLO, request, output);
      const moved = structuredClone(output, { transfer: [output.buffer] });
      assert.equal(await result, -Status.INVALID_USER_BUFFER);
      assert.deepEqual(moved, new Uint8Array(72));
    }));

  test('whose output became shorter meanwhile writes nothing and says so', () =>
    withDevice(async (device) => {
      const memory = new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(72, {
        maxByteLength: 80,
      });
      const { result } = device.ioctlAsync(HELLO, request, new Uint8Array(memory));
      (memory as unknown as { resize: (length: number) => void }).resize(40);
      assert.equal(await result, -Status.INVALID_USER_BUFFER);
    }));

  test('keeps its output from being collected, and the process from ending', () =>
    withDevice(async (device) => {
      const { code, input, output } = longRequest();
      const { result } = device.ioctlAsync(code, input, output());
      globalThis.gc?.();
      assert.equal(await result, output().length);
    }));
});

describe('a closed device', () => {
  test('answers STATUS_FILE_CLOSED both ways, and closes again without ado', async () => {
    const device = open();
    device.close();
    assert.equal(hello(device), -Status.FILE_CLOSED);
    assert.equal(await device.ioctlAsync(HELLO, request, new Uint8Array(72)).result, -Status.FILE_CLOSED);
    device.close();
    assert.equal(binding.host.openDevices(), 0);
  });

  test('has settled everything that was in flight, before its handle is gone', async () => {
    const device = open();
    const other = open();
    const { code, input, output } = longRequest();
    const requests = Array.from({ length: 40 }, () => device.ioctlAsync(code, input, output()));
    const theirs = other.ioctlAsync(code, input, output());
    device.close();
    assert.equal(binding.host.openDevices(), 1);
    for (const { result } of requests) assert.doesNotMatch(inspect(result), /pending/);
    const results = await Promise.all(requests.map(({ result }) => result));
    for (const result of results) assert.ok(result === -Status.CANCELLED || result === output().length, String(result));
    assert.ok(results.includes(-Status.CANCELLED));
    assert.equal(await theirs.result, output().length);
    other.close();
  });

  test('of a machine that has ended is disconnected, not closed', async () => {
    const device = open();
    boot();
    assert.equal(hello(device), -Status.DEVICE_NOT_CONNECTED);
    const later = device.ioctlAsync(HELLO, request, new Uint8Array(72));
    assert.equal(await later.result, -Status.DEVICE_NOT_CONNECTED);
    device.close();
    assert.equal(hello(device), -Status.FILE_CLOSED);
  });
});
