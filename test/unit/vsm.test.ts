import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { ProcessRecord } from '../../lib/backend.js';
import { TrustletError } from '../../lib/errors.js';
import { NOT_ASKED } from '../../lib/posture/configuration.js';
import type { Posture } from '../../lib/types.js';
import { Vsm } from '../../lib/vsm.js';
import { FakeBackend } from '../support/fake-backend.js';
import { record } from '../support/records.js';

let backend: FakeBackend;
let vsm: Vsm<undefined>;

beforeEach(() => {
  backend = new FakeBackend();
  vsm = new Vsm(backend, undefined);
  backend.addProcess(100);
  backend.addProcess(104, { flags: 0x80, name: 'LsaIso.exe' });
  backend.addProcess(108, {}, 0);
});

const code = (expected: string) => (error: unknown) => error instanceof TrustletError && error.code === expected;

describe('isSecureProcess', () => {
  test('is true for a trustlet and false for an ordinary process', () => {
    assert.equal(vsm.isSecureProcess(104), true);
    assert.equal(vsm.isSecureProcess(100), false);
  });

  test('throws UNKNOWN with pid and status when it cannot be known', () => {
    assert.throws(
      () => vsm.isSecureProcess(108),
      (error: unknown) => {
        assert.ok(error instanceof TrustletError);
        assert.equal(error.code, 'ERR_TRUSTLET_UNKNOWN');
        assert.equal(error.pid, 108);
        assert.equal(error.ntstatusName, 'STATUS_ACCESS_DENIED');
        return true;
      },
    );
  });

  test('takes nothing but a pid', () => {
    for (const pid of [-1, 2 ** 32, Number.NaN, '4', { pid: 4 }]) {
      assert.throws(() => vsm.isSecureProcess(pid as number), code('ERR_TRUSTLET_ARGUMENT'));
    }
  });
});

describe('query', () => {
  test('gives facts, labelled with the backend', () => {
    const facts = vsm.query(104);
    assert.equal(facts.verdict, 'secure');
    assert.equal(facts.flags?.IsSecureProcess, true);
    assert.equal(facts.backend, 'ntdll');
    assert.equal(facts.simulated, true);
    assert.equal(facts.statusName, 'STATUS_SUCCESS');
  });

  test('a start key or create time of 0 is absent', () => {
    backend.addProcess(112, { startKey: 0n, createTime: 0n });
    assert.equal(vsm.query(112).startKey, null);
    assert.equal(vsm.query(112).createTime, null);
  });

  test('never throws for the state of a target', () => {
    assert.equal(vsm.query(108).reason, 'access-denied');
    assert.equal(vsm.query(9999).reason, 'gone');
  });

  test('an identity is checked', () => {
    assert.equal(vsm.query({ pid: 100, createTime: 0x1d0000000000000n }).verdict, 'ordinary');
    assert.equal(vsm.query({ pid: 100, createTime: 1n }).reason, 'identity-mismatch');
    assert.equal(vsm.query({ pid: 100, startKey: 1n }).verdict, 'unknown');
    assert.equal(vsm.query({ pid: 9999, startKey: 1n }).reason, 'gone');
  });

  test('takes no threads and no handles', () => {
    assert.throws(() => vsm.query({ tid: 4 } as never), code('ERR_TRUSTLET_ARGUMENT'));
    assert.throws(() => vsm.query({ handle: 4n, kind: 'process' } as never), code('ERR_TRUSTLET_ARGUMENT'));
  });

  test('queryMany is aligned with its input, duplicates kept', () => {
    assert.deepEqual(
      vsm.queryMany([104, 9999, 100, 104]).map((facts) => `${facts.pid} ${facts.verdict}`),
      ['104 secure', '9999 unknown', '100 ordinary', '104 secure'],
    );
    assert.deepEqual(vsm.queryMany([]), []);
  });

  test('queryMany names the index of a bad pid and queries nothing', () => {
    assert.throws(() => vsm.queryMany([4, -1]), /pids\[1\]/);
    assert.throws(() => vsm.queryMany('4' as never), code('ERR_TRUSTLET_ARGUMENT'));
    assert.deepEqual(backend.calls, []);
  });
});

