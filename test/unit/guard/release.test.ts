import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { TrustletError } from '../../../lib/errors.js';
import type { Held } from '../../../lib/types.js';
import { Vsm } from '../../../lib/vsm.js';
import { FakeBackend } from '../../support/fake-backend.js';
import { decisionOf, never } from '../../support/refusals.js';

let backend: FakeBackend;
let vsm: Vsm<undefined>;

beforeEach(() => {
  backend = new FakeBackend();
  vsm = new Vsm(backend, undefined);
});

describe('the handle is released on every path', () => {
  test('after a callback that throws, and the error is passed on', () => {
    backend.addProcess(100);
    const mine = new Error('mine');
    assert.throws(
      () =>
        vsm.guard.run(100, 'read', () => {
          throw mine;
        }),
      (error) => error === mine,
    );
    assert.equal(backend.openHandles.size, 0);
  });

  test('after a promise resolves, and not before', async () => {
    backend.addProcess(100);
    let finish = (_value: string): void => undefined;
    const running = vsm.guard.run(
      100,
      'read',
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    assert.equal(backend.openHandles.size, 1);
    finish('later');
    assert.equal(await running, 'later');
    assert.equal(backend.openHandles.size, 0);
  });

  test('after a promise rejects, and the reason is passed on', async () => {
    backend.addProcess(100);
    await assert.rejects(
      vsm.guard.run(100, 'read', async () => {
        await Promise.resolve();
        throw new Error('later');
      }),
      /later/,
    );
    assert.equal(backend.openHandles.size, 0);
  });

  test('for a foreign thenable too, even one whose then throws', async () => {
    backend.addProcess(100);
    const thenable = Object.fromEntries([['then', (resolve: (value: number) => void): void => resolve(7)]]);
    assert.equal(await vsm.guard.run(100, 'read', () => thenable as unknown as Promise<number>), 7);
    const broken = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('no then');
      },
    });
    assert.throws(() => vsm.guard.run(100, 'read', () => broken), /no then/);
    assert.equal(backend.openHandles.size, 0);
  });

  test('when the examination itself throws', () => {
    backend.addProcess(100);
    backend.examineError = new TrustletError('ERR_TRUSTLET_BACKEND', 'The device is gone.');
    assert.throws(() => vsm.guard.run(100, 'read', never), /The device is gone/);
    assert.throws(() => vsm.guard.check(100, 'read'), /The device is gone/);
    assert.equal(backend.openHandles.size, 0);
  });

  test('a handle read after the callback throws RELEASED', () => {
    backend.addProcess(100);
    let kept: Held | undefined;
    vsm.guard.run(100, 'read', (held) => {
      kept = held;
    });
    assert.throws(
      () => kept?.handle,
      (error: unknown) => error instanceof TrustletError && error.code === 'ERR_TRUSTLET_RELEASED' && error.pid === 100,
    );
    assert.equal(kept?.pid, 100);
  });

  test('a handle that cannot be closed is reported as a warning, not as a failed operation', async () => {
    backend.addProcess(100);
    const warned = new Promise<Error>((resolve) => {
      process.once('warning', resolve);
    });
    backend.closeStatus = 0xc0000008;
    assert.equal(
      vsm.guard.run(100, 'read', () => 'worked'),
      'worked',
    );
    const warning = await warned;
    assert.match(warning.message, /pid 100 could not be closed \(STATUS_INVALID_HANDLE\)/);
    assert.equal((warning as NodeJS.ErrnoException).code, 'TRUSTLET_HANDLE_NOT_CLOSED');
  });

  test('a close that throws hides neither the callback’s error nor its result, and the backend is let go of', async () => {
    backend.addProcess(100);
    const warnings: Error[] = [];
    const collect = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', collect);
    backend.close = () => {
      throw new TrustletError('ERR_TRUSTLET_BACKEND', 'The device is gone.');
    };
    const mine = new Error('mine');
    assert.throws(
      () =>
        vsm.guard.run(100, 'read', () => {
          throw mine;
        }),
      (error) => error === mine,
    );
    assert.equal(
      vsm.guard.run(100, 'read', () => 'worked'),
      'worked',
    );
    assert.equal(await vsm.guard.run(100, 'read', () => Promise.resolve('later')), 'later');
    await assert.rejects(
      vsm.guard.run(100, 'read', () => Promise.reject(mine)),
      (error) => error === mine,
    );
    backend.addProcess(104, { flags: 0x80 });
    assert.equal(decisionOf(() => vsm.guard.run(104, 'read', never)).reason, 'secure');
    vsm.close();
    assert.equal(backend.disposed, 1);
    await new Promise(setImmediate);
    process.off('warning', collect);
    assert.equal(warnings.length, 5);
    for (const { message } of warnings) assert.match(message, /could not be closed \(.*The device is gone\./);
  });

  test('a handle of an unresolved target that cannot be closed is reported too', async () => {
    backend.addProcess(100);
    backend.addThread(204, { pid: 100, grants: 0x10 });
    const warned = new Promise<Error>((resolve) => {
      process.once('warning', resolve);
    });
    backend.closeStatus = 0xc0000008;
    assert.equal(decisionOf(() => vsm.guard.run({ tid: 204 }, 'queue-apc', never)).reason, 'query-right-denied');
    assert.match((await warned).message, /handle of a target could not be closed/);
  });
});

describe('close', () => {
  test('new calls throw CLOSED; a held handle lives until its callback settles; then the backend is let go of once', async () => {
    backend.addProcess(100);
    let finish = (): void => undefined;
    let held: Held | undefined;
    const running = vsm.guard.run(100, 'read', (given) => {
      held = given;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    vsm.close();
    vsm.close();
    assert.equal(backend.disposed, 0);
    assert.equal(backend.openHandles.has(held?.handle ?? 0n), true);
    assert.throws(() => vsm.guard.run(100, 'read', never), { code: 'ERR_TRUSTLET_CLOSED' });
    assert.throws(() => vsm.guard.check(100, 'read'), { code: 'ERR_TRUSTLET_CLOSED' });
    finish();
    await running;
    assert.equal(backend.disposed, 1);
    assert.equal(backend.openHandles.size, 0);
  });

  test('a target whose getter closes the vsm opens nothing', () => {
    backend.addProcess(100);
    const target = {
      get pid(): number {
        vsm.close();
        return 100;
      },
    };
    assert.throws(() => vsm.guard.run(target, 'read', never), { code: 'ERR_TRUSTLET_CLOSED' });
    assert.deepEqual(backend.calls, []);
  });

  test('closing inside a synchronous callback lets go after it', () => {
    backend.addProcess(100);
    vsm.guard.run(100, 'read', () => {
      vsm.close();
      assert.equal(backend.disposed, 0);
    });
    assert.equal(backend.disposed, 1);
  });
});
