import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { open, TrustletError } from '../../../lib/index.js';
import {
  assertNoTrustletTouched,
  buildMachine,
  contractSuite,
  exitsBetweenCheckAndAct,
  type HostMachine,
  reuseAtEveryOpen,
} from '../../../lib/testing/index.js';

const PAGE = 4096;
const COMMIT = 0x3000;
const READWRITE = 4;

describe('a machine in three readable lines', () => {
  test('has what was added, and an elevated agent', () => {
    const machine = buildMachine().process('browser').trustlet('lsaiso').boot();
    const vsm = open({ backend: machine });
    assert.equal(vsm.isSecureProcess(machine.pidOf('lsaiso')), true);
    assert.equal(vsm.isSecureProcess(machine.pidOf('browser')), false);
    assert.equal(machine.win32.GetCurrentProcessId(), machine.pidOf('agent'));
    assert.equal(vsm.census().find(machine.pidOf('browser'))?.name, 'browser.exe');
  });

  test('takes a build, images and details', () => {
    const machine = buildMachine(20348)
      .process('lsass', { image: 'lsass.exe', protection: { type: 'ProtectedLight', signer: 'Lsa' } })
      .trustlet('bio', { image: 'BioIso.exe', trustletId: 4, threads: 3 })
      .boot();
    const vsm = open({ backend: machine });
    assert.equal(vsm.posture().windows.build, 20348);
    assert.equal(vsm.query(machine.pidOf('lsass')).protection?.signer, 'Lsa');
    assert.equal(vsm.query(machine.pidOf('bio')).verdict, 'secure');
    assert.equal(machine.tidsOf('bio').length, 3);
  });

  test('says where two additions do not go together', () => {
    assert.throws(
      () => buildMachine().process('twin').process('twin').boot(),
      (error: unknown) =>
        error instanceof TrustletError && error.code === 'ERR_TRUSTLET_FORMAT' && /twin/.test(error.message),
    );
  });
});

describe('assertNoTrustletTouched', () => {
  test('passes for an agent that asks the guard, and whose work shows on the ordinary process', () => {
    const machine = buildMachine().process('browser').trustlet('lsaiso').boot();
    const vsm = open({ backend: machine });
    const allocated: bigint[] = [];
    for (const { pid } of vsm.census()) {
      try {
        vsm.guard.run(pid, 'allocate', (held) => {
          allocated.push(machine.win32.VirtualAllocEx(held.handle, 0n, PAGE, COMMIT, READWRITE));
        });
      } catch (error) {
        assert.ok(TrustletError.is(error) && error.code === 'ERR_TRUSTLET_REFUSED');
      }
    }
    assertNoTrustletTouched(machine);
    assert.ok(allocated.some((address) => address !== 0n));
    assert.ok(machine.touches.some(({ label, outcome }) => label === 'browser' && outcome === 'effect'));
  });

  test('fails for an agent that does not, with one readable line for each touch', () => {
    const machine = buildMachine().trustlet('lsaiso').boot();
    const { win32 } = machine;
    const pid = machine.pidOf('lsaiso');
    const handle = win32.OpenProcess(0x1fffff, false, pid);
    win32.ReadProcessMemory(handle, 0x10000n, new Uint8Array(4), 4);
    win32.VirtualAllocEx(handle, 0n, PAGE, COMMIT, READWRITE);
    assert.throws(
      () => assertNoTrustletTouched(machine),
      (error: unknown) => {
        assert.ok(error instanceof assert.AssertionError);
        assert.match(error.message, /^2 operations touched a trustlet:/);
        assert.match(
          error.message,
          new RegExp(
            `read through ReadProcessMemory on lsaiso \\(pid ${pid}\\): refused \\(STATUS_ACCESS_VIOLATION\\)`,
          ),
        );
        assert.match(
          error.message,
          new RegExp(`allocate through VirtualAllocEx on lsaiso \\(pid ${pid}\\): vtl0-only \\(STATUS_SUCCESS\\)`),
        );
        return true;
      },
    );
  });

  test('counts a single touch in the singular', () => {
    const machine = buildMachine().trustlet('lsaiso').boot();
    const handle = machine.win32.OpenProcess(0x1, false, machine.pidOf('lsaiso'));
    machine.win32.TerminateProcess(handle, 0);
    assert.throws(() => assertNoTrustletTouched(machine), /^AssertionError.*: 1 operation touched a trustlet/);
  });
});

