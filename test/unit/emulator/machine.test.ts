import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, Machine, policies, type Scenario } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { flagsOf, openAll, testMachine, testScenario, text } from './machines.js';

const throwsArgument = (act: () => unknown, message: RegExp): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(TrustletError.is(error), String(error));
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT');
    assert.match(error.message, message);
    return true;
  });
};

describe('boot', () => {
  test('takes nothing, a name, a scenario or options', () => {
    assert.match(boot().description, /^credential-guard: /);
    assert.match(boot('plain').description, /^plain: /);
    assert.equal(boot(testScenario()).description, 'emulator-tests: one process of each kind');
    assert.match(boot({}).description, /^credential-guard: /);
    assert.match(boot({ scenario: 'vbs' }).description, /^vbs: /);
    assert.ok(boot() instanceof Machine);
  });

  test('refuses what it does not know, by name', () => {
    throwsArgument(() => boot('no-such'), /no built-in scenario 'no-such'; there are plain/);
    throwsArgument(() => boot({ scenario: 'plain', polices: {} } as never), /no property 'polices'/);
    throwsArgument(() => boot({ policies: { 'no-policy': 'x' } }), /no policy 'no-policy'; there are/);
    throwsArgument(
      () => boot({ policies: { 'read-memory': 'maybe' } }),
      /read-memory takes STATUS_ACCESS_VIOLATION, STATUS_ACCESS_DENIED/,
    );
    throwsArgument(() => boot({ policies: 'all' } as never), /options\.policies/);
    for (const seed of [-1, 2 ** 32, 1.5, Number.NaN, '1'])
      throwsArgument(() => boot({ seed } as never), /options\.seed/);
    for (const given of [null, 7, []]) throwsArgument(() => boot(given as never), /the argument of boot/);
    assert.throws(() => boot({ schema: 1 } as never), { code: 'ERR_TRUSTLET_FORMAT' });
    assert.throws(() => boot({ scenario: { schema: 2 } } as never), { code: 'ERR_TRUSTLET_FORMAT' });
  });

  test('is deterministic in the scenario and its seed', () => {
    const picture = (machine: Machine): unknown => [
      machine.scenario.processes.map(({ label }) => [machine.pidOf(label), machine.tidsOf(label)]),
      openAll(machine, 'lsass') & 0xff_ffff_ffffn,
    ];
    assert.deepEqual(picture(boot({ seed: 5 })), picture(boot({ seed: 5 })));
    assert.notDeepEqual(picture(boot({ seed: 5 })), picture(boot({ seed: 6 })));
  });

  test('lists its policies with their values, the first being the default', () => {
    const read = policies.find(({ name }) => name === 'read-memory');
    assert.deepEqual(read?.values, ['STATUS_ACCESS_VIOLATION', 'STATUS_ACCESS_DENIED', 'STATUS_PARTIAL_COPY']);
    assert.equal(read?.default, 'STATUS_ACCESS_VIOLATION');
    assert.equal(read?.behaviour, 'B42');
    for (const { name, values } of policies) {
      for (const value of values) assert.ok(testMachine({ policies: { [name]: value } }));
    }
  });

  test('options win over the scenario’s policies', () => {
    const scenario: Scenario = { ...testScenario(), policies: { 'read-memory': 'STATUS_ACCESS_DENIED' } };
    const error = (machine: Machine): number => {
      machine.win32.ReadProcessMemory(
        openAll(machine, 'lsaiso'),
        machine.process('lsaiso').dataAddress,
        new Uint8Array(1),
        1,
      );
      return machine.win32.GetLastError();
    };
    assert.equal(error(boot(scenario)), 5);
    assert.equal(error(boot({ scenario, policies: { 'read-memory': 'STATUS_PARTIAL_COPY' } })), 299);
  });

  test('starts in milliseconds', () => {
    const best = (act: () => unknown): number =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const start = performance.now();
          act();
          return performance.now() - start;
        }),
      );
    // The aims are 5 and 50 ms; the limits leave room for a busy machine.
    assert.ok(best(() => boot()) < 25);
    assert.ok(best(() => boot('large')) < 250);
  });
});

