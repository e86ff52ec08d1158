import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, Machine, policies, type Scenario } from '../../../lib/emulator/index.js';
import { flagsOf, openAll, testMachine, testScenario, throwsArgument } from './machines.js';

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

  test('no two processes of a boot share a start key', () => {
    const machine = testMachine();
    for (let count = 1; count <= 5; count += 1) machine.spawn(`tool-${count}`);
    const records = machine.censusRecords();
    const keys = Array.from({ length: records?.length ?? 0 }, (_, index) => records?.record(index).startKey);
    assert.equal(new Set(keys).size, keys.length);
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

  test('reuse gives the threads’ ids away too, as far as the newcomer has threads', () => {
    const machine = testMachine();
    const [first, second] = machine.tidsOf('notepad');
    machine.reuse('notepad', { label: 'young', threads: 3 });
    const tids = machine.tidsOf('young');
    assert.deepEqual(tids.slice(0, 2), [first, second]);
    assert.equal(new Set(tids).size, 3);
    machine.reuse('young', { label: 'alone' });
    assert.deepEqual(machine.tidsOf('alone'), [first]);
  });

  test('ids begin again below 2^32, and take what is free', () => {
    const top = { label: 'top', image: 'top.exe', pid: 4294967292, threads: 0 };
    const machine = boot({ ...testScenario(), processes: [...testScenario().processes, top] });
    const pid = machine.spawn({ label: 'next', threads: 2 });
    const all = [...testScenario().processes, top].flatMap(({ label }) => [
      machine.pidOf(label),
      ...machine.tidsOf(label),
    ]);
    for (const id of [pid, ...machine.tidsOf('next')]) {
      assert.ok(id >= 8 && id < 2 ** 32 && id % 4 === 0, `${id}`);
      assert.ok(!all.includes(id), `${id} is taken`);
    }
    assert.equal(new Set([pid, ...machine.tidsOf('next')]).size, 3);
    assert.equal(machine.censusRecords()?.length, testScenario().processes.length + 2);
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
