// The prebuilt addon itself, without the library above it, in the real node.exe beside a real trustlet.sys:
//   npm run wine -- [--node=20] test/native/wine-smoke.mjs [--device=\\.\TrustletSim] [--binding=PATH]
// Prints one line for each check and, last, `N passed, N failed`. What it shows in Wine is plumbing: that the file loads, that requests
// reach the driver and come back. It shows nothing of Windows. Requests that pend: wine-pending.mjs.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const { values } = parseArgs({
  args: isMainThread ? process.argv.slice(2) : workerData.args,
  options: {
    device: { type: 'string', default: '\\\\.\\Trustlet' },
    binding: {
      type: 'string',
      default: fileURLToPath(new URL('../../prebuilds/win32-x64/trustlet.node', import.meta.url)),
    },
  },
});
const require = createRequire(import.meta.url);
const binding = require(values.binding);

const HELLO = 0x8e546404;
const QUERY = 0x8e546408;
const STATUS = {
  INVALID_HANDLE: 0xc0000008,
  INVALID_DEVICE_REQUEST: 0xc0000010,
  ACCESS_DENIED: 0xc0000022,
  BUFFER_TOO_SMALL: 0xc0000023,
  INVALID_USER_BUFFER: 0xc00000e8,
  CANCELLED: 0xc0000120,
  FILE_CLOSED: 0xc0000128,
};
const FILE_NOT_FOUND = 2;
/** facts/nt.md 7: an unknown pid. */
const INVALID_CID = 0xc000000b;

/** A request header and the fixed parts of HELLO and QUERY (docs/protocol.md). */
function request(message, { size, replySize, recordSize = 0 }, words = []) {
  const bytes = new Uint8Array(size + words.length * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, message, true);
  view.setUint32(8, replySize, true);
  view.setUint32(12, recordSize, true);
  for (const [index, word] of words.entries()) view.setUint32(size + index * 4, word, true);
  return { bytes, view };
}

function hello() {
  const { bytes, view } = request(1, { size: 24, replySize: 72 });
  view.setUint16(16, 1, true);
  view.setUint16(18, 1, true);
  return bytes;
}

function query(pids) {
  const { bytes, view } = request(2, { size: 24, replySize: 16, recordSize: 64 }, pids);
  view.setUint32(16, pids.length, true);
  return bytes;
}

/** Rounds of the check for leaks. */
const ROUNDS = 10_000;

/** The lowest number that is free for a handle: it grows with every handle that stays. */
function freeHandle() {
  const cell = new BigUint64Array(1);
  assert.equal(binding.duplicateHandle(-1n, 0x1000, cell), 0);
  assert.equal(binding.closeHandle(cell[0]), 0);
  return Number(cell[0]) / 4;
}

/** SYSTEM_PROCESS_INFORMATION's HandleCount, x64 (winternl.h); in Wine it is what its table has room for. */
function handleCount() {
  const buffer = new Uint8Array(1 << 20);
  assert.equal(binding.querySystemInformation(5, buffer, new Uint32Array(1)), 0);
  const view = new DataView(buffer.buffer);
  for (let at = 0; ; at += view.getUint32(at, true)) {
    if (view.getBigUint64(at + 80, true) === BigInt(process.pid)) return view.getUint32(at + 96, true);
    assert.notEqual(view.getUint32(at, true), 0, 'this process is not in the list');
  }
}

const answerOf = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));

const open = (path = values.device) => {
  const device = binding.openDevice(path);
  assert.equal(typeof device, 'object', `${path} does not open: error ${device}`);
  return device;
};

