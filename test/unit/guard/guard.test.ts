import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import { Vsm } from '../../../lib/vsm.js';
import { FakeBackend } from '../../support/fake-backend.js';
import { decisionOf, never } from '../../support/refusals.js';

let backend: FakeBackend;
let vsm: Vsm<undefined>;

beforeEach(() => {
  backend = new FakeBackend();
  vsm = new Vsm(backend, undefined);
});

describe('guard.run', () => {
  test('hands an ordinary process to the callback on one handle with rights and query right', () => {
    backend.addProcess(100);
    const seen = vsm.guard.run(100, 'write', (held) => {
      assert.equal(backend.openHandles.get(held.handle)?.access, 0x1028);
      assert.equal(held.pid, 100);
      assert.equal(held.tid, null);
      assert.equal(held.rights, 0x1028);
      assert.equal(held.facts.verdict, 'ordinary');
      assert.deepEqual(held.identity, { pid: 100, createTime: 0x1d0000000000000n, startKey: 0x1000000000064n });
      return 'done';
    });
    assert.equal(seen, 'done');
    assert.deepEqual(backend.calls, ['open process 100 0x1028', 'examine process', 'close']);
    assert.equal(backend.openHandles.size, 0);
  });

  test('refuses a trustlet before the callback and closes what it opened', () => {
    backend.addProcess(100, { flags: 0x80 });
    const decision = decisionOf(() => vsm.guard.run(100, 'read', never));
    assert.equal(decision.reason, 'secure');
    assert.equal(decision.verdict, 'secure');
    assert.equal(decision.pid, 100);
    assert.deepEqual(decision.operations, ['read']);
    assert.equal(backend.openHandles.size, 0);
  });

  test('the refusal says operation, pid, reason, status, backend and what to do', () => {
    backend.addProcess(100, { extendedStatus: 0xc000009d, flags: null });
    assert.throws(
      () => vsm.guard.run(100, ['read', 'write'], never),
      (error: unknown) => {
        assert.ok(error instanceof TrustletError);
        assert.equal(error.operation, 'read+write');
        assert.equal(error.pid, 100);
        assert.equal(error.ntstatus, 0xc000009d);
        assert.equal(error.ntstatusName, 'STATUS_DEVICE_NOT_CONNECTED');
        assert.match(
          error.message,
          /Refused read\+write on pid 100: query-failed \(STATUS_DEVICE_NOT_CONNECTED\).*ntdll backend\. .*trustlet/,
        );
        return true;
      },
    );
  });

  test('an availability operation passes on a trustlet when it is accepted by name', () => {
    backend.addProcess(100, { flags: 0x80 });
    assert.equal(decisionOf(() => vsm.guard.run(100, 'terminate', never)).reason, 'availability');
    assert.equal(
      vsm.guard.run(100, 'terminate', (held) => held.facts.verdict, { accept: ['terminate'] }),
      'secure',
    );
  });

  test('a process that refuses the rights is refused with the better reason', () => {
    backend.addProcess(100, { flags: 0x80 }, 0x1000);
    backend.addProcess(104, {}, 0x1000);
    backend.addProcess(108, {}, 0);
    assert.equal(decisionOf(() => vsm.guard.run(100, 'read', never)).reason, 'secure');
    assert.equal(decisionOf(() => vsm.guard.run(104, 'read', never)).reason, 'rights-denied');
    assert.equal(decisionOf(() => vsm.guard.run(108, 'read', never)).reason, 'access-denied');
    assert.equal(decisionOf(() => vsm.guard.run(112, 'read', never)).reason, 'gone');
    assert.equal(backend.openHandles.size, 0);
  });

  test('rights without the query right are refused where the backend cannot examine the handle', () => {
    backend.addProcess(100, {}, 0x10);
    const decision = decisionOf(() => vsm.guard.run(100, 'read', never));
    assert.equal(decision.reason, 'query-right-denied');
    assert.equal(decision.status, 0xc0000022);
    assert.equal(backend.openHandles.size, 0);
  });

  test('rights without the query right are examined where the backend can', () => {
    backend.addProcess(100, {}, 0x10);
    backend.examinesAnyHandle = true;
    assert.equal(
      vsm.guard.run(100, 'read', (held) => held.rights),
      0x10,
    );
    backend.addProcess(104, { flags: 0x80 }, 0x10);
    assert.equal(decisionOf(() => vsm.guard.run(104, 'read', never)).reason, 'secure');
    assert.equal(backend.openHandles.size, 0);
  });

  test('an identity that is not the one found is refused', () => {
    backend.addProcess(100);
    assert.equal(
      decisionOf(() => vsm.guard.run({ pid: 100, createTime: 1n }, 'read', never)).reason,
      'identity-mismatch',
    );
    assert.equal(
      decisionOf(() => vsm.guard.run({ pid: 100, startKey: 1n }, 'read', never)).reason,
      'identity-mismatch',
    );
    const identity = { pid: 100, createTime: 0x1d0000000000000n, startKey: 0x1000000000064n };
    assert.equal(
      vsm.guard.run(identity, 'read', () => true),
      true,
    );
  });

  test('an identity that was asked for but is not known does not match', () => {
    backend.addProcess(100, { startKey: null });
    assert.equal(
      decisionOf(() => vsm.guard.run({ pid: 100, startKey: 0x1000000000064n }, 'read', never)).reason,
      'identity-mismatch',
    );
    backend.addProcess(104, { startKey: 0n, createTime: null });
    assert.equal(
      decisionOf(() => vsm.guard.run({ pid: 104, createTime: 5n }, 'read', never)).reason,
      'identity-mismatch',
    );
  });

  test('a pid with its low two bits set opens another, as on Windows: refused as gone, under the pid asked for', () => {
    backend.processes.set(101, { record: { ...backend.addProcess(100).record }, grants: 0x1fffff });
    const decision = decisionOf(() => vsm.guard.run(101, 'read', never));
    assert.equal(decision.reason, 'gone');
    assert.equal(decision.pid, 101);
    assert.equal(decision.statusName, 'STATUS_INVALID_CID');
    assert.equal(backend.openHandles.size, 0);
  });

  test('an object that will not say its pid is not taken for the pid below the one asked for', () => {
    backend.addProcess(2, { pid: 0, extendedStatus: 0xc0000004, flags: null });
    assert.equal(decisionOf(() => vsm.guard.run(2, 'read', never)).reason, 'query-failed');
  });

  test('an object that reports quite another pid is another identity', () => {
    backend.processes.set(200, { record: { ...backend.addProcess(100).record }, grants: 0x1fffff });
    assert.equal(decisionOf(() => vsm.guard.run(200, 'read', never)).reason, 'identity-mismatch');
  });

  test('an object that will not say its pid but when it was created keeps the better reason', () => {
    backend.addProcess(100, { pid: 0, extendedStatus: 0xc0000004, flags: null });
    assert.equal(decisionOf(() => vsm.guard.run(100, 'read', never)).reason, 'query-failed');
  });

  test('an object that answers nothing about its identity keeps the better reason and the pid asked for', () => {
    backend.addProcess(100, { pid: 0, extendedStatus: 0xc0000004, flags: null, createTime: null, startKey: null });
    const decision = decisionOf(() => vsm.guard.run({ pid: 100, createTime: 5n }, 'read', never));
    assert.equal(decision.reason, 'query-failed');
    assert.equal(decision.pid, 100);
  });

  test('a gone process with an identity is gone, not a mismatch', () => {
    assert.equal(decisionOf(() => vsm.guard.run({ pid: 100, createTime: 5n }, 'read', never)).reason, 'gone');
  });

  describe('threads', () => {
    test('holds the thread and examines its process', () => {
      backend.addProcess(100);
      backend.addThread(204, { pid: 100, grants: 0x1fffff });
      vsm.guard.run({ tid: 204, pid: 100 }, 'queue-apc', (held) => {
        assert.equal(backend.openHandles.get(held.handle)?.kind, 'thread');
        assert.equal(held.rights, 0x810);
        assert.equal(held.tid, 204);
        assert.equal(held.pid, 100);
      });
      assert.equal(backend.openHandles.size, 0);
    });

    test('refuses a thread of a trustlet, of another process, an ended one, and one that does not exist', () => {
      backend.addProcess(100, { flags: 0x80 });
      backend.addProcess(104);
      backend.addThread(204, { pid: 100, grants: 0x1fffff });
      backend.addThread(208, { pid: 104, grants: 0x1fffff, exited: true });
      backend.addThread(212, { pid: 104, grants: 0x1fffff, status: 0xc000000b });
      backend.addThread(216, { pid: 104, grants: 0x1fffff, reports: 999 });
      backend.addThread(220, { pid: 104, grants: 0x800 });
      const reason = (target: { tid: number; pid?: number }): string =>
        decisionOf(() => vsm.guard.run(target, 'queue-apc', never)).reason;
      assert.equal(reason({ tid: 204 }), 'secure');
      assert.equal(reason({ tid: 204, pid: 104 }), 'identity-mismatch');
      assert.equal(reason({ tid: 208 }), 'thread-exited');
      assert.equal(reason({ tid: 212 }), 'thread-mismatch');
      assert.equal(reason({ tid: 216 }), 'thread-mismatch');
      assert.equal(reason({ tid: 220 }), 'access-denied');
      assert.equal(reason({ tid: 220, pid: 104 }), 'rights-denied');
      assert.equal(reason({ tid: 999 }), 'gone');
      assert.equal(backend.openHandles.size, 0);
    });

    test('names the tid when no pid is known', () => {
      assert.throws(() => vsm.guard.run({ tid: 999 }, 'queue-apc', never), /Refused queue-apc on tid 999: gone/);
    });

    test('set-windows-hook needs no right but the query right', () => {
      backend.addProcess(100);
      backend.addThread(204, { pid: 100, grants: 0x800 });
      assert.equal(
        vsm.guard.run({ tid: 204 }, 'set-windows-hook', (held) => held.rights),
        0x800,
      );
      backend.addThread(208, { pid: 100, grants: 0 });
      backend.calls.length = 0;
      assert.equal(decisionOf(() => vsm.guard.run({ tid: 208 }, 'set-windows-hook', never)).reason, 'access-denied');
      assert.deepEqual(backend.calls, ['open thread 208 0x800'], 'there is nothing narrower to try');
    });
  });

  describe('handles of the caller', () => {
    test('works on a private duplicate with the rights it needs', () => {
      backend.addProcess(100);
      const own = backend.openProcess(100, 0x10).handle;
      vsm.guard.run({ handle: own, kind: 'process' }, 'read', (held) => {
        assert.notEqual(held.handle, own);
        assert.equal(backend.openHandles.get(held.handle)?.access, 0x1010);
      });
      assert.deepEqual([...backend.openHandles.keys()], [own]);
    });

    test('a handle to a trustlet is refused under the pid the object reports, and the duplicate closed', () => {
      backend.addProcess(100, { flags: 0x80 });
      const own = backend.openProcess(100, 0x10).handle;
      assert.throws(
        () => vsm.guard.run({ handle: own, kind: 'process' }, 'read', never),
        /Refused read on pid 100: secure/,
      );
      assert.deepEqual([...backend.openHandles.keys()], [own]);
    });

    test('a handle that is none is refused', () => {
      const decision = decisionOf(() => vsm.guard.run({ handle: 0x1234n, kind: 'process' }, 'read', never));
      assert.equal(decision.reason, 'invalid-handle');
      assert.equal(decision.statusName, 'STATUS_INVALID_HANDLE');
      assert.equal(decision.pid, null);
      assert.throws(
        () => vsm.guard.run({ handle: 0x1234n, kind: 'process' }, 'read', never),
        /Refused read on handle 0x1234: invalid-handle/,
      );
    });
  });

  describe('misuse', () => {
    test('a callback that is no function is refused before anything is opened', () => {
      backend.addProcess(100);
      assert.throws(() => vsm.guard.run(100, 'read', 'x' as never), { code: 'ERR_TRUSTLET_ARGUMENT' });
      assert.deepEqual(backend.calls, []);
    });

    test('an operation on a thread needs a thread, and the reverse', () => {
      assert.throws(() => vsm.guard.run(100, 'queue-apc', never), /queue-apc acts on a thread: pass \{ tid \}/);
      assert.throws(() => vsm.guard.run({ tid: 4 }, 'read', never), /read acts on a process/);
      assert.throws(() => vsm.guard.check({ handle: 8n, kind: 'thread' }, 'read'), /read acts on a process/);
    });
  });
});

describe('guard.check', () => {
  test('gives the decision run would give and holds nothing', () => {
    backend.addProcess(100);
    backend.addProcess(104, { flags: 0x80 });
    assert.equal(vsm.guard.check(100, 'write').decision, 'allow');
    const refused = vsm.guard.check(104, 'write');
    assert.equal(refused.decision, 'refuse');
    assert.equal(refused.reason, 'secure');
    assert.equal(refused.backend, 'ntdll');
    assert.equal(refused.simulated, true);
    assert.match(refused.advice, /trustlet/);
    assert.equal(backend.openHandles.size, 0);
  });

  test('answers a thread operation for a pid from the process alone', () => {
    backend.addProcess(100);
    backend.addProcess(104, { flags: 0x80 });
    assert.equal(vsm.guard.check(100, 'queue-apc').decision, 'allow');
    assert.equal(vsm.guard.check(104, 'queue-apc').reason, 'secure');
    assert.deepEqual(backend.calls.slice(0, 1), ['open process 100 0x1000']);
  });
});
