import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Scenario } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { openAll, testMachine, testScenario, text, throwsArgument } from './machines.js';

describe('churn', () => {
  test('leaves a process that a handle holds alone and takes another', () => {
    const two = ['victim-1', 'victim-2'].map((label) => ({ label, image: 'victim.exe', volatile: true, threads: 0 }));
    const scenario: Scenario = {
      ...testScenario(),
      churn: 'reuse-at-every-call',
      processes: [...testScenario().processes, ...two],
    };
    const machine = boot(scenario);
    // This open takes victim-1 away first, and holds victim-2 from then on.
    openAll(machine, 'victim-2');
    for (let turn = 1; turn <= 3; turn += 1) {
      openAll(machine, 'user');
      assert.equal(machine.process('victim-2').life, 'running');
      assert.equal(machine.pidOf(`churn-${turn + 1}`), machine.pidOf('victim-1'));
    }
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
      () => machine.fail('NtCreateFile' as never, { status: 0xc0000001 }),
      /no call that can be scripted; there are NtOpenProcess/,
    );
    throwsArgument(() => machine.fail('NtClose', { status: 'STATUS_NONSENSE' }), /A status is a name/);
    throwsArgument(() => machine.fail('NtClose', { status: 2 ** 32 }), /A status is a name/);
    throwsArgument(() => machine.fail('NtClose', { status: null } as never), /got null/);
    const status = 0xc0000001;
    throwsArgument(() => machine.fail('NtClose', { status, nth: 0 }), /nth must be a whole number from 1/);
    throwsArgument(() => machine.fail('NtClose', { status, label: 'nobody' }), /no process with the label/);
    throwsArgument(() => machine.fail('NtClose', { status, when: 1 } as never), /no property 'when'/);
    throwsArgument(() => machine.fail('NtClose', null as never), /options/);
  });

  test('are failures: a call that reports success and does nothing is a lie no kernel tells', () => {
    const machine = testMachine();
    for (const status of [0, 1, 'STATUS_SUCCESS', 'STATUS_PENDING', '0x40000000', 0x7fff_ffff]) {
      throwsArgument(() => machine.fail('NtQueryInformationProcess', { status }), /options\.status must be a failure/);
    }
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_BUFFER_OVERFLOW' });
  });

  test('have an information class that a scenario could give them too', () => {
    const machine = testMachine();
    const fail = (call: 'NtClose' | 'NtQueryInformationProcess', infoClass: unknown) => () =>
      machine.fail(call, { status: 0xc0000001, infoClass } as never);
    for (const infoClass of [-1, 65536, 1.5, Number.NaN, '0', null])
      throwsArgument(fail('NtQueryInformationProcess', infoClass), /infoClass must be a whole number from 0 to 65535/);
    throwsArgument(fail('NtClose', 0), /NtClose has no information class; leave it out/);
    fail('NtQueryInformationProcess', 65535)();
  });
});

describe('scripted races', () => {
  test('are not started by calls of their own', () => {
    const machine = testMachine();
    let runs = 0;
    machine.before('NtOpenProcess', () => {
      runs += 1;
      openAll(machine, 'user');
    });
    openAll(machine, 'notepad');
    openAll(machine, 'notepad');
    assert.equal(runs, 2);
  });

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
    machine.fail('NtOpenThread', { status: 0xc0000001 });
    const snapshot = machine.snapshot();
    const work = (): unknown => {
      machine.clearFaults();
      machine.win32.WriteProcessMemory(handle, machine.process('notepad').dataAddress, Buffer.from('after!'), 6);
      openAll(machine, 'lsaiso');
      machine.win32.CloseHandle(handle);
      machine.exit('notepad');
      const pid = machine.spawn('young');
      return [pid, machine.touches.length, machine.openHandles()];
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

  test('never give a handle’s value a second time', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    const before = openAll(machine, 'notepad');
    machine.restore(snapshot);
    const after = openAll(machine, 'lsaiso');
    assert.notEqual(after, before);
    assert.equal(machine.win32.GetProcessId(before), 0, 'the handle is closed, and nobody else’s');
    machine.restore(snapshot);
    assert.ok(![before, after].includes(openAll(machine, 'user')));
  });

  test('under a guarded run leave it a handle that names nothing, not a trustlet’s', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    open({ backend: machine }).guard.run(machine.pidOf('notepad'), 'terminate', (held) => {
      machine.restore(snapshot);
      openAll(machine, 'lsaiso');
      assert.equal(machine.win32.TerminateProcess(held.handle, 0), false);
    });
    assert.deepEqual(
      machine.touches.filter((touch) => touch.trustlet),
      [],
    );
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
    throwsArgument(() => openAll(machine, 'notepad'), /No snapshot is restored under a call/);
    throwsArgument(() => machine.restore(testMachine().snapshot()), /not one that this machine gave/);
    throwsArgument(() => machine.restore({ ...snapshot }), /not one that this machine gave/);
    throwsArgument(() => machine.restore(null as never), /snapshot/);
  });

  test('are not taken nor restored while VTL1 is in the middle of a call', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    machine.secureKernel.run('lsaiso', () => {
      throwsArgument(() => machine.snapshot(), /in the middle of a call/);
      throwsArgument(() => machine.restore(snapshot), /under a call/);
    });
    const stop = machine.secureKernel.onRead(() => throwsArgument(() => machine.snapshot(), /in the middle of a call/));
    assert.equal(machine.secureKernel.isTrustletRunning(1), true);
    stop();
    machine.restore(machine.snapshot());
    assert.equal(machine.secureKernel.isTrustletRunning(1), true);
  });
});