describe('processes', () => {
  test('spawn starts what it is told, later than everything before', () => {
    const machine = testMachine();
    const pid = machine.spawn({ label: 'tool', image: 'tool.exe', parent: 'agent', session: 3, threads: 4 });
    assert.equal(pid, machine.pidOf('tool'));
    assert.equal(pid % 4, 0);
    assert.equal(machine.tidsOf('tool').length, 4);
    const records = machine.censusRecords();
    const record = records?.record(records.length - 1);
    assert.equal(record?.name, 'tool.exe');
    assert.equal(record?.parentPid, machine.pidOf('agent'));
    assert.equal(record?.sessionId, 3);
    const earlier = Array.from(
      { length: (records?.length ?? 1) - 1 },
      (_, index) => records?.record(index).createTime ?? 0n,
    );
    assert.ok(earlier.every((time) => time < (record?.createTime ?? 0n)));
    const keys = earlier.map((_, index) => records?.record(index).startKey ?? 0n);
    assert.ok(keys.every((key) => key < (record?.startKey ?? 0n)));
  });

  test('spawn of a bare label is an ordinary program, or another instance of the scenario’s', () => {
    const machine = testMachine();
    machine.spawn('thing');
    assert.equal(flagsOf(machine, 'thing'), 0);
    machine.exit('lsaiso');
    machine.spawn('lsaiso');
    assert.equal(flagsOf(machine, 'lsaiso'), 0x80);
    assert.equal(machine.process('lsaiso').life, 'running');
  });

  test('spawn refuses a taken label or pid, an unknown parent or property, and no label', () => {
    const machine = testMachine();
    throwsArgument(() => machine.spawn('notepad'), /label 'notepad' is taken by pid/);
    throwsArgument(() => machine.spawn({ label: 'x', pid: machine.pidOf('notepad') }), /is taken; leave it out/);
    throwsArgument(() => machine.spawn({ label: 'x', pid: machine.tidsOf('notepad')[0] }), /is taken/);
    throwsArgument(() => machine.spawn({ label: 'x', parent: 'nobody' }), /no process with the label 'nobody'/);
    throwsArgument(() => machine.spawn({ label: 'x', colour: 'red' } as never), /no property 'colour'/);
    throwsArgument(() => machine.spawn(''), /needs a label/);
    throwsArgument(() => machine.spawn({ label: 7 } as never), /needs a label/);
    throwsArgument(() => machine.spawn(7 as never), /the process to start/);
    assert.throws(() => machine.spawn({ label: 'x', pid: 7 }), { code: 'ERR_TRUSTLET_FORMAT' });
    assert.equal(machine.spawn({ label: 'fixed', pid: 40_000 }), 40_000);
    const next = machine.pidOf('fixed');
    const last = machine.tidsOf('fixed')[0] ?? 0;
    machine.spawn({ label: 'ahead', pid: last + 4, threads: 0 });
    assert.equal(machine.spawn({ label: 'behind', threads: 0 }), last + 8);
    assert.equal(next, 40_000);
  });

  test('exit ends a process, once', () => {
    const machine = testMachine();
    machine.exit('notepad');
    machine.exit('notepad');
    assert.equal(machine.process('notepad').life, 'gone');
    assert.deepEqual(machine.process('notepad').modules, { vtl0: [], vtl1: [] });
    assert.equal(machine.readMemory('notepad', machine.process('notepad').dataAddress, 4).length, 0);
    throwsArgument(() => machine.exit('nobody'), /no process with the label 'nobody'/);
    throwsArgument(() => machine.markExiting('notepad'), /is not running any more/);
  });

  test('markExiting sets the Deleting bit and leaves the process listed', () => {
    const machine = testMachine();
    const count = machine.censusRecords()?.length;
    machine.markExiting('notepad');
    assert.equal(flagsOf(machine, 'notepad'), 0x4);
    assert.equal(machine.censusRecords()?.length, count);
    machine.markExiting('lsaiso');
    assert.equal(flagsOf(machine, 'lsaiso'), 0x84);
  });

  test('reuse gives the pid to another program with an identity of its own', () => {
    const machine = testMachine();
    const pid = machine.pidOf('notepad');
    const before = machine.censusRecords();
    const old = Array.from({ length: before?.length ?? 0 }, (_, index) => before?.record(index)).find(
      (record) => record?.pid === pid,
    );
    assert.equal(machine.reuse('notepad', { label: 'young', trustlet: { id: 1 } }), pid);
    assert.equal(machine.pidOf('young'), pid);
    assert.equal(machine.pidOf('notepad'), pid);
    assert.equal(machine.process('notepad').life, 'gone');
    assert.equal(flagsOf(machine, 'young'), 0x80);
    const after = machine.censusRecords();
    const young = Array.from({ length: after?.length ?? 0 }, (_, index) => after?.record(index)).find(
      (record) => record?.pid === pid,
    );
    assert.ok((young?.createTime ?? 0n) > (old?.createTime ?? 0n));
    assert.ok((young?.startKey ?? 0n) > (old?.startKey ?? 0n));
  });

  test('reuse may keep the label, work after the exit, and refuses while a handle or a newcomer has the pid', () => {
    const machine = testMachine();
    const pid = machine.pidOf('notepad');
    assert.equal(machine.reuse('notepad', 'notepad'), pid);
    assert.equal(machine.process('notepad').life, 'running');
    machine.exit('notepad');
    assert.equal(machine.reuse('notepad', 'second'), pid);
    throwsArgument(() => machine.reuse('notepad', 'third'), /another process has it already/);
    const handle = openAll(machine, 'second');
    throwsArgument(() => machine.reuse('second', 'third'), /a handle still holds the old process/);
    assert.equal(machine.process('second').life, 'running');
    machine.win32.CloseHandle(handle);
    assert.equal(machine.reuse('second', 'third'), pid);
    throwsArgument(() => machine.reuse('third', 'agent'), /label 'agent' is taken/);
    throwsArgument(() => machine.reuse('third', { label: 'x', parent: 'nobody' }), /no process with the label/);
  });

  test('win32As and ntApi take a label or a pid of a running process', () => {
    const machine = testMachine();
    assert.equal(machine.win32As(machine.pidOf('notepad')).GetCurrentProcessId(), machine.pidOf('notepad'));
    assert.equal(machine.ntApi('user').currentPid(), machine.pidOf('user'));
    throwsArgument(() => machine.win32As(4242), /no running process 4242/);
    throwsArgument(() => machine.ntApi('nobody'), /no process with the label/);
    machine.exit('user');
    throwsArgument(() => machine.win32As('user'), /no running process 'user'/);
  });

  test('churn replaces volatile processes at every open, in turns by a trustlet', () => {
    const machine = boot({
      ...testScenario(),
      churn: 'reuse-at-every-call',
      processes: [...testScenario().processes, { label: 'victim', image: 'victim.exe', volatile: true }],
    });
    const pid = machine.pidOf('victim');
    const kinds: boolean[] = [];
    for (let turn = 1; turn <= 4; turn += 1) {
      const handle = machine.win32.OpenProcess(0x1000, false, machine.pidOf('user'));
      machine.win32.CloseHandle(handle);
      assert.equal(machine.pidOf(`churn-${turn}`), pid);
      kinds.push(machine.process(`churn-${turn}`).trustlet);
    }
    assert.deepEqual(kinds, [false, true, false, true]);
    const held = machine.win32.OpenProcess(0x1000, false, pid);
    machine.win32.OpenThread(0x800, false, machine.tidsOf('user')[0] ?? 0);
    assert.equal(machine.process('churn-5').life, 'running');
    assert.equal(machine.win32.GetProcessId(held), pid);
  });
});

