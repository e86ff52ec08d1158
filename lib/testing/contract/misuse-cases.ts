/** Bad input of every kind gets a clear error with a code, whatever the backend. */
import assert from 'node:assert/strict';
import { TrustletError } from '../../errors.js';
import type { ContractCase } from './host.js';

const BAD_IDS: readonly unknown[] = [-1, 2 ** 32, Number.NaN, 4.5, '4', 4n, null, undefined, {}, [], true];

const isArgumentError = (error: unknown): boolean => {
  assert.ok(error instanceof TrustletError, String(error));
  assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
  assert.match(error.message, /\.$/);
  return true;
};

export const misuseCases: readonly ContractCase[] = [
  {
    title: 'anything but a pid is refused by every call that takes one',
    needs: [],
    run: ({ vsm }) => {
      for (const bad of BAD_IDS) {
        const pid = bad as number;
        assert.throws(() => vsm.isSecureProcess(pid), isArgumentError);
        assert.throws(() => vsm.query(pid), isArgumentError);
        assert.throws(() => vsm.queryMany([4, pid]), isArgumentError);
        // null asks about no process at all.
        if (bad !== null) assert.throws(() => vsm.explain(pid), isArgumentError);
        assert.throws(() => vsm.guard.check(pid, 'read'), isArgumentError);
        assert.throws(() => vsm.guard.run({ tid: pid }, 'queue-apc', () => undefined), isArgumentError);
      }
    },
  },
  {
    title: 'anything but guarded operations is refused',
    needs: [],
    run: ({ vsm }) => {
      for (const bad of ['inject', '', 7, null, [], ['read', 'inject'], ['read', 'queue-apc'], 'toString']) {
        assert.throws(() => vsm.guard.check(4, bad as 'read'), isArgumentError);
      }
    },
  },
  {
    title: 'an identity of zeros, a pseudo-handle and an unknown option are refused',
    needs: [],
    run: ({ vsm }) => {
      assert.throws(() => vsm.guard.check({ pid: 4, startKey: 0n }, 'read'), isArgumentError);
      assert.throws(() => vsm.guard.check({ handle: -1n, kind: 'process' }, 'read'), isArgumentError);
      assert.throws(() => vsm.guard.check(4, 'terminate', { accept: ['read'] }), isArgumentError);
      assert.throws(() => vsm.guard.check(4, 'terminate', { allow: true } as never), isArgumentError);
    },
  },
  {
    title: 'a closed vsm refuses every call, and closing twice is nothing',
    needs: [],
    run: ({ vsm }) => {
      vsm.close();
      vsm.close();
      const calls: readonly (() => unknown)[] = [
        () => vsm.isSecureProcess(4),
        () => vsm.query(4),
        () => vsm.queryMany([4]),
        () => vsm.census(),
        () => vsm.posture(),
        () => vsm.explain(4),
        () => vsm.guard.check(4, 'read'),
        () => vsm.guard.run(4, 'read', () => undefined),
      ];
      for (const call of calls) assert.throws(call, { code: 'ERR_TRUSTLET_CLOSED' });
    },
  },
];