describe('a process that exits between check and act', () => {
  test('fails the act, touches nobody, and its pid is not reused while it is held', () => {
    const machine = buildMachine().process('browser').boot();
    const vsm = open({ backend: machine });
    const race = exitsBetweenCheckAndAct(machine, 'browser');
    assert.equal(race.happened, false);
    vsm.guard.run(machine.pidOf('browser'), 'write', (held) => {
      const worked = machine.win32.WriteProcessMemory(held.handle, 0x10000n, Uint8Array.of(1), 1);
      assert.equal(worked, false);
      assert.equal(machine.win32.GetLastError(), 5, 'STATUS_PROCESS_IS_TERMINATING');
      assert.throws(() => machine.reuse('browser', { label: 'lsaiso', trustlet: { id: 1 } }), /handle still holds/);
    });
    assert.equal(race.happened, true);
    assertNoTrustletTouched(machine);
  });

  test('leaves other processes alone, and can be cancelled', () => {
    const machine = buildMachine().process('browser').process('editor').boot();
    const vsm = open({ backend: machine });
    const race = exitsBetweenCheckAndAct(machine, 'browser');
    const allocate = (label: string): bigint =>
      vsm.guard.run(machine.pidOf(label), 'allocate', (held) =>
        machine.win32.VirtualAllocEx(held.handle, 0n, PAGE, COMMIT, READWRITE),
      );
    assert.notEqual(allocate('editor'), 0n);
    assert.equal(race.happened, false);
    race.cancel();
    assert.notEqual(allocate('browser'), 0n);
    assert.equal(race.happened, false);
  });

  test('happens once', () => {
    const machine = buildMachine().process('browser', { threads: 2 }).boot();
    const vsm = open({ backend: machine });
    const race = exitsBetweenCheckAndAct(machine, 'browser');
    vsm.guard.run(machine.pidOf('browser'), 'allocate', (held) => {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        assert.equal(machine.win32.VirtualAllocEx(held.handle, 0n, PAGE, COMMIT, READWRITE), 0n);
      }
    });
    assert.equal(race.happened, true);
  });
});

describe('a pid that changes hands at every open in turn', () => {
  const boot = () => buildMachine().process('browser').boot();
  const inject = (machine: ReturnType<typeof boot>, handle: bigint): void => {
    machine.win32.VirtualAllocEx(handle, 0n, PAGE, COMMIT, READWRITE);
  };

  test('an agent that acts inside guard.run passes every moment', () => {
    const moments = reuseAtEveryOpen(boot, 'browser', (machine) => {
      const pid = machine.pidOf('browser');
      const vsm = open({ backend: machine });
      for (let again = 0; again < 3; again += 1) {
        try {
          vsm.guard.run(pid, 'allocate', (held) => inject(machine, held.handle));
        } catch (error) {
          assert.ok(TrustletError.is(error));
        }
      }
    });
    assert.ok(moments >= 3, `${moments} moments`);
  });

  test('an agent that checks a pid and opens it afterwards is caught, and told when', () => {
    assert.throws(
      () =>
        reuseAtEveryOpen(boot, 'browser', (machine) => {
          const pid = machine.pidOf('browser');
          const vsm = open({ backend: machine });
          if (vsm.guard.check(pid, 'allocate').decision === 'allow')
            inject(machine, machine.win32.OpenProcess(0x8, false, pid));
        }),
      /^AssertionError.*: With the pid of 'browser' reused just before open 2 of it: 1 operation touched a trustlet/,
    );
  });

  test('an agent that checks a thread and opens it afterwards is caught', () => {
    assert.throws(
      () =>
        reuseAtEveryOpen(boot, 'browser', (machine) => {
          const [tid = 0] = machine.tidsOf('browser');
          const vsm = open({ backend: machine });
          if (vsm.guard.check({ tid }, 'suspend').decision === 'allow')
            machine.win32.SuspendThread(machine.win32.OpenThread(0x2, false, tid));
        }),
      /With the pid of 'browser' reused just before open 3 of it: 1 operation touched a trustlet/,
    );
  });

  test('an agent that acts on a thread inside guard.run passes, opens of threads being moments as well', () => {
    const moments = reuseAtEveryOpen(boot, 'browser', (machine) => {
      const [tid = 0] = machine.tidsOf('browser');
      const vsm = open({ backend: machine });
      try {
        vsm.guard.run({ tid }, 'suspend', (held) => machine.win32.SuspendThread(held.handle));
      } catch (error) {
        assert.ok(TrustletError.is(error));
      }
    });
    assert.equal(moments, 2, 'the thread is opened, then its process');
  });

  test('an agent that never opens the process has shown nothing, and is told so', () => {
    assert.throws(
      () => reuseAtEveryOpen(boot, 'browser', () => undefined),
      (error: unknown) =>
        error instanceof assert.AssertionError && /opened neither 'browser' nor a thread of it/.test(error.message),
    );
  });

  test('an agent that works on after it has returned is waited for, and caught all the same', async () => {
    const racy = async (machine: ReturnType<typeof boot>): Promise<void> => {
      const pid = machine.pidOf('browser');
      const vsm = open({ backend: machine });
      const { decision } = vsm.guard.check(pid, 'allocate');
      await null;
      if (decision === 'allow') inject(machine, machine.win32.OpenProcess(0x8, false, pid));
    };
    await assert.rejects(reuseAtEveryOpen(boot, 'browser', racy), /reused just before open 2 of it/);
    const guarded = async (machine: ReturnType<typeof boot>): Promise<void> => {
      await null;
      const vsm = open({ backend: machine });
      try {
        await vsm.guard.run(machine.pidOf('browser'), 'allocate', async (held) => inject(machine, held.handle));
      } catch (error) {
        assert.ok(TrustletError.is(error));
      }
    };
    assert.ok((await reuseAtEveryOpen(boot, 'browser', guarded)) >= 1);
    await assert.rejects(
      reuseAtEveryOpen(boot, 'browser', async () => undefined),
      /opened neither 'browser'/,
    );
  });

  test('the System process is out of the elevated agent’s reach, as on Windows', () => {
    const vsm = open({ backend: boot() });
    const { decision, reason } = vsm.guard.check(4, 'write');
    assert.deepEqual([decision, reason], ['refuse', 'rights-denied']);
  });

  test('while the agent holds the process there is nothing to win', () => {
    reuseAtEveryOpen(boot, 'browser', (machine) => {
      const pid = machine.pidOf('browser');
      const vsm = open({ backend: machine });
      try {
        vsm.guard.run(pid, 'allocate', () => inject(machine, machine.win32.OpenProcess(0x8, false, pid)));
      } catch (error) {
        assert.ok(TrustletError.is(error));
      }
    });
  });
});

