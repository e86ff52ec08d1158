import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { readAccepted, readOperations, readTarget } from '../../../lib/guard/target.js';
import { open } from '../../../lib/open.js';

const rejects = (act: () => unknown, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TrustletError);
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, message);
    return true;
  });
};

describe('reading a target', () => {
  test('takes a census row as it is: its identity counts, and nothing else of it', () => {
    const vsm = open({ backend: boot('credential-guard') });
    for (const row of vsm.census()) {
      const read = readTarget(row);
      assert.deepEqual(read, {
        kind: 'process',
        expected: { pid: row.pid, createTime: row.createTime, startKey: row.startKey },
      });
      const { pid, decision, reason } = vsm.guard.check(row, 'write');
      assert.deepEqual(
        [pid, decision === 'allow' ? reason : 'refused'],
        [row.pid, decision === 'allow' ? 'ordinary' : 'refused'],
      );
      if (pid === 0) assert.equal(reason, 'idle-process');
    }
    rejects(() => readTarget({ verdict: 'ordinary', pid: 8, colour: 'red' }), /facts has no property 'colour'/);
    rejects(() => readTarget({ verdict: 'ordinary', createTime: 1n }), /target.pid/);
  });

  test('a pid is a process with no identity asked for', () => {
    assert.deepEqual(readTarget(1234), { kind: 'process', expected: { pid: 1234, createTime: null, startKey: null } });
    assert.deepEqual(readTarget(0), { kind: 'process', expected: { pid: 0, createTime: null, startKey: null } });
    assert.deepEqual(readTarget(4294967295).kind, 'process');
  });

  test('an identity is read, and 0 in one field is absent', () => {
    assert.deepEqual(readTarget({ pid: 8, createTime: 5n, startKey: 0n }), {
      kind: 'process',
      expected: { pid: 8, createTime: 5n, startKey: null },
    });
    assert.deepEqual(readTarget({ pid: 8, startKey: 7n }), {
      kind: 'process',
      expected: { pid: 8, createTime: null, startKey: 7n },
    });
    assert.deepEqual(readTarget({ pid: 8 }), {
      kind: 'process',
      expected: { pid: 8, createTime: null, startKey: null },
    });
  });

  test('an identity of nothing but zeros is refused instead of matching anything', () => {
    rejects(() => readTarget({ pid: 8, startKey: 0n }), /pid 8.*identifies nothing/);
    rejects(() => readTarget({ pid: 8, createTime: 0n, startKey: 0n }), /identifies nothing/);
    rejects(() => readTarget({ tid: 8, createTime: 0n }), /identifies nothing/);
  });

  test('a thread is read, with or without the process it should belong to', () => {
    assert.deepEqual(readTarget({ tid: 12 }), {
      kind: 'thread',
      tid: 12,
      expected: { pid: null, createTime: null, startKey: null },
    });
    assert.deepEqual(readTarget({ tid: 12, pid: 8, createTime: 5n }), {
      kind: 'thread',
      tid: 12,
      expected: { pid: 8, createTime: 5n, startKey: null },
    });
  });

  test('a handle needs its kind and is no pseudo-handle', () => {
    assert.deepEqual(readTarget({ handle: 0x40n, kind: 'process' }), {
      kind: 'handle',
      handle: 0x40n,
      object: 'process',
      expected: { pid: null, createTime: null, startKey: null },
    });
    rejects(() => readTarget({ handle: 0x40n }), /target\.kind/);
    rejects(() => readTarget({ handle: 0x40, kind: 'process' }), /target\.handle/);
    rejects(() => readTarget({ handle: -1n, kind: 'process' }), /pseudo-handle/);
    rejects(() => readTarget({ handle: 0n, kind: 'thread' }), /target\.handle/);
    rejects(() => readTarget({ handle: 1n << 64n, kind: 'thread' }), /target\.handle/);
    rejects(() => readTarget({ handle: 0x40n, kind: 'process', pid: 4 }), /no property 'pid'/);
    const hidden = Object.defineProperty({ handle: 0x40n, kind: 'process' }, 'createTime', { value: 5n });
    rejects(() => readTarget(hidden), /a handle target has no property 'createTime'/);
  });

  test('anything else is refused by name', () => {
    rejects(() => readTarget(-1), /pid.*got -1/);
    rejects(() => readTarget(2 ** 32), /got 4294967296/);
    rejects(() => readTarget(Number.NaN), /got NaN/);
    rejects(() => readTarget(4.5), /got 4\.5/);
    rejects(() => readTarget('4'), /got '4'/);
    rejects(() => readTarget(4n), /got 4n/);
    rejects(() => readTarget(undefined), /got undefined/);
    rejects(() => readTarget(null), /got null/);
    rejects(() => readTarget(true), /got true/);
    rejects(() => readTarget('x'.repeat(100)), /x…'/);
    rejects(() => readTarget([4]), /target must be an object; got an array/);
    rejects(() => readTarget({}), /target\.pid.*got undefined/);
    rejects(() => readTarget({ pid: { pid: 4 } }), /got an object/);
    rejects(() => readTarget({ tid: -4 }), /target\.tid/);
    rejects(() => readTarget({ tid: 4, pid: '4' }), /target\.pid/);
    rejects(() => readTarget({ pid: 4, createTime: 5 }), /target\.createTime.*got 5/);
    rejects(() => readTarget({ pid: 4, startKey: -1n }), /target\.startKey/);
    rejects(() => readTarget({ pid: 4, startKey: 1n << 64n }), /target\.startKey/);
    rejects(() => readTarget({ pid: 4, startkey: 1n }), /no property 'startkey'/);
    rejects(() => readTarget({ pid: 4, kind: 'process' }), /a target has no property 'kind'/);
    rejects(() => readTarget({ pid: 4, handle: undefined }), /a target has no property 'handle'/);
  });

  test('null in an identity field means absent, as facts give it', () => {
    rejects(() => readTarget({ pid: 8, createTime: null, startKey: null }), /absent \(0 or null\)/);
    assert.deepEqual(readTarget({ pid: 8, createTime: 5n, startKey: null }), {
      kind: 'process',
      expected: { pid: 8, createTime: 5n, startKey: null },
    });
  });
});

describe('reading operations', () => {
  test('one operation gives its own rights', () => {
    assert.equal(readOperations('read').rights, 0x10);
    assert.equal(readOperations('queue-apc').rights, 0x10);
    assert.equal(readOperations('queue-apc').acts, 'thread');
  });

  test('a list unites the rights', () => {
    assert.equal(readOperations(['read', 'write']).rights, 0x38);
    assert.equal(readOperations(['load-library', 'terminate']).rights, 0x43b);
  });

  test('unknown names, empty lists and mixed kinds are refused', () => {
    rejects(
      () => readOperations('inject'),
      /'inject' is no guarded operation; the operations are queue-apc, create-thread/,
    );
    rejects(() => readOperations(7), /7 is no guarded operation/);
    rejects(() => readOperations([]), /the list is empty/);
    rejects(() => readOperations(['read', 'queue-apc']), /read acts on a process and queue-apc on a thread/);
    rejects(() => readOperations('constructor'), /'constructor' is no guarded operation/);
  });
});

describe('reading what is accepted', () => {
  test('nothing by default', () => {
    assert.equal(readAccepted(undefined).size, 0);
    assert.equal(readAccepted({}).size, 0);
  });

  test('availability operations by name', () => {
    assert.deepEqual([...readAccepted({ accept: ['terminate', 'suspend'] })], ['terminate', 'suspend']);
  });

  test('never an isolation operation, never anything else', () => {
    rejects(() => readAccepted({ accept: ['read'] }), /cannot name read/);
    rejects(() => readAccepted({ accept: 'terminate' }), /must be a list/);
    rejects(() => readAccepted({ accept: ['nothing'] }), /no guarded operation/);
    rejects(() => readAccepted({ allow: ['terminate'] }), /no property 'allow'/);
    rejects(() => readAccepted(null), /options must be an object/);
  });
});
