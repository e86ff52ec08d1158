/** The very handle behind `guard.run`: EXAMINE and GUARD, and what the guard makes of them. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Backend, Intention } from '../../../lib/backend.js';
import { TrustletError } from '../../../lib/errors.js';
import { wire } from '../../../lib/protocol/index.js';
import { Vsm } from '../../../lib/vsm.js';
import { type DriverBench, driverBench } from '../../support/driver-bench.js';

let bench: DriverBench;
let backend: Backend;

beforeEach(() => {
  bench = driverBench();
  backend = bench.open();
});

const throws = (act: () => unknown, code: string, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TrustletError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
};

const intention = (over: Partial<Intention> = {}): Intention => ({
  operations: ['read'],
  accepted: [],
  access: 0x1010,
  expected: { pid: 100, createTime: 1000n, startKey: null },
  ...over,
});

const u32 = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer).getUint32(at, true);
const u64 = (bytes: Uint8Array, at: number): bigint => new DataView(bytes.buffer).getBigUint64(at, true);

describe('examine', () => {
  const open = (pid = 100): bigint => backend.openProcess(pid, 0x1010).handle;

  test('with an intention it is GUARD on that very handle, and its decision the opinion', () => {
    const handle = open();
    const examined = backend.examine(handle, 'process', intention());
    assert.deepEqual(examined.record, { ...bench.source.query(100), name: null, sessionId: null });
    assert.equal(examined.thread, null);
    assert.equal(examined.grantedAccess, 0x1010);
    assert.deepEqual(examined.opinion, {
      decision: 'allow',
      verdict: 'ordinary',
      reason: 'ordinary',
      evidence: 'documented',
      status: 0,
    });
    const asked = bench.binding.driver.seen.at(-1);
    assert.ok(asked !== undefined);
    assert.deepEqual([asked.message, asked.room, asked.bytes.length], ['GUARD', 112, 72]);
    assert.equal(u64(asked.bytes, 16), handle);
    assert.equal(u32(asked.bytes, 24), 1, 'a process');
    assert.equal(u32(asked.bytes, 28), 0x1010, 'expected access');
    assert.equal(u32(asked.bytes, 32), 3, 'pid and create time are expected');
    assert.equal(u32(asked.bytes, 36), 100);
    assert.equal(u64(asked.bytes, 40), 1000n);
    assert.equal(u64(asked.bytes, 48), 0n);
    assert.equal(u32(asked.bytes, 64), 0x8, 'read');
    assert.equal(u32(asked.bytes, 68), 0, 'nothing accepted');
  });

  test('operations, what is accepted and the start key are told', () => {
    const accepted: Intention = intention({
      operations: ['terminate', 'duplicate-handle'],
      accepted: ['terminate'],
      expected: { pid: null, createTime: null, startKey: 0x55n },
    });
    backend.examine(open(104), 'process', accepted);
    const bytes = bench.binding.driver.seen.at(-1)?.bytes ?? assert.fail('nothing asked');
    assert.deepEqual([u32(bytes, 32), u32(bytes, 36), u64(bytes, 48)], [4, 0, 0x55n]);
    assert.deepEqual([u32(bytes, 64), u32(bytes, 68)], [0x6000, 0x2000]);
  });

  test('without an intention it is EXAMINE, and there is no opinion', () => {
    const examined = backend.examine(open(104), 'process', null);
    assert.equal(examined.record.flags, 0x80);
    assert.equal(examined.opinion, null);
    const asked = bench.binding.driver.seen.at(-1);
    assert.deepEqual([asked?.message, asked?.room], ['EXAMINE', 104]);
    assert.equal(u32(asked?.bytes ?? new Uint8Array(64), 28), 0);
  });

  test('pid 0 cannot be expected in the protocol: the object is examined, and the guard refuses by itself', () => {
    const examined = backend.examine(
      open(),
      'process',
      intention({ expected: { pid: 0, createTime: null, startKey: null } }),
    );
    assert.equal(bench.binding.driver.asked.at(-1), 'EXAMINE');
    assert.equal(examined.opinion, null);
  });

  test('of a thread its process is examined, and the thread told', () => {
    const handle = backend.openThread(124, 0x802).handle;
    const examined = backend.examine(
      handle,
      'thread',
      intention({ operations: ['suspend'], expected: { pid: 104, createTime: null, startKey: null } }),
    );
    assert.equal(examined.record.pid, 104);
    assert.deepEqual(examined.thread, { tid: 124, status: 0, exited: false });
    assert.equal(examined.opinion?.reason, 'availability');
  });

  test('a thread that has ended, or would not say, is neither paired nor alive', () => {
    bench.source.addThread(128, { pid: 100, grants: 0x1fffff, exited: true });
    bench.source.addThread(132, { pid: 100, grants: 0x1fffff, status: 0xc0000001 });
    const thread = (tid: number) => backend.examine(backend.openThread(tid, 0x802).handle, 'thread', null).thread;
    assert.deepEqual(thread(128), { tid: 128, status: 0, exited: true });
    assert.deepEqual(thread(132), { tid: 132, status: 0xc0000001, exited: false });
    // It would not say, and yet nothing is said to have failed.
    bench.binding.driver.examined = { thread: 2, threadStatus: 0 };
    assert.deepEqual(thread(120), { tid: 120, status: 0xc0000001, exited: false });
  });

  test('a handle that does not resolve leaves nothing known but the status', () => {
    bench.binding.driver.examined = { referenceStatus: 0xc0000008, grantedAccess: 0xffffffff };
    const handle = open();
    const process = bench.source.processes.get(100) ?? assert.fail('no such process');
    process.record = { ...process.record, openStatus: 0xc0000008 };
    const examined = backend.examine(handle, 'process', intention());
    assert.deepEqual(examined.record, {
      pid: 0,
      openStatus: 0,
      extendedStatus: 0xc0000008,
      flags: null,
      protection: null,
      classification: null,
      name: null,
      parentPid: null,
      sessionId: null,
      createTime: null,
      startKey: null,
      reused: false,
    });
    assert.equal(examined.thread, null);
    assert.equal(examined.grantedAccess, null, 'nothing is known of its access');
  });

  test('a reply whose parts contradict one another is none', () => {
    const handle = open();
    const thread = backend.openThread(120, 0x802).handle;
    const { driver } = bench.binding;
    driver.examined = { referenceStatus: 0xc0000008 };
    throws(
      () => backend.examine(handle, 'process', null),
      'ERR_TRUSTLET_PROTOCOL',
      /EXAMINE reply has a record.*not resolved/,
    );
    driver.examined = { thread: 1 };
    throws(
      () => backend.examine(handle, 'process', intention()),
      'ERR_TRUSTLET_PROTOCOL',
      /GUARD reply is about a thread, where a process/,
    );
    driver.examined = { thread: 0 };
    throws(
      () => backend.examine(thread, 'thread', null),
      'ERR_TRUSTLET_PROTOCOL',
      /is about no thread, where a thread/,
    );
  });

  test('a driver that does not know an operation is too old for it, and nothing is asked', () => {
    bench.binding.driver.operations = 0x7fff & ~0x8;
    const old = bench.open();
    const { handle } = old.openProcess(100, 0x1010);
    const before = bench.binding.driver.asked.length;
    throws(
      () => old.examine(handle, 'process', intention({ operations: ['write', 'read'] })),
      'ERR_TRUSTLET_BACKEND',
      /driver 2\.3\.4 at .* does not know the operation read, .*Install the driver that belongs to this version/,
    );
    assert.equal(bench.binding.driver.asked.length, before);
    assert.equal(old.examine(handle, 'process', intention({ operations: ['write'] })).opinion?.decision, 'allow');
  });

  test('a driver that is stopped meanwhile throws, and says what to do', () => {
    const handle = open();
    bench.binding.driver.failing.set('GUARD', 0xc000009d);
    throws(
      () => backend.examine(handle, 'process', intention()),
      'ERR_TRUSTLET_BACKEND',
      /was lost.*STATUS_DEVICE_NOT_CONNECTED.*trustlet driver start/,
    );
  });
});

describe('guard.run over the driver', () => {
  test('costs one open, one GUARD about the very handle that the callback gets, and one close', () => {
    using vsm = new Vsm(backend, undefined);
    const { driver } = bench.binding;
    const before = driver.seen.length;
    vsm.guard.run({ pid: 100, createTime: 1000n }, ['read', 'write'], (held) => {
      const asked = driver.seen.slice(before);
      assert.deepEqual(
        asked.map(({ message }) => message),
        ['GUARD'],
      );
      assert.equal(u64(asked[0]?.bytes ?? new Uint8Array(72), 16), held.handle);
      assert.equal(u32(asked[0]?.bytes ?? new Uint8Array(72), 28), held.rights);
    });
    assert.deepEqual(bench.source.calls, ['open process 100 0x1038', 'examine process', 'close']);
  });

  test('a driver that is lost refuses nothing and allows nothing: an error before the callback, and the handle is closed', () => {
    using vsm = new Vsm(backend, undefined);
    bench.binding.driver.failing.set('GUARD', 0xc000009d);
    throws(
      () => vsm.guard.run(100, 'read', () => assert.fail('the callback was entered')),
      'ERR_TRUSTLET_BACKEND',
      /was lost/,
    );
    assert.equal(bench.source.openHandles.size, 0);
    bench.binding.driver.failing.clear();
    bench.binding.driver.lies.set('GUARD', (reply) => reply.subarray(0, 40));
    throws(
      () => vsm.guard.run(100, 'read', () => assert.fail('the callback was entered')),
      'ERR_TRUSTLET_PROTOCOL',
      /GUARD reply/,
    );
    assert.equal(bench.source.openHandles.size, 0);
  });

  test('a handle without the query right is examined all the same, and has the operation’s rights alone', () => {
    using vsm = new Vsm(backend, undefined);
    bench.source.addProcess(112, {}, 0x10);
    assert.equal(
      vsm.guard.run(112, 'read', (held) => held.rights),
      0x10,
    );
  });

  test('a handle whose rights were taken from it is refused, by the driver and by this package for the same reason', () => {
    using vsm = new Vsm(backend, undefined);
    const { Decision, Verdict, Reason } = wire.enums;
    bench.binding.driver.examined = { grantedAccess: 0x1000, accessSufficient: 0 };
    bench.binding.driver.opinion = {
      decision: Decision.refuse,
      verdict: Verdict.ordinary,
      reason: Reason['rights-denied'],
      status: 0xc0000022,
    };
    const decision = vsm.guard.check(100, 'read');
    assert.deepEqual([decision.decision, decision.reason], ['refuse', 'rights-denied']);
    assert.equal(decision.statusName, 'STATUS_ACCESS_DENIED');
  });
});
