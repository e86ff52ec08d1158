// JavaScript that runs in the middle of a call of the addon's: hooks of promises and of asynchronous resources.
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { after, before, describe, test } from 'node:test';
import type { NativeDevice } from '../../lib/native/binding.js';
import { binding, boot, codec, hello, NONE, open, Status, shutdown } from './host.js';

const HELLO = codec.code('HELLO');
const request = codec.encodeHello();

before(boot);
after(shutdown);

/** Meddles once, in the middle of a call that makes a promise. */
const meddled = <T>(call: () => T, meddle: () => void): T => {
  let met = false;
  const hook = createHook({
    init: (_id, type) => {
      if (met || type !== 'PROMISE') return;
      met = true;
      meddle();
    },
  }).enable();
  try {
    return call();
  } finally {
    hook.disable();
    assert.ok(met, 'no promise was made');
  }
};

interface Resizable extends ArrayBuffer {
  resize(length: number): void;
}

/** A view of memory that can shrink; what it loses is no memory any more. */
const shrinking = (length: number): { bytes: Uint8Array; shrink: (length: number) => void } => {
  const Buffer = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => Resizable;
  const buffer = new Buffer(length, { maxByteLength: length });
  return { bytes: new Uint8Array(buffer), shrink: (to) => buffer.resize(to) };
};

describe('JavaScript in the middle of ioctlAsync', () => {
  /** After the first request: that one makes more than a promise. */
  const opened = async (): Promise<NativeDevice> => {
    const device = open();
    assert.equal(await device.ioctlAsync(HELLO, request, new Uint8Array(72)).result, 72);
    return device;
  };

  test('that shrinks the input: what is left of it is sent', async () => {
    const device = await opened();
    const { bytes, shrink } = shrinking(1 << 20);
    bytes.set(request);
    const output = new Uint8Array(72);
    const asked = meddled(
      () => device.ioctlAsync(HELLO, bytes, output),
      () => shrink(0),
    );
    assert.equal(await asked.result, device.ioctl(HELLO, NONE, output));
    device.close();
  });

  test('that detaches the input: nothing is sent', async () => {
    const device = await opened();
    const input = Uint8Array.from(request);
    const asked = meddled(
      () => device.ioctlAsync(HELLO, input, new Uint8Array(72)),
      () => structuredClone(input.buffer, { transfer: [input.buffer] }),
    );
    assert.equal(await asked.result, device.ioctl(HELLO, NONE, new Uint8Array(72)));
    device.close();
  });

  test('that shrinks the output: there is so much room', async () => {
    const device = await opened();
    const { bytes, shrink } = shrinking(72);
    const asked = meddled(
      () => device.ioctlAsync(HELLO, request, bytes),
      () => shrink(71),
    );
    assert.equal(await asked.result, -Status.BUFFER_TOO_SMALL);
    device.close();
  });

  test('that closes the device: the request comes too late', async () => {
    const device = await opened();
    const asked = meddled(
      () => device.ioctlAsync(HELLO, request, new Uint8Array(72)),
      () => device.close(),
    );
    assert.equal(await asked.result, -Status.FILE_CLOSED);
    assert.equal(binding.host.openDevices(), 0);
  });

  test('that asks, too: both are answered', async () => {
    const device = await opened();
    const outputs = [new Uint8Array(72), new Uint8Array(72)] as const;
    let inner: Promise<number> | undefined;
    const outer = meddled(
      () => device.ioctlAsync(HELLO, request, outputs[0]),
      () => {
        inner = device.ioctlAsync(HELLO, request, outputs[1]).result;
      },
    );
    assert.deepEqual(await Promise.all([outer.result, inner]), [72, 72]);
    assert.deepEqual(outputs[0], outputs[1]);
    device.close();
  });
});

test('JavaScript in the middle of close, when a promise is fulfilled, may close and ask again', async () => {
  const device = open();
  const asked = Array.from({ length: 20 }, () => device.ioctlAsync(HELLO, request, new Uint8Array(72)).result);
  const late: Promise<number>[] = [];
  const hook = createHook({
    promiseResolve: () => {
      if (late.length >= 5) return;
      late.push(device.ioctlAsync(HELLO, request, new Uint8Array(72)).result);
      device.close();
    },
  }).enable();
  device.close();
  hook.disable();
  assert.equal(late.length, 5);
  for (const result of await Promise.all(asked)) assert.ok(result === 72 || result === -Status.CANCELLED);
  assert.deepEqual([...new Set(await Promise.all(late))], [-Status.FILE_CLOSED]);
  assert.equal(hello(device), -Status.FILE_CLOSED);
});