describe('census', () => {
  test('iterates, counts, indexes and finds', () => {
    const census = vsm.census();
    assert.equal(census.length, 3);
    assert.deepEqual(
      [...census].map((facts) => facts.pid),
      [100, 104, 108],
    );
    assert.deepEqual(census.counts(), { total: 3, secure: 1, ordinary: 1, unknown: 1, pseudo: 0 });
    assert.equal(census.at(1).verdict, 'secure');
    assert.equal(census.find(104)?.name, 'LsaIso.exe');
    assert.equal(census.find(5), undefined);
    for (const index of [-1, 3, 0.5]) assert.throws(() => census.at(index), code('ERR_TRUSTLET_ARGUMENT'));
  });
});

describe('explain', () => {
  test('takes the name from the census when it is the same process', () => {
    const explanation = vsm.explain(104, 998);
    assert.equal(explanation.causes[0]?.cause, 'isolated');
    assert.match(explanation.summary, /LsaIso\.exe/);
    assert.equal(explanation.error?.win32, 998);
  });

  test('reads the error from a number or an error object, and refuses anything else', () => {
    assert.equal(
      vsm.explain(104, new TrustletError('ERR_TRUSTLET_UNKNOWN', 'x', { ntstatus: 0xc0000005 })).error?.win32,
      998,
    );
    assert.equal(vsm.explain(104, { win32: 5 }).error?.win32, 5);
    assert.equal(vsm.explain(104).error, null);
    assert.equal(vsm.explain(104, null).error, null);
    for (const bad of ['5', { other: 1 }, 5.5, -(2 ** 33)]) {
      assert.throws(() => vsm.explain(104, bad), code('ERR_TRUSTLET_ARGUMENT'));
    }
  });

  /** The process list as it would be with this record of pid 100 in it. */
  const listed = (over: Partial<ProcessRecord>): void => {
    const found = record({ pid: 100, name: 'listed.exe', ...over });
    backend.census = () => ({ length: 1, pid: () => 100, record: () => found });
  };

  test('takes no name from the census when another process has the pid there', () => {
    backend.addProcess(100, { name: null });
    listed({ createTime: 7n });
    assert.equal(vsm.explain(100).facts?.name, null);
    listed({});
    assert.equal(vsm.explain(100).facts?.name, 'listed.exe');
  });

  test('takes the name of a process that would not say when it was created, unless it is gone', () => {
    backend.addProcess(100, { name: null }, 0);
    listed({});
    assert.equal(vsm.explain(100).facts?.name, 'listed.exe');
    backend.processes.delete(100);
    assert.notEqual(vsm.explain(100).facts?.name, 'listed.exe');
  });

  test('a process that is gone says so', () => {
    assert.equal(vsm.explain(9999).causes[0]?.cause, 'no-such-process');
  });
});

describe('close', () => {
  test('every call throws CLOSED afterwards', () => {
    const { backend: info } = vsm;
    vsm.close();
    for (const act of [
      () => vsm.isSecureProcess(100),
      () => vsm.query(100),
      () => vsm.queryMany([100]),
      () => vsm.census(),
      () => vsm.posture(),
      () => vsm.explain(100),
    ]) {
      assert.throws(act, code('ERR_TRUSTLET_CLOSED'));
    }
    assert.equal(info.name, 'ntdll');
    assert.equal(backend.disposed, 1);
  });

  test('an open vsm lets go of nothing, whatever was done with it', () => {
    vsm.guard.run(100, 'read', () => undefined);
    vsm.guard.check(104, 'read');
    vsm.query(100);
    vsm.census();
    vsm.explain(100);
    assert.equal(backend.disposed, 0);
  });

  test('within a call lets go when the call is over, and the call is not cut short', () => {
    const calls: readonly (readonly [string, (closing: Vsm<undefined>) => unknown])[] = [
      ['query', (closing) => assert.equal(closing.query(100).verdict, 'ordinary')],
      ['query', (closing) => assert.equal(closing.isSecureProcess(104), true)],
      ['queryMany', (closing) => assert.equal(closing.queryMany([100, 104])[1]?.verdict, 'secure')],
      ['census', (closing) => assert.equal(closing.census().length, 3)],
      ['posture', (closing) => assert.equal(closing.posture().backend, 'ntdll')],
      ['query', (closing) => assert.throws(() => closing.explain(100), code('ERR_TRUSTLET_CLOSED'))],
    ];
    for (const [method, call] of calls) {
      const own = new FakeBackend();
      own.addProcess(100);
      own.addProcess(104, { flags: 0x80 });
      own.addProcess(108);
      own.posture = () => ({ backend: 'ntdll' }) as Posture;
      const closing = new Vsm(own, undefined);
      const original = (own as unknown as Record<string, (...given: unknown[]) => unknown>)[method];
      Object.defineProperty(own, method, {
        value: (...given: unknown[]) => {
          closing.close();
          const answer = original?.apply(own, given);
          assert.equal(own.disposed, 0, `${method} was under way`);
          return answer;
        },
      });
      const system = own.system.bind(own);
      own.system = () => {
        assert.equal(own.disposed, 0, 'nothing is asked of a backend that was let go of');
        return system();
      };
      call(closing);
      assert.equal(own.disposed, 1, method);
    }
  });

  test('by an argument that is being read asks nothing', () => {
    const target = {
      get pid(): number {
        vsm.close();
        return 100;
      },
    };
    const pids = Object.defineProperty([0], 0, { get: () => target.pid });
    for (const act of [
      (own: Vsm<undefined>) => own.query(target),
      (own: Vsm<undefined>) => own.explain(target),
      (own: Vsm<undefined>) => own.queryMany(pids),
    ]) {
      vsm = new Vsm(backend, undefined);
      assert.throws(() => act(vsm), code('ERR_TRUSTLET_CLOSED'));
    }
    assert.deepEqual(backend.calls, []);
  });

  test('using and await using close it', async () => {
    vsm[Symbol.dispose]();
    await vsm[Symbol.asyncDispose]();
    assert.equal(backend.disposed, 1);
  });
});

