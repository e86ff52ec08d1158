import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TrustletError } from '../../lib/errors.js';

describe('TrustletError', () => {
  test('carries everything it was given', () => {
    const cause = new Error('underneath');
    const decision = { decision: 'refuse' };
    const error = new TrustletError('ERR_TRUSTLET_REFUSED', 'pid 812 is a trustlet.', {
      ntstatus: 0xc0000022,
      win32: 5,
      pid: 812,
      operation: 'write',
      decision: decision as never,
      cause,
    });
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'TrustletError');
    assert.equal(error.code, 'ERR_TRUSTLET_REFUSED');
    assert.equal(error.message, 'pid 812 is a trustlet.');
    assert.equal(error.ntstatus, 0xc0000022);
    assert.equal(error.ntstatusName, 'STATUS_ACCESS_DENIED');
    assert.equal(error.win32, 5);
    assert.equal(error.pid, 812);
    assert.equal(error.operation, 'write');
    assert.equal(error.decision, decision);
    assert.equal(error.cause, cause);
    assert.match(String(error.stack), /^TrustletError|errors\.test/m);
  });

  test('what is not known is undefined, and there is no cause at all', () => {
    const error = new TrustletError('ERR_TRUSTLET_CLOSED', 'The vsm was closed.');
    assert.equal(error.ntstatus, undefined);
    assert.equal(error.ntstatusName, undefined);
    assert.equal(error.win32, undefined);
    assert.equal(error.pid, undefined);
    assert.equal(error.operation, undefined);
    assert.equal(error.decision, undefined);
    assert.equal(Object.hasOwn(error, 'cause'), false);
  });

  test('a status of success is a status', () => {
    const error = new TrustletError('ERR_TRUSTLET_UNKNOWN', 'It is exiting.', { ntstatus: 0 });
    assert.equal(error.ntstatus, 0);
    assert.equal(error.ntstatusName, 'STATUS_SUCCESS');
  });

  test('a signed status is kept unsigned, an unlisted one named by its number', () => {
    const signed = new TrustletError('ERR_TRUSTLET_BACKEND', 'Lost.', { ntstatus: -1073741790 });
    assert.equal(signed.ntstatus, 0xc0000022);
    assert.equal(signed.ntstatusName, 'STATUS_ACCESS_DENIED');
    const unlisted = new TrustletError('ERR_TRUSTLET_BACKEND', 'Lost.', { ntstatus: 0xc000beef });
    assert.equal(unlisted.ntstatusName, '0xC000BEEF');
  });
});

describe('TrustletError.is', () => {
  test('knows its own errors', () => {
    assert.equal(TrustletError.is(new TrustletError('ERR_TRUSTLET_FORMAT', 'Truncated.')), true);
  });

  test('knows the errors of another copy of the package', () => {
    const foreign = Object.assign(new Error('from elsewhere'), { [Symbol.for('trustlet.error')]: true });
    assert.equal(TrustletError.is(foreign), true);
  });

  test('takes nothing else for one', () => {
    const others: readonly unknown[] = [
      undefined,
      null,
      0,
      'ERR_TRUSTLET_FORMAT',
      Symbol.for('trustlet.error'),
      new Error('TrustletError'),
      { code: 'ERR_TRUSTLET_FORMAT', name: 'TrustletError' },
      () => true,
    ];
    for (const other of others) assert.equal(TrustletError.is(other), false);
  });

  test('does not throw where the value does', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.equal(TrustletError.is(proxy), false);
  });

  test('its mark does not show among the properties', () => {
    const error = new TrustletError('ERR_TRUSTLET_FORMAT', 'Truncated.');
    assert.equal(Object.getOwnPropertyDescriptor(error, Symbol.for('trustlet.error'))?.enumerable, false);
  });
});

test('an error with a decision is written by JSON.stringify, 64-bit values as decimal strings', () => {
  const decision = { pid: 4, identity: { pid: 4, createTime: 5n, startKey: null }, operations: ['read'] };
  const error = new TrustletError('ERR_TRUSTLET_REFUSED', 'Refused.', {
    ntstatus: 0xc0000022,
    pid: 4,
    decision: decision as never,
  });
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: 'TrustletError',
    code: 'ERR_TRUSTLET_REFUSED',
    message: 'Refused.',
    ntstatus: 0xc0000022,
    ntstatusName: 'STATUS_ACCESS_DENIED',
    pid: 4,
    decision: { pid: 4, identity: { pid: 4, createTime: '5', startKey: null }, operations: ['read'] },
  });
});
