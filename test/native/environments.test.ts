import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadHostBinding } from '../../lib/native/load-binding.js';
import { AGENT, binding, boot, DEVICE, hello, hostPath, open, shutdown, table } from './host.js';

const { host } = binding;

before(boot);
after(shutdown);

const begin = async (role: string): Promise<{ worker: Worker; message: unknown; ended: Promise<void> }> => {
  const worker = new Worker(new URL('./environment-worker.js', import.meta.url), { workerData: role });
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  const message = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker ended with ${code} and said nothing`)));
  });
  return { worker, message, ended };
};

/** Threads of this process, by their names where Linux tells. */
const threads = (): number => readdirSync('/proc/self/task').length;

describe('worker threads', () => {
  test('each is the agent, with a device of its own', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => begin('answer')));
    for (const { message } of all) assert.deepEqual(message, [72, 'secure', AGENT]);
    await Promise.all(all.map(({ worker }) => worker.terminate()));
    assert.equal(host.openDevices(), 0);
  });

  test('ask at the same time, and all are answered', async () => {
    const device = open();
    const asking = Array.from({ length: 3 }, () => begin('many'));
    for (let count = 0; count < 2000; count += 1) assert.equal(hello(device), 72);
    for (const { worker, message } of await Promise.all(asking)) {
      assert.equal(message, true);
      await worker.terminate();
    }
    device.close();
    assert.equal(host.openDevices(), 0);
  });

  test('that end by themselves close what they left open', async () => {
    await (await begin('leave open')).ended;
    assert.equal(host.openDevices(), 0);
  });

  test('that are terminated with requests in flight leave nothing, and no thread', async () => {
    const before = threads();
    for (let round = 0; round < 10; round += 1) {
      const { worker } = await begin('in flight');
      assert.equal(host.openDevices(), 1);
      await worker.terminate();
      assert.equal(host.openDevices(), 0);
    }
    assert.ok(threads() <= before, `${threads()} threads, ${before} before`);
  });

  test('that are terminated in the middle of a synchronous request end after it', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { worker } = await begin('busy');
      await worker.terminate();
      assert.equal(host.openDevices(), 0);
    }
  });

  test('lose their machine to a new one without harm', async () => {
    const { worker } = await begin('busy');
    for (let round = 0; round < 20; round += 1) boot();
    await worker.terminate();
    boot();
  });
});

describe('the end of the process', () => {
  const endBy = (way: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [fileURLToPath(new URL('./exit-program.js', import.meta.url)), way], {
      encoding: 'utf8',
      env: process.env,
      timeout: 60_000,
    });

  for (const [way, status, stdout, stderr] of [
    ['exit', 7, /^$/, /^$/],
    ['exit later', 7, /^$/, /^$/],
    ['throw', 1, /^$/, /Error: on purpose/],
    ['close', 0, /^$/, /^$/],
    ['wait', 0, /^the last: true\n$/, /^$/],
    ['first', 0, /^from within: true\n$/, /^$/],
  ] as const) {
    test(`by '${way}' with requests in flight is the program's own`, () => {
      const result = endBy(way);
      assert.equal(result.status, status, result.stderr);
      assert.match(result.stdout, stdout);
      assert.match(result.stderr, stderr);
      assert.doesNotMatch(result.stderr, /Sanitizer|runtime error/);
    });
  }

  // The sanitizers need more addresses than this leaves them.
  if (process.env['LD_PRELOAD'] === undefined)
    test('is not the end of memory: a request that there is none for is a RangeError and keeps nothing', () => {
      const program = fileURLToPath(new URL('./exit-program.js', import.meta.url));
      const command = `ulimit -v 4000000 && exec "${process.execPath}" --expose-gc "${program}" memory`;
      const result = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: process.env, timeout: 60_000 });
      assert.equal(result.stdout, "RangeError: trustlet's addon: out of memory\n".repeat(3), result.stderr);
      assert.equal(result.status, 0, result.stderr);
    });
});

test('two copies of the module are two machines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trustlet-copy-'));
  try {
    const path = join(folder, 'trustlet_host.node');
    copyFileSync(hostPath(), path);
    const copy = loadHostBinding(path);
    assert.notEqual(copy, binding);
    assert.equal(copy.currentProcessId(), 0);
    assert.equal(copy.openDevice(DEVICE), 2);
    copy.host.boot(table());
    const [ours, theirs] = [open(), copy.openDevice(DEVICE)];
    if (typeof theirs === 'number') return assert.fail(`error ${theirs}`);
    assert.equal(hello(theirs), 72);
    assert.equal(host.openDevices(), 1);
    const close = Object.getPrototypeOf(ours).close as () => void;
    assert.throws(() => close.call(theirs), TypeError);
    ours.close();
    assert.equal(hello(theirs), 72);
    theirs.close();
    assert.equal(copy.host.shutdown(), '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return undefined;
});
