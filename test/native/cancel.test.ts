import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binding, codec, crowdedTable, open, Status } from './host.js';

const CENSUS = codec.code('CENSUS');
const PROCESSES = 60_000;

/** Long enough for a worker to begin, short against what the driver needs. */
const linger = (): void => {
  for (const began = performance.now(); performance.now() - began < 5; );
};

test('a request that the driver is at work on is cancelled there, and only that one', async () => {
  binding.host.boot(crowdedTable(PROCESSES));
  const device = open();
  const input = codec.encodeCensus(null);
  const output = new Uint8Array(codec.replyLength('CENSUS', PROCESSES + 10) + PROCESSES * 16);
  const length = await device.ioctlAsync(CENSUS, input, output).result;
  assert.ok(length > PROCESSES * 64, `the whole census: ${length}`);

  let cancelled = 0;
  for (let tries = 0; tries < 10; tries += 1) {
    const [first, second] = [device.ioctlAsync(CENSUS, input, output), device.ioctlAsync(CENSUS, input, output)];
    linger();
    first.cancel();
    const results = await Promise.all([first.result, second.result]);
    assert.equal(results[1], length);
    // On a machine that has better to do, the answer may have come before the cancellation.
    assert.ok(results[0] === -Status.CANCELLED || results[0] === length, String(results[0]));
    cancelled += results[0] === -Status.CANCELLED ? 1 : 0;
  }
  assert.ok(cancelled >= 5, `${cancelled} of 10`);

  const last = device.ioctlAsync(CENSUS, input, output);
  linger();
  device.close();
  assert.equal(await last.result, -Status.CANCELLED);
  assert.equal(binding.host.shutdown(), '');
});
