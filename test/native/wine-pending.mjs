// Requests that pend, in the real node.exe beside pending_driver.sys (pending/pending_driver.c): cancel, close, the end of a worker.
// scripts/test-addon.mjs runs it: node.exe wine-pending.mjs [BINDING]. Its last line is `N passed, N failed`. Wine.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const prebuilt = fileURLToPath(new URL('../../prebuilds/win32-x64/trustlet.node', import.meta.url));
const path = workerData?.path ?? process.argv[2] ?? prebuilt;
const binding = createRequire(import.meta.url)(path);

const DEVICE = '\\\\.\\TrustletPending';
const [HOLD, STUBBORN, RELEASE, COUNT] = [0x80006000, 0x80006004, 0x80006008, 0x8000600c];
const CANCELLED = -0xc0000120;
const FILE_CLOSED = -0xc0000128;
const NONE = new Uint8Array(0);

const open = () => {
  const device = binding.openDevice(DEVICE);
  assert.equal(typeof device, 'object', `${DEVICE} does not open: error ${device}`);
  return device;
};

const hold = (device, count, code = HOLD) =>
  Array.from({ length: count }, (_, index) => {
    const output = new Uint8Array(4);
    return { output, ...pick(device.ioctlAsync(code, Uint8Array.of(index, index >> 8, 7, 9), output)) };
  });
const pick = (request) => ({ result: request.result, cancel: () => request.cancel() });
const results = (requests) => Promise.all(requests.map(({ result }) => result));

/** How many requests the driver holds, asked through a device of its own. */
function held() {
  const device = open();
  const count = new Uint32Array(1);
  assert.equal(device.ioctl(COUNT, NONE, new Uint8Array(count.buffer)), 4);
  device.close();
  return count[0];
}

async function heldBecomes(count) {
  for (let tries = 0; tries < 200 && held() !== count; tries += 1) await sleep(10);
  assert.equal(held(), count);
}

const inWorker = (count) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { path, count } });
    worker.once('message', () => resolve(worker)).once('error', reject);
  });

const checks = {
  'a thousand pend at once, and each gets its own answer': async () => {
    const device = open();
    const requests = hold(device, 1000);
    assert.equal(held(), 1000);
    assert.equal(device.ioctl(RELEASE, NONE, NONE), 0);
    assert.deepEqual([...new Set(await results(requests))], [4]);
    for (const [index, { output }] of requests.entries())
      assert.deepEqual([...output], [index & 255, index >> 8, 7, 9]);
    device.close();
  },

  'one is cancelled, and the others pend on': async () => {
    const device = open();
    const requests = hold(device, 3);
    requests[1].cancel();
    requests[1].cancel();
    assert.equal(await requests[1].result, CANCELLED);
    assert.equal(held(), 2);
    requests[1].cancel();
    device.ioctl(RELEASE, NONE, NONE);
    assert.deepEqual(await results(requests), [4, CANCELLED, 4]);
    requests[0].cancel();
    device.close();
  },

  'what has finished stays finished': async () => {
    const device = open();
    const [request] = hold(device, 1);
    device.ioctl(RELEASE, NONE, NONE);
    request.cancel();
    assert.equal(await request.result, 4);
    device.close();
  },

  'close settles what pends, and what comes later': async () => {
    const device = open();
    const requests = hold(device, 300);
    device.close();
    assert.equal(held(), 0);
    const [late] = hold(device, 1);
    assert.deepEqual([...new Set(await results(requests))], [CANCELLED]);
    assert.equal(await late.result, FILE_CLOSED);
    assert.equal(device.ioctl(COUNT, NONE, new Uint8Array(4)), FILE_CLOSED);
  },

  'the close of one device leaves another alone': async () => {
    const [first, second] = [open(), open()];
    const [ours, theirs] = [hold(first, 5), hold(second, 5)];
    first.close();
    assert.equal(held(), 5);
    second.ioctl(RELEASE, NONE, NONE);
    assert.deepEqual(await results(theirs), [4, 4, 4, 4, 4]);
    assert.deepEqual([...new Set(await results(ours))], [CANCELLED]);
    second.close();
  },

  'synchronous requests pass those that pend': async () => {
    const device = open();
    const requests = hold(device, 2);
    const count = new Uint8Array(4);
    for (let round = 0; round < 100; round += 1) assert.equal(device.ioctl(COUNT, NONE, count), 4);
    assert.equal(count[0], 2);
    for (const { cancel } of requests) cancel();
    assert.deepEqual(await results(requests), [CANCELLED, CANCELLED]);
    device.close();
  },

  'a driver that gives nothing up delays close by a second, and settles later': async () => {
    const device = open();
    const [request] = hold(device, 1, STUBBORN);
    let settled = false;
    request.result.then(() => {
      settled = true;
    });
    const started = performance.now();
    device.close();
    const waited = performance.now() - started;
    assert.ok(waited > 900 && waited < 5000, `${waited} ms`);
    await sleep(50);
    assert.equal(settled, false);
    assert.equal(held(), 1);
    const other = open();
    other.ioctl(RELEASE, NONE, NONE);
    assert.equal(await request.result, 4);
    other.close();
  },

  'a worker that is terminated takes its requests along': async () => {
    for (let round = 0; round < 5; round += 1) {
      const worker = await inWorker(20);
      assert.equal(held(), 20);
      await worker.terminate();
      await heldBecomes(0);
    }
  },
};

async function main() {
  let [passed, failed] = [0, 0];
  for (const [title, check] of Object.entries(checks)) {
    try {
      await check();
      passed += 1;
      console.log(`ok - ${title}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${title}\n  ${String(error.stack).replaceAll('\n', '\n  ')}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  // Requests in flight keep the process alive; whatever is left must not keep it from ending.
  process.exit(failed === 0 ? 0 : 1);
}

if (isMainThread) await main();
else {
  hold(open(), workerData.count);
  parentPort.postMessage('held');
}
