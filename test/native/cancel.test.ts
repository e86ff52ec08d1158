import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { NativeDevice } from '../../lib/native/binding.js';
import { binding, codec, crowdedTable, open, Status } from './host.js';

const { host } = binding;
const CENSUS = codec.code('CENSUS');
/** A census of them takes the driver a tenth of a second and more. */
const PROCESSES = 60_000;
const input = codec.encodeCensus(null);
const output = new Uint8Array(codec.replyLength('CENSUS', PROCESSES + 10) + PROCESSES * 16);

let device: NativeDevice;
let length = 0;
/** Milliseconds that the driver needs for it. */
let whole = 0;

beforeEach(() => {
  host.boot(crowdedTable(PROCESSES));
  device = open();
  const began = performance.now();
  length = device.ioctl(CENSUS, input, output);
  whole = performance.now() - began;
  assert.ok(length > PROCESSES * 64, `the whole census: ${length}`);
});
afterEach(() => {
  device.close();
  assert.equal(host.shutdown(), '');
});

const ask = (): { readonly result: Promise<number>; cancel(): void } => device.ioctlAsync(CENSUS, input, output);

/** Until the driver has so many in hand, or until it is too late for it. */
const atWork = (count: number): void => {
  for (const began = performance.now(); host.requestsInFlight() < count && performance.now() - began < whole; );
};

/**
 * What a cancelled request came to. Undefined: this machine had better to do than to cancel while the driver was surely still at work.
 */
const cancelled = async (
  request: { readonly result: Promise<number> },
  wait: () => void,
  cancel: () => void,
): Promise<number | undefined> => {
  const began = performance.now();
  wait();
  const late = performance.now() - began > whole / 2;
  cancel();
  const result = await request.result;
  return late ? undefined : result;
};

const sometime = async (once: () => Promise<number | undefined>): Promise<number> => {
  for (let tries = 0; tries < 20; tries += 1) {
    const result = await once();
    if (result !== undefined) return result;
  }
  return assert.fail('twenty times in a row this thread was too late');
};

describe('a cancellation', () => {
  test('reaches the driver at its work, and only the request that it is meant for', async () => {
    const result = await sometime(async () => {
      const [first, second] = [ask(), ask()];
      const mine = cancelled(
        first,
        () => atWork(2),
        () => first.cancel(),
      );
      assert.equal(await second.result, length);
      return mine;
    });
    assert.equal(result, -Status.CANCELLED);
  });

  // A thread that has just taken the request has not brought it to the driver yet.
  test('reaches a request wherever it is: waiting, on its way, at the driver', async () => {
    const delays = Array.from({ length: 30 }, (_, index) => index / 10);
    for (const delay of delays) {
      const result = await sometime(() => {
        const request = ask();
        return cancelled(
          request,
          () => {
            for (const began = performance.now(); performance.now() - began < delay; );
          },
          () => request.cancel(),
        );
      });
      assert.equal(result, -Status.CANCELLED, `after ${delay} ms`);
    }
  });

  test('comes from a close, too', async () => {
    const result = await sometime(async () => {
      const request = ask();
      const mine = await cancelled(
        request,
        () => atWork(1),
        () => device.close(),
      );
      device = open();
      return mine;
    });
    assert.equal(result, -Status.CANCELLED);
  });
});