describe('scripted failures', () => {
  test('hit the n-th matching call, of one process, of one class', () => {
    const machine = testMachine();
    machine.fail('NtOpenProcess', { status: '0xC0000017', nth: 2, label: 'notepad' });
    const open = (label: string): boolean => openAll(machine, label) !== 0n;
    assert.deepEqual([open('notepad'), open('user'), open('notepad'), open('notepad')], [true, true, false, true]);
    assert.equal(machine.win32.GetLastError(), 8);
    machine.fail('NtQueryInformationProcess', { status: -1073741823, infoClass: 61 });
    const handle = openAll(machine, 'notepad');
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 61, new Uint8Array(1)), 0xc0000001);
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 0, new Uint8Array(64)), 0);
    machine.clearFaults();
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 61, new Uint8Array(1)), 0);
  });

  test('of a scenario apply to everybody or to their process', () => {
    const machine = boot({
      ...testScenario(),
      faults: [{ call: 'NtOpenThread', status: 'STATUS_NO_MEMORY' }],
      processes: testScenario().processes.map((entry) =>
        entry.label === 'notepad'
          ? { ...entry, faults: [{ call: 'NtOpenProcess', status: 'STATUS_UNSUCCESSFUL' }] }
          : entry,
      ),
    });
    assert.equal(openAll(machine, 'notepad'), 0n);
    assert.equal(machine.win32.GetLastError(), 31);
    assert.notEqual(openAll(machine, 'user'), 0n);
    assert.equal(machine.win32.OpenThread(0x800, false, machine.tidsOf('user')[0] ?? 0), 0n);
  });

  test('of a close leave the handle open', () => {
    const machine = testMachine();
    const handle = openAll(machine, 'notepad');
    machine.fail('NtClose', { status: 'STATUS_INVALID_HANDLE', nth: 1 });
    assert.equal(machine.win32.CloseHandle(handle), false);
    assert.equal(machine.openHandles('agent'), 1);
    assert.equal(machine.win32.CloseHandle(handle), true);
    assert.equal(machine.openHandles(), 0);
  });

  test('of a duplicate and of an unknown status are answered as they are', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = openAll(machine, 'notepad');
    machine.fail('NtDuplicateObject', { status: 0xdeadbeef });
    assert.equal(
      win32.DuplicateHandle(win32.GetCurrentProcess(), handle, win32.GetCurrentProcess(), [0n], 0, false, 2),
      false,
    );
    assert.equal(win32.GetLastError(), 317);
    machine.fail('NtReadVirtualMemory', { status: 'STATUS_UNSUCCESSFUL' });
    assert.equal(win32.ReadProcessMemory(0x1234n, 0x1000n, new Uint8Array(1), 1), false);
    assert.equal(win32.GetLastError(), 31);
  });

  test('are refused when they make no sense', () => {
    const machine = testMachine();
    throwsArgument(
      () => machine.fail('NtCreateFile' as never, { status: 1 }),
      /no call that can be scripted; there are NtOpenProcess/,
    );
    throwsArgument(() => machine.fail('NtClose', { status: 'STATUS_NONSENSE' }), /A status is a name/);
    throwsArgument(() => machine.fail('NtClose', { status: 2 ** 32 }), /A status is a name/);
    throwsArgument(() => machine.fail('NtClose', { status: null } as never), /got null/);
    throwsArgument(() => machine.fail('NtClose', { status: 1, nth: 0 }), /nth must be a whole number from 1/);
    throwsArgument(() => machine.fail('NtClose', { status: 1, infoClass: 'x' } as never), /infoClass/);
    throwsArgument(() => machine.fail('NtClose', { status: 1, label: 'nobody' }), /no process with the label/);
    throwsArgument(() => machine.fail('NtClose', { status: 1, when: 1 } as never), /no property 'when'/);
    throwsArgument(() => machine.fail('NtClose', null as never), /options/);
  });
});

