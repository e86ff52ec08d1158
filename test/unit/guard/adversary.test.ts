import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Vsm } from '../../../lib/vsm.js';
import { FakeBackend } from '../../support/fake-backend.js';
import { decisionOf, never } from '../../support/refusals.js';

let backend: FakeBackend;
let vsm: Vsm<undefined>;

beforeEach(() => {
  backend = new FakeBackend();
  vsm = new Vsm(backend, undefined);
});

describe('what an adversary tried', () => {
  test('an examination that names no pid, or no thread for a thread, is never acted on', () => {
    const own = backend.addProcess(100, { pid: 0 });
    const handle = backend.openProcess(100, 0x10).handle;
    assert.equal(
      decisionOf(() => vsm.guard.run({ handle, kind: 'process' }, 'read', never)).reason,
      'identity-mismatch',
    );
    own.record = { ...own.record, pid: 100 };
    backend.addThread(204, { pid: 100, grants: 0x1fffff });
    const examine = backend.examine.bind(backend);
    backend.examine = (given, kind, intention) => ({ ...examine(given, kind, intention), thread: null });
    assert.equal(decisionOf(() => vsm.guard.run({ tid: 204 }, 'queue-apc', never)).reason, 'thread-mismatch');
    const thread = backend.openThread(204, 0x10).handle;
    assert.equal(
      decisionOf(() => vsm.guard.run({ handle: thread, kind: 'thread' }, 'queue-apc', never)).reason,
      'thread-mismatch',
    );
  });

  test('a vsm closed while the target is examined enters no callback, closes the handle, and lets go once', () => {
    backend.addProcess(100);
    const examine = backend.examine.bind(backend);
    backend.examine = (handle, kind, intention) => {
      vsm.close();
      return examine(handle, kind, intention);
    };
    assert.throws(() => vsm.guard.run(100, 'read', never), { code: 'ERR_TRUSTLET_CLOSED' });
    assert.equal(backend.openHandles.size, 0);
    assert.equal(backend.disposed, 1);
  });

  test('a promise with a finally of its own cannot keep the handle', async () => {
    backend.addProcess(100);
    const promise = Object.assign(Promise.resolve(7), { finally: () => Promise.resolve(8) });
    assert.equal(await vsm.guard.run(100, 'read', () => promise), 7);
    assert.equal(backend.openHandles.size, 0);
  });

  test('a polluted prototype accepts nothing, and what is held cannot be released by the callback', () => {
    backend.addProcess(100, { flags: 0x80 });
    backend.addProcess(104);
    const prototype = Object.prototype as { accept?: unknown };
    prototype.accept = ['terminate'];
    try {
      assert.equal(decisionOf(() => vsm.guard.run(100, 'terminate', never, {})).reason, 'availability');
    } finally {
      delete prototype.accept;
    }
    vsm.guard.run(104, 'read', (held) => assert.equal('release' in held, false));
  });

  test('a list with holes is refused', () => {
    const holes = ['read'];
    holes.length = 2;
    assert.throws(() => vsm.guard.check(100, holes as never), { code: 'ERR_TRUSTLET_ARGUMENT' });
    const pids = [4];
    pids.length = 2;
    assert.throws(() => vsm.queryMany(pids), { code: 'ERR_TRUSTLET_ARGUMENT' });
  });
});
