import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NativeBinding, NativeDevice } from '../../../lib/native/binding.js';
import { Device, openDevice } from '../../../lib/native/device.js';

const CANCELLED = -0xc0000120;

/** A native device whose asynchronous requests end when the test says so. */
class FakeDevice implements NativeDevice {
  readonly calls: unknown[][] = [];
  cancels = 0;
  closes = 0;
  settle: (result: number) => void = () => assert.fail('nothing is in flight');

  ioctl(...args: unknown[]): number {
    this.calls.push(args);
    return 5;
  }

  ioctlAsync(...args: unknown[]): { result: Promise<number>; cancel: () => void } {
    this.calls.push(args);
    const result = new Promise<number>((resolve) => {
      this.settle = resolve;
    });
    return {
      result,
      cancel: () => {
        this.cancels += 1;
        this.settle(CANCELLED);
      },
    };
  }

  close(): void {
    this.closes += 1;
    if (this.calls.length > 0) this.settle(CANCELLED);
  }
}

const opened = (): { device: Device; native: FakeDevice } => {
  const native = new FakeDevice();
  return { native, device: new Device(native, '\\\\.\\Fake') };
};

const input = Uint8Array.of(1);
const output = new Uint8Array(8);

describe('opening', () => {
  const binding = (answer: NativeDevice | number): NativeBinding =>
    ({ openDevice: () => answer }) as Partial<NativeBinding> as NativeBinding;

  test('a device keeps the path it was opened by', () => {
    const device = openDevice(binding(new FakeDevice()), '\\\\.\\Trustlet');
    assert.ok(device instanceof Device);
    assert.equal(device.path, '\\\\.\\Trustlet');
    assert.equal(device.closed, false);
  });

  test('what Windows refuses is its error', () => {
    assert.equal(openDevice(binding(5), '\\\\.\\Trustlet'), 5);
  });
});

describe('a synchronous request', () => {
  test('goes through as it is, and so does its answer', () => {
    const { device, native } = opened();
    assert.equal(device.ioctl(0xffffffff, input, output), 5);
    assert.equal(native.calls[0]?.[0], 0xffffffff);
    assert.equal(native.calls[0]?.[1], input);
    assert.equal(native.calls[0]?.[2], output);
  });

  test('with wrong arguments does not go through', () => {
    const { device, native } = opened();
    const wrong = { code: 'ERR_TRUSTLET_ARGUMENT' };
    for (const code of [-1, 0x100000000, 1.5, Number.NaN, '1' as never])
      assert.throws(() => device.ioctl(code, input, output), wrong);
    for (const bytes of [
      undefined,
      null,
      'x',
      new ArrayBuffer(4),
      new Uint16Array(4),
      new DataView(new ArrayBuffer(1)),
    ]) {
      assert.throws(() => device.ioctl(1, bytes as never, output), wrong);
      assert.throws(() => device.ioctl(1, input, bytes as never), wrong);
    }
    assert.equal(native.calls.length, 0);
  });

  test('after close throws ERR_TRUSTLET_CLOSED and names the device', () => {
    const { device, native } = opened();
    device.close();
    assert.equal(device.closed, true);
    assert.throws(() => device.ioctl(1, input, output), {
      code: 'ERR_TRUSTLET_CLOSED',
      message: 'The device \\\\.\\Fake is closed; open it again.',
    });
    assert.equal(native.calls.length, 0);
  });
});

describe('an asynchronous request', () => {
  test('resolves with its answer, an NTSTATUS included', async () => {
    const { device, native } = opened();
    const answered = device.ioctlAsync(1, input, output);
    native.settle(7);
    assert.equal(await answered, 7);
    const refused = device.ioctlAsync(1, input, output);
    native.settle(-0xc0000022);
    assert.equal(await refused, -0xc0000022);
  });

  test('rejects for wrong arguments and after close', async () => {
    const { device } = opened();
    await assert.rejects(device.ioctlAsync(-1, input, output), { code: 'ERR_TRUSTLET_ARGUMENT' });
    device.close();
    await assert.rejects(device.ioctlAsync(1, input, output), { code: 'ERR_TRUSTLET_CLOSED' });
  });

  test('is cancelled by its signal, and rejects with its reason', async () => {
    const { device, native } = opened();
    const controller = new AbortController();
    const asked = device.ioctlAsync(1, input, output, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(asked, { message: 'enough' });
    assert.equal(native.cancels, 1);
  });

  test('is not even sent when the signal was aborted before', async () => {
    const { device, native } = opened();
    await assert.rejects(device.ioctlAsync(1, input, output, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(native.calls.length, 0);
  });

  test('that was answered first keeps its answer, whatever the signal does afterwards', async () => {
    const { device, native } = opened();
    const controller = new AbortController();
    const asked = device.ioctlAsync(1, input, output, { signal: controller.signal });
    native.settle(3);
    assert.equal(await asked, 3);
    controller.abort();
    assert.equal(native.cancels, 0);
  });

  test('in flight at close rejects with ERR_TRUSTLET_CLOSED', async () => {
    const { device, native } = opened();
    const asked = device.ioctlAsync(1, input, output);
    device.close();
    await assert.rejects(asked, { code: 'ERR_TRUSTLET_CLOSED' });
    assert.equal(native.closes, 1);
  });

  test('that the driver itself cancels is a status like any other', async () => {
    const { device, native } = opened();
    const asked = device.ioctlAsync(1, input, output, { signal: new AbortController().signal });
    native.settle(CANCELLED);
    assert.equal(await asked, CANCELLED);
  });
});

test('a device is disposed of by closing it', () => {
  const { device, native } = opened();
  device[Symbol.dispose]();
  assert.equal(device.closed, true);
  assert.equal(native.closes, 1);
});