describe('scripted races', () => {
  test('run just before the call, for the process and the count asked for, and not by themselves', () => {
    const machine = testMachine();
    const seen: string[] = [];
    const remove = machine.before(
      'NtOpenProcess',
      ({ call, label, pid, infoClass }) => {
        seen.push(`${call} ${label} ${pid === machine.pidOf('notepad')} ${infoClass}`);
        openAll(machine, 'notepad');
      },
      { label: 'notepad', nth: 2 },
    );
    openAll(machine, 'notepad');
    openAll(machine, 'user');
    openAll(machine, 'notepad');
    openAll(machine, 'notepad');
    assert.deepEqual(seen, ['NtOpenProcess notepad true null']);
    remove();
    remove();
    openAll(machine, 'notepad');
    assert.equal(seen.length, 1);
  });

  test('can end or replace the target between the check and the act', () => {
    const machine = testMachine();
    const handle = openAll(machine, 'notepad');
    machine.before('NtWriteVirtualMemory', () => machine.exit('notepad'), { nth: 1 });
    assert.equal(
      machine.win32.WriteProcessMemory(handle, machine.process('notepad').dataAddress, Uint8Array.of(1), 1),
      false,
    );
    assert.equal(machine.win32.GetLastError(), 5);
    machine.before('NtOpenProcess', () => machine.reuse('user', { label: 'sneaky', trustlet: { id: 1 } }), { nth: 1 });
    assert.equal(machine.win32.GetProcessId(openAll(machine, 'user')), machine.pidOf('sneaky'));
  });

  test('run before calls aimed at nobody too', () => {
    const machine = testMachine();
    const seen: (string | null)[] = [];
    machine.before('NtQuerySystemInformation', ({ label, infoClass }) => seen.push(`${label} ${infoClass}`));
    machine.before('NtOpenProcess', ({ label }) => seen.push(label));
    machine.win32.NtQuerySystemInformation(165, new Uint8Array(16));
    machine.win32.OpenProcess(0x1000, false, 999_996);
    assert.deepEqual(seen, ['null 165', null]);
  });

  test('are refused when they make no sense', () => {
    const machine = testMachine();
    throwsArgument(() => machine.before('NtClose', 'now' as never), /action must be a function/);
    throwsArgument(() => machine.before('Nothing' as never, () => {}), /no call that can be scripted/);
    throwsArgument(() => machine.before('NtClose', () => {}, { label: 'nobody' }), /no process with the label/);
    throwsArgument(() => machine.before('NtClose', () => {}, { times: 1 } as never), /no property 'times'/);
  });
});