test('the kit takes machines and labels that exist, and says so otherwise', () => {
  const machine = buildMachine().process('browser').boot();
  const vsm = open({ backend: machine });
  const isArgumentError = (error: unknown): boolean =>
    error instanceof TrustletError && error.code === 'ERR_TRUSTLET_ARGUMENT';
  assert.throws(() => assertNoTrustletTouched(vsm as never), /pass vsm\.machine/);
  assert.throws(() => exitsBetweenCheckAndAct(vsm as never, 'browser'), isArgumentError);
  assert.throws(() => exitsBetweenCheckAndAct(machine, 'browsr'), isArgumentError);
  assert.throws(
    () =>
      reuseAtEveryOpen(
        () => vsm as never,
        'browser',
        () => undefined,
      ),
    isArgumentError,
  );
  assert.throws(() => reuseAtEveryOpen(() => machine, 'browser', 7 as never), isArgumentError);
  assert.throws(() => reuseAtEveryOpen(7 as never, 'browser', () => undefined), isArgumentError);
});

describe('the contract suite itself', () => {
  /** A runner that only collects, and a host that can do next to nothing. */
  const collect = () => {
    const titles: string[] = [];
    const bodies = new Map<string, () => void | Promise<void>>();
    const runner = {
      describe: (title: string, body: () => void) => {
        titles.push(title);
        body();
      },
      test: (title: string, body: () => void | Promise<void>) => {
        bodies.set(title, body);
      },
    };
    return { titles, bodies, runner };
  };

  const bootPlain = (): HostMachine & { closed: number } => {
    const machine = buildMachine().process('ordinary').boot();
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_INFO_LENGTH_MISMATCH', infoClass: 0 });
    const vsm = open({ backend: machine });
    const unsupported = (): never => assert.fail('not asked of this host');
    const host = {
      vsm,
      closed: 0,
      pidOf: (label: string) => machine.pidOf(label),
      tidOf: unsupported,
      exit: unsupported,
      reuse: unsupported,
      fail: unsupported,
      openHandles: unsupported,
      close: () => {
        host.closed += 1;
      },
    };
    return host;
  };

  const capabilities = {
    'extended-query': 'not here',
    'no-extended-query': true,
    'asks-as-user': true,
    'asks-as-kernel': 'none',
    scenarios: 'none',
    exit: 'none',
    reuse: 'none',
    fail: 'none',
    'handle-count': 'none',
  } as const;

  test('holds a host without the extended query to unknown and refusal, and lists the rest as not applicable', async () => {
    const { titles, bodies, runner } = collect();
    const machines: (HostMachine & { closed: number })[] = [];
    const boot = () => {
      const machine = bootPlain();
      machines.push(machine);
      return machine;
    };
    const missing = contractSuite({ name: 'stub', seenOn: 'emulated', capabilities, boot }, runner);
    assert.ok(missing.some(({ reason }) => reason === 'not here'));
    assert.ok(titles.includes('contract on stub (emulated): verdicts'));
    assert.ok(bodies.has('without the extended query every live process is unknown and nothing is ever ordinary'));
    for (const body of bodies.values()) await body();
    assert.ok(machines.length > 0 && machines.every(({ closed }) => closed === 1), 'each machine is closed once');
  });

  test('closes the machine of a promise that is broken', async () => {
    const { bodies, runner } = collect();
    let closed = 0;
    const boot = () => {
      const machine = bootPlain();
      return { ...machine, pidOf: () => assert.fail('broken'), close: () => (closed += 1) };
    };
    contractSuite({ name: 'stub', seenOn: 'emulated', capabilities, boot }, runner);
    const body = bodies.get('without the extended query the guard refuses every operation before its callback');
    await assert.rejects(async () => body?.());
    assert.equal(closed, 1);
  });
});