describe('postureAsync', () => {
  const asked = (over: Partial<Pick<FakeBackend, 'configuration' | 'posture'>> = {}): FakeBackend =>
    Object.assign(new FakeBackend(), {
      configuration: () => Promise.resolve(NOT_ASKED),
      posture: (configuration: unknown) => ({ backend: 'ntdll', configuration }) as unknown as Posture,
      ...over,
    });

  test('hands the backend its limits, and makes the posture of what it answers', async () => {
    const limits: unknown[] = [];
    const own = asked({
      configuration: (given?: unknown) => {
        limits.push(given);
        return Promise.resolve(NOT_ASKED);
      },
    });
    const asking = new Vsm(own, undefined);
    const posture = (await asking.postureAsync()) as unknown as { configuration: unknown };
    assert.equal(posture.configuration, NOT_ASKED);
    const { signal } = new AbortController();
    await asking.postureAsync({ timeoutMs: 5, signal });
    assert.deepEqual(limits, [
      { timeoutMs: 10_000, signal: undefined },
      { timeoutMs: 5, signal },
    ]);
  });

  test('refuses options that are none', async () => {
    const asking = new Vsm(asked(), undefined);
    for (const options of [
      { timeoutMs: 0 },
      { timeoutMs: 1.5 },
      { timeoutMs: 600_001 },
      { timeoutMs: '5' },
      { signal: {} },
      { timeout: 5 },
      5,
      null,
    ]) {
      await assert.rejects(asking.postureAsync(options as object), code('ERR_TRUSTLET_ARGUMENT'));
    }
    asking.close();
    await assert.rejects(asking.postureAsync(), code('ERR_TRUSTLET_CLOSED'));
  });

  test('rejects with the reason of its signal, aborted before or while it asks, whatever the backend', async () => {
    const reason = new Error('enough');
    const own = asked({ configuration: () => assert.fail('asked after all') });
    await assert.rejects(new Vsm(own, undefined).postureAsync({ signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const meanwhile = asked({
      configuration: () => {
        controller.abort(reason);
        return Promise.resolve(NOT_ASKED);
      },
    });
    await assert.rejects(new Vsm(meanwhile, undefined).postureAsync({ signal: controller.signal }), reason);
  });

  test('a close meanwhile lets go of the backend when the answer is there', async () => {
    let answer: (configuration: typeof NOT_ASKED) => void = () => assert.fail('not asked');
    const own = asked({
      configuration: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const closing = new Vsm(own, undefined);
    const promise = closing.postureAsync();
    closing.close();
    assert.equal(own.disposed, 0);
    answer(NOT_ASKED);
    assert.equal((await promise).backend, 'ntdll');
    assert.equal(own.disposed, 1);
  });

  test('an abort passes through, and lets go too', async () => {
    const reason = new Error('enough');
    const own = asked({ configuration: () => Promise.reject(reason) });
    const aborted = new Vsm(own, undefined);
    await assert.rejects(aborted.postureAsync(), reason);
    aborted.close();
    assert.equal(own.disposed, 1);
  });
});