describe('snapshot and restore', () => {
  test('bring back processes, handles, memory, failures and touches', () => {
    const machine = testMachine();
    const handle = openAll(machine, 'notepad');
    machine.writeMemory('notepad', machine.process('notepad').dataAddress, Buffer.from('before'));
    machine.fail('NtOpenThread', { status: 1 });
    const snapshot = machine.snapshot();
    const work = (): unknown => {
      machine.clearFaults();
      machine.win32.WriteProcessMemory(handle, machine.process('notepad').dataAddress, Buffer.from('after!'), 6);
      const another = openAll(machine, 'lsaiso');
      machine.win32.CloseHandle(handle);
      machine.exit('notepad');
      const pid = machine.spawn('young');
      return [another, pid, machine.touches.length];
    };
    const first = work();
    machine.restore(snapshot);
    assert.equal(machine.process('notepad').life, 'running');
    assert.equal(text(machine.readMemory('notepad', machine.process('notepad').dataAddress, 6)), 'before');
    assert.equal(machine.win32.GetProcessId(handle), machine.pidOf('notepad'));
    assert.deepEqual(machine.touches, []);
    assert.equal(machine.win32.OpenThread(0x800, false, machine.tidsOf('user')[0] ?? 0), 1n - 1n);
    machine.restore(snapshot);
    assert.deepEqual(work(), first);
  });

  test('revive a machine that was stopped', () => {
    const machine = testMachine({ policies: { destabilise: 'bugcheck' } });
    const snapshot = machine.snapshot();
    const [tid = 0] = machine.tidsOf('lsaiso');
    machine.kernel.KeInsertQueueApc(tid, 0x1000n, 0n);
    assert.throws(() => machine.censusRecords(), /stopped when KeInsertQueueApc was tried on the trustlet 'lsaiso'/);
    machine.restore(snapshot);
    assert.notEqual(machine.censusRecords(), null);
  });

  test('are refused for another machine’s, and under a call that is being raced', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    machine.before('NtOpenProcess', () => machine.restore(snapshot), { nth: 1 });
    throwsArgument(() => openAll(machine, 'notepad'), /A scripted race cannot restore/);
    throwsArgument(() => machine.restore(testMachine().snapshot()), /not one of this machine/);
    throwsArgument(() => machine.restore(null as never), /snapshot/);
  });
});

describe('memory', () => {
  test('grows with pages in use, not with what is mapped', () => {
    const machine = testMachine();
    assert.equal(machine.process('notepad').memoryInUse, 0);
    const handle = openAll(machine, 'notepad');
    const at = machine.win32.VirtualAllocEx(handle, 0n, 1024 ** 3, 0x3000, 0x04);
    const used = machine.process('notepad').memoryInUse;
    assert.ok(used <= 4 * 4096, `${used}`);
    machine.win32.WriteProcessMemory(handle, at + 4090n, new Uint8Array(8), 8);
    assert.equal(machine.process('notepad').memoryInUse, used + 2 * 4096);
    machine.win32.ReadProcessMemory(handle, at, new Uint8Array(65536), 65536);
    assert.equal(machine.process('notepad').memoryInUse, used + 2 * 4096);
  });

  test('of minimal processes is none', () => {
    const machine = testMachine();
    assert.deepEqual(machine.process('system').modules, { vtl0: [], vtl1: [] });
    assert.equal(machine.readMemory('system', machine.process('system').dataAddress, 4).length, 0);
    assert.equal(machine.writeMemory('system', 0x1000n, Uint8Array.of(1)), 0);
  });
});
