import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Scenario } from '../../../lib/emulator/index.js';
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