const checks = {
  'the module says what it is': () => {
    assert.equal(binding.abi, 1);
    assert.equal(binding.kind, 'win32');
    assert.equal('host' in binding, false);
    assert.equal(binding.currentProcessId(), process.pid);
  },

  'a device that is not there is error 2, and a closed one STATUS_FILE_CLOSED': () => {
    assert.equal(binding.openDevice('\\\\.\\TrustletThatIsNotThere'), FILE_NOT_FOUND);
    const device = open();
    device.close();
    device.close();
    assert.equal(device.ioctl(HELLO, hello(), new Uint8Array(72)), -STATUS.FILE_CLOSED);
  },

  'HELLO is answered, synchronously and not': async () => {
    const device = open();
    const [now, later] = [new Uint8Array(72), new Uint8Array(72)];
    assert.equal(device.ioctl(HELLO, hello(), now), 72);
    assert.equal(await device.ioctlAsync(HELLO, hello(), later).result, 72);
    assert.deepEqual(later, now);
    assert.equal(new DataView(now.buffer).getUint32(0, true), 72);
    device.close();
  },

  'a request may use one buffer for both ways': () => {
    const device = open();
    const both = new Uint8Array(72);
    both.set(hello());
    assert.equal(device.ioctl(HELLO, both.subarray(0, 24), both), 72);
    device.close();
  },

  'what the driver refuses is its NTSTATUS, synchronously and not': async () => {
    const device = open();
    assert.equal(device.ioctl(HELLO, hello(), new Uint8Array(71)), -STATUS.BUFFER_TOO_SMALL);
    assert.equal(await device.ioctlAsync(HELLO, hello(), new Uint8Array(71)).result, -STATUS.BUFFER_TOO_SMALL);
    const output = new Uint8Array(8).fill(0xee);
    assert.equal(device.ioctl(0x222000, new Uint8Array(0), output), -STATUS.INVALID_DEVICE_REQUEST);
    assert.equal(await device.ioctlAsync(0x222000, new Uint8Array(0), output).result, -STATUS.INVALID_DEVICE_REQUEST);
    assert.deepEqual(output, new Uint8Array(8).fill(0xee));
    device.close();
  },

  'a thousand requests in flight are all answered': async () => {
    const device = open();
    const outputs = Array.from({ length: 1000 }, () => new Uint8Array(80));
    const asked = outputs.map((output) => device.ioctlAsync(QUERY, query([process.pid]), output));
    const results = await Promise.all(asked.map(({ result }) => result));
    assert.deepEqual([...new Set(results)], [80]);
    assert.equal(new DataView(outputs[999].buffer).getUint32(4, true) !== 0, true);
    device.close();
  },

  'an output that was detached meanwhile is not written': async () => {
    const device = open();
    const output = new Uint8Array(72);
    const { result } = device.ioctlAsync(HELLO, hello(), output);
    structuredClone(output.buffer, { transfer: [output.buffer] });
    assert.equal(await result, -STATUS.INVALID_USER_BUFFER);
    device.close();
  },

  'processes open, duplicate and close by their NTSTATUS': () => {
    const cell = new BigUint64Array(1);
    assert.equal(binding.openProcess(process.pid, 0x1000, cell), 0);
    const handle = cell[0];
    assert.notEqual(handle, 0n);
    assert.equal(binding.duplicateHandle(handle, 0x1000, cell), 0);
    assert.notEqual(cell[0], handle);
    assert.equal(binding.closeHandle(cell[0]), 0);
    assert.equal(binding.closeHandle(handle), 0);
    assert.equal(binding.closeHandle(handle), STATUS.INVALID_HANDLE);
    assert.equal(binding.duplicateHandle(handle, 0x1000, cell), STATUS.INVALID_HANDLE);
    assert.equal(cell[0], 0n);
    assert.equal(binding.duplicateHandle(-1n, 0x1000, cell), 0);
    assert.equal(binding.closeHandle(cell[0]), 0);
    cell[0] = 7n;
    assert.equal(binding.openProcess(0xfffffffc, 0x1000, cell), INVALID_CID);
    assert.equal(cell[0], 0n);
    assert.notEqual(binding.openThread(0xfffffffc, 0x800, cell), 0);
  },

  'the system answers a question, and a status has a Win32 error': () => {
    const buffer = new Uint8Array(1 << 16);
    const returned = new Uint32Array(1);
    assert.equal(binding.querySystemInformation(5, buffer, returned), 0);
    assert.ok(returned[0] > 0);
    assert.notEqual(binding.querySystemInformation(5, new Uint8Array(4), returned), 0);
    assert.equal(binding.win32Error(STATUS.ACCESS_DENIED), 5);
    assert.equal(binding.win32Error(STATUS.CANCELLED), 995);
  },

  'wrong arguments are refused': () => {
    assert.throws(() => binding.openDevice(7), TypeError);
    assert.throws(() => binding.openDevice('\\\\.\\a\0b'), RangeError);
    assert.throws(() => binding.openProcess(-1, 0, new BigUint64Array(1)), RangeError);
    assert.throws(() => binding.openProcess(4, 0, new BigUint64Array(0)), RangeError);
    assert.throws(() => binding.closeHandle(4), TypeError);
    assert.throws(() => binding.closeHandle(1n << 64n), RangeError);
  },

  'ten thousand times open, ask, close and open a process: no handle more': async () => {
    const round = async (index) => {
      const device = open();
      assert.equal(device.ioctl(HELLO, hello(), new Uint8Array(72)), 72);
      if (index % 10 === 0) assert.equal(await device.ioctlAsync(HELLO, hello(), new Uint8Array(72)).result, 72);
      device.close();
      const cell = new BigUint64Array(1);
      assert.equal(binding.openProcess(process.pid, 0x1000, cell), 0);
      assert.equal(binding.closeHandle(cell[0]), 0);
      assert.equal(binding.openDevice('\\\\.\\TrustletThatIsNotThere'), FILE_NOT_FOUND);
    };
    for (let count = 0; count < 500; count += 1) await round(count);
    const [free, room, resident] = [freeHandle(), handleCount(), process.memoryUsage().rss];
    for (let count = 0; count < ROUNDS; count += 1) await round(count);
    const kib = Math.round((process.memoryUsage().rss - resident) / 1024);
    console.log(
      `# ${ROUNDS.toLocaleString('en-US')} times open, HELLO and close in node.exe ${process.versions.node}: the lowest free handle is number ${freeHandle()}, before ${free}; handles counted ${handleCount()}, before ${room}; ${kib} KiB more resident (Wine)`,
    );
    // The process has threads and timers of its own, which come and go; a leak would be one handle for each round.
    assert.ok(freeHandle() - free < 20, `handle ${freeHandle()} is free, ${free} was`);
    assert.ok(handleCount() - room < 200, `${handleCount()} handles, ${room} before`);
    assert.ok(kib < 32 * 1024, `${kib} KiB more`);
  },

  'a second copy of the module is a module of its own, and goes with its worker': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-'));
    const path = join(folder, 'trustlet.node');
    copyFileSync(values.binding, path);
    const args = [`--device=${values.device}`, `--binding=${path}`];
    for (let round = 0; round < 5; round += 1) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { args } });
      assert.equal(await answerOf(worker), 72);
      await worker.terminate();
    }
    const copy = require(path);
    assert.notEqual(copy, binding);
    const [ours, theirs] = [open(), copy.openDevice(values.device)];
    assert.equal(await theirs.ioctlAsync(HELLO, hello(), new Uint8Array(72)).result, 72);
    assert.throws(() => Object.getPrototypeOf(ours).close.call(theirs), TypeError);
    ours.close();
    assert.equal(theirs.ioctl(HELLO, hello(), new Uint8Array(72)), 72);
    theirs.close();
  },

  'a worker has devices of its own': async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { args: process.argv.slice(2) } });
    assert.equal(await answerOf(worker), 72);
    await worker.terminate();
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
  process.exitCode = failed === 0 ? 0 : 1;
}

if (isMainThread) await main();
else parentPort.postMessage(await open().ioctlAsync(HELLO, hello(), new Uint8Array(72)).result);
