import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../lib/emulator/index.js';
import { TrustletError } from '../../lib/errors.js';
import { readTarget } from '../../lib/guard/target.js';
import { open, openIn } from '../../lib/open.js';
import { Vsm } from '../../lib/vsm.js';
import { FakeBackend } from '../support/fake-backend.js';

const rejects = (act: () => unknown, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof TrustletError, String(error));
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, message);
    return true;
  });
};

const asked = { kind: 'process', expected: { pid: 8, createTime: 5n, startKey: 7n } };

/** An event as a class of somebody's own has it. */
class ProcessEvent {
  readonly pid = 8;
  get createTime(): bigint {
    return 5n;
  }
  get startKey(): bigint {
    return 7n;
  }
  describe(): string {
    return 'an event';
  }
}

describe('a property of an argument', () => {
  test('is read wherever the object has it: getter of its class, prototype, not enumerable, behind a proxy', () => {
    assert.deepEqual(readTarget(new ProcessEvent()), asked);
    assert.deepEqual(readTarget(Object.create({ pid: 8, createTime: 5n, startKey: 7n })), asked);
    const hidden = Object.defineProperties({ pid: 8 }, { createTime: { value: 5n }, startKey: { get: () => 7n } });
    assert.deepEqual(readTarget(hidden), asked);
    const all: Readonly<Record<string, unknown>> = { pid: 8, createTime: 5n, startKey: 7n };
    assert.deepEqual(readTarget(new Proxy({}, { get: (_target, key) => all[String(key)] })), asked);
    assert.deepEqual(readTarget(Object.assign(Object.create(null), all)), asked);
  });

  test('is what an identity is compared by, in guard.run and in query', () => {
    const backend = new FakeBackend();
    backend.addProcess(8);
    const vsm = new Vsm(backend, undefined);
    assert.equal(vsm.guard.check(new ProcessEvent(), 'read').reason, 'identity-mismatch');
    assert.equal(vsm.query(new ProcessEvent()).reason, 'identity-mismatch');
  });

  test('is read once', () => {
    let reads = 0;
    const target = {
      pid: 8,
      get startKey(): bigint {
        reads += 1;
        return reads === 1 ? 7n : 9n;
      },
    };
    assert.deepEqual(readTarget(target), { kind: 'process', expected: { pid: 8, createTime: null, startKey: 7n } });
    assert.equal(reads, 1);
  });

  test('is none of the object when it comes from Object.prototype', () => {
    const prototype = Object.prototype as { handle?: unknown; kind?: unknown; allowSimulated?: unknown };
    prototype.handle = 5n;
    prototype.kind = 'process';
    prototype.allowSimulated = true;
    try {
      assert.deepEqual(readTarget({ pid: 8, createTime: 5n, startKey: 7n }), asked);
      const windows = { platform: 'win32', environment: { TRUSTLET_BACKEND: 'emulated' }, ntdllLibrary: 'x' } as const;
      assert.throws(() => openIn(windows, {}), { code: 'ERR_TRUSTLET_BACKEND_REFUSED' });
    } finally {
      delete prototype.handle;
      delete prototype.kind;
      delete prototype.allowSimulated;
    }
  });

  test('that does not exist is refused on the prototype too', () => {
    rejects(() => readTarget(Object.create({ pid: 8, startkey: 7n })), /no property 'startkey'/);
  });

  test('limits the backends from the prototype of the options as well', () => {
    class Options {
      readonly backend = 'emulated';
      get only(): readonly string[] {
        return ['ntdll'];
      }
    }
    assert.throws(() => open(new Options() as never), { code: 'ERR_TRUSTLET_BACKEND_REFUSED' });
    assert.throws(() => open(Object.create({ backend: 'emulated', only: ['ntdll'] })), {
      code: 'ERR_TRUSTLET_BACKEND_REFUSED',
    });
  });

  test('makes the process a trustlet that a class describes as one', () => {
    class Lsaiso {
      readonly label = 'lsaiso-2';
      get trustlet(): { readonly id: number } {
        return { id: 1 };
      }
    }
    const machine = boot('credential-guard');
    machine.spawn(new Lsaiso());
    assert.equal(machine.process('lsaiso-2').trustlet, true);
    const plain = boot('plain').scenario;
    const inherited = Object.create({ label: 'x', image: 'x.exe', trustlet: { id: 1 } });
    assert.throws(() => boot({ ...plain, processes: [...plain.processes, inherited] }), /a trustlet needs VSM/);
  });

  test('is read once from an options list that changes', () => {
    let reads = 0;
    const only = new Proxy(['emulated'], {
      get: (list, key) => {
        if (key === '0') reads += 1;
        return Reflect.get(list, key);
      },
    });
    open({ backend: 'emulated', only: only as readonly 'emulated'[] });
    assert.equal(reads, 1);
  });
});

describe('an argument that cannot be looked at', () => {
  const revoked = (target: object): never => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy as never;
  };

  test('is refused by name, not met with a TypeError', () => {
    const machine = boot('plain');
    const vsm = open({ backend: machine });
    rejects(() => vsm.guard.check(revoked({}), 'read'), /target must be an object; got a revoked proxy/);
    rejects(() => vsm.guard.check({ pid: revoked({}) }, 'read'), /target\.pid.*got a revoked proxy/);
    rejects(() => vsm.guard.check(4, revoked([])), /a revoked proxy is no guarded operation/);
    rejects(() => vsm.guard.check(4, 'terminate', { accept: revoked([]) }), /options\.accept.*got a revoked proxy/);
    rejects(() => vsm.query(revoked({})), /got a revoked proxy/);
    rejects(() => vsm.queryMany(revoked([])), /pids must be a list.*got a revoked proxy/);
    rejects(() => vsm.explain(4, revoked({})), /error must be a number.*got a revoked proxy/);
    rejects(() => open(revoked({})), /options must be an object; got a revoked proxy/);
    rejects(() => open({ backend: revoked({}) }), /options\.backend.*got a revoked proxy/);
    rejects(() => open({ backend: 'emulated', only: revoked([]) }), /options\.only.*got a revoked proxy/);
    rejects(() => machine.spawn(revoked({})), /the process to start.*got a revoked proxy/);
    rejects(() => boot(revoked({})), /the argument of boot.*got a revoked proxy/);
    assert.throws(() => open({ scenario: revoked({}) }), { code: 'ERR_TRUSTLET_FORMAT' });
  });
});

describe('the error that explain is asked about', () => {
  test('is in range wherever it comes from', () => {
    const backend = new FakeBackend();
    backend.addProcess(100);
    const vsm = new Vsm(backend, undefined);
    for (const code of [1e300, 3.5, Number.NaN, 2 ** 32, -(2 ** 31) - 1]) {
      rejects(() => vsm.explain(100, { ntstatus: code }), /ntstatus.*whole number/);
      rejects(() => vsm.explain(100, { win32: code }), /win32.*whole number/);
    }
    assert.equal(vsm.explain(100, { ntstatus: 0xffff_ffff }).error?.ntstatus, 0xffff_ffff);
    assert.equal(vsm.explain(100, { ntstatus: -(2 ** 31) }).error?.ntstatus, 0x8000_0000);
  });
});
