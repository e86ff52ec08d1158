/** Rows B32 to B40 and N06, N08, N09: code does not get into a trustlet. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { TrustletError } from '../../../../lib/errors.js';
import { loadLibraryAddress, openAll, openThread, testMachine, utf16 } from '../machines.js';

const PATH = utf16('C:\\agent\\payload.dll');

/** Allocate, write the path, start a thread at LoadLibraryW. @returns how far it got */
const injectDll = (machine: Machine, label: string): { readonly step: string; readonly error: number } => {
  const { win32 } = machine;
  const process = openAll(machine, label);
  const at = win32.VirtualAllocEx(process, 0n, 4096, 0x3000, 0x04);
  if (at === 0n) return { step: 'allocate', error: win32.GetLastError() };
  if (!win32.WriteProcessMemory(process, at, PATH, PATH.length)) return { step: 'write', error: win32.GetLastError() };
  const thread = win32.CreateRemoteThread(process, null, 0, loadLibraryAddress(machine), at, 0);
  if (thread === 0n) return { step: 'thread', error: win32.GetLastError() };
  machine.run();
  return { step: 'done', error: 0 };
};

/** An address at which code can run in a process: its own image. */
const codeOf = (machine: Machine, label: string): bigint => machine.process(label).imageBase;

describe('code and trustlets', () => {
  test('with every right and SeDebugPrivilege the classic DLL injection ends at the write', () => {
    const machine = testMachine();
    assert.notEqual(openAll(machine, 'lsaiso'), 0n);
    assert.deepEqual(injectDll(machine, 'lsaiso'), { step: 'write', error: 998 });
    assert.deepEqual(machine.process('lsaiso').modules.vtl0, []);
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.deepEqual(injectDll(machine, 'notepad'), { step: 'done', error: 0 });
    assert.ok(machine.process('notepad').modules.vtl0.includes('payload.dll'));
  });

  test('a DLL that a driver loads into a trustlet is in VTL0 and not in VTL1', () => {
    const machine = testMachine();
    assert.equal(machine.kernel.LoadImageIntoProcess(machine.pidOf('lsaiso'), 'driver.dll'), 0);
    assert.equal(machine.kernel.LoadImageIntoProcess(machine.pidOf('notepad'), 'driver.dll'), 0);
    const trustlet = machine.process('lsaiso').modules;
    assert.deepEqual(trustlet.vtl0, ['driver.dll']);
    assert.deepEqual(trustlet.vtl1, ['LsaIso.exe', 'ntdll.dll', 'KERNEL32.DLL']);
    assert.ok(machine.process('notepad').modules.vtl0.includes('driver.dll'));
    assert.equal(machine.touches[0]?.outcome, 'vtl0-only');
  });

  test('a thread put into a trustlet never runs, whatever its call reported', () => {
    const machine = testMachine({ policies: { 'create-remote-thread': 'success-without-effect' } });
    for (const label of ['lsaiso', 'notepad']) {
      const thread = machine.win32.CreateRemoteThread(openAll(machine, label), null, 0, codeOf(machine, label), 7n, 0);
      assert.notEqual(thread, 0n);
    }
    machine.run();
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.deepEqual(
      machine.process('notepad').executed.map(({ via, parameter }) => [via, parameter]),
      [['thread', 7n]],
    );
  });

  test('an APC that a driver queues to a trustlet is inserted and never delivered', () => {
    const machine = testMachine();
    for (const label of ['lsaiso', 'notepad']) {
      const [tid = 0] = machine.tidsOf(label);
      assert.equal(machine.kernel.KeInsertQueueApc(tid, codeOf(machine, label), 5n), true);
    }
    machine.run();
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.deepEqual(
      machine.process('notepad').executed.map(({ via, parameter }) => [via, parameter]),
      [['apc', 5n]],
    );
    assert.equal(machine.touches[0]?.outcome, 'no-effect');
  });

  test('an injection attempt stops the machine only where the policy asks for it', () => {
    const attempt = (machine: Machine, label: string): void => {
      machine.win32.QueueUserAPC(codeOf(machine, label), openThread(machine, label), 0n);
    };
    const steady = testMachine();
    attempt(steady, 'lsaiso');
    assert.equal(steady.run(), 0);
    const fragile = testMachine({ policies: { destabilise: 'bugcheck' } });
    attempt(fragile, 'notepad');
    assert.equal(fragile.run(), 1);
    attempt(fragile, 'lsaiso');
    assert.throws(
      () => fragile.win32.OpenProcess(0x1000, false, fragile.pidOf('notepad')),
      (error: unknown) =>
        TrustletError.is(error) && error.code === 'ERR_TRUSTLET_BACKEND' && /lsaiso/.test(error.message),
    );
    assert.throws(() => fragile.run(), TrustletError);
  });

  test('operations on one trustlet answer each in its own way', () => {
    const answers = (machine: Machine): readonly (number | boolean)[] => {
      const { win32 } = machine;
      const process = openAll(machine, 'lsaiso');
      const read = win32.ReadProcessMemory(process, machine.process('lsaiso').dataAddress, new Uint8Array(8), 8);
      const readError = win32.GetLastError();
      const apc = win32.QueueUserAPC(codeOf(machine, 'lsaiso'), openThread(machine, 'lsaiso'), 0n);
      const allocated = win32.VirtualAllocEx(process, 0n, 4096, 0x3000, 0x04) !== 0n;
      const thread = win32.CreateRemoteThread(process, null, 0, codeOf(machine, 'lsaiso'), 0n, 0) !== 0n;
      return [read, readError, apc, allocated, thread, win32.GetLastError()];
    };
    assert.deepEqual(answers(testMachine()), [false, 998, true, true, false, 87]);
    const uniform = testMachine({ policies: { 'trustlet-failure': 'STATUS_UNSUCCESSFUL' } });
    assert.deepEqual(answers(uniform), [false, 31, false, false, false, 31]);
  });

  test('an image mapped into a trustlet is listed in VTL0 and absent in VTL1', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const section = win32.CreateImageMapping('mapped.dll');
    for (const label of ['lsaiso', 'notepad']) {
      assert.notEqual(win32.MapViewOfFile2(section, openAll(machine, label), 0n, 0n, 0, 0x20), 0n);
    }
    assert.deepEqual(machine.process('lsaiso').modules.vtl0, ['mapped.dll']);
    assert.equal(machine.process('lsaiso').modules.vtl1.includes('mapped.dll'), false);
    const process = openAll(machine, 'lsaiso');
    const bases = win32.EnumProcessModules(process) ?? [];
    assert.deepEqual(
      bases.map((base) => win32.GetModuleBaseName(process, base)),
      ['mapped.dll'],
    );
    assert.ok(machine.process('notepad').modules.vtl0.includes('mapped.dll'));
  });

  test('QueueUserAPC on a trustlet reports success and nothing runs', () => {
    const machine = testMachine();
    for (const label of ['lsaiso', 'notepad']) {
      assert.equal(machine.win32.QueueUserAPC(codeOf(machine, label), openThread(machine, label), 3n), true);
    }
    assert.equal(machine.run(), 1);
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.equal(machine.process('notepad').executed.length, 1);
  });

  test('CreateRemoteThread on a trustlet is refused with a status that depends on the build', () => {
    const error = (build: number): number => {
      const machine = testMachine({ system: { build } });
      const thread = machine.win32.CreateRemoteThread(
        openAll(machine, 'lsaiso'),
        null,
        0,
        codeOf(machine, 'lsaiso'),
        0n,
        0,
      );
      assert.equal(thread, 0n);
      assert.equal(machine.tidsOf('lsaiso').length, 1);
      return machine.touches[0]?.status ?? 0;
    };
    assert.equal(error(26200), 0xc000000d);
    assert.equal(error(26100), 0xc000000d);
    assert.equal(error(22631), 0xc0000022);
  });

  test('before build 26100 the secure kernel refuses the thread with access denied', () => {
    const machine = testMachine({ system: { build: 19045 } });
    const thread = machine.win32.CreateRemoteThread(
      openAll(machine, 'lsaiso'),
      null,
      0,
      codeOf(machine, 'lsaiso'),
      0n,
      0,
    );
    assert.equal(thread, 0n);
    assert.equal(machine.win32.GetLastError(), 5);
  });

  test('an instrumentation callback on a trustlet is accepted and never runs', () => {
    const machine = testMachine();
    for (const label of ['lsaiso', 'notepad']) {
      const callback = new Uint8Array(8);
      new DataView(callback.buffer).setBigUint64(0, codeOf(machine, label), true);
      assert.equal(machine.win32.SetProcessInformation(openAll(machine, label), 40, callback), true);
    }
    machine.run();
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.deepEqual(
      machine.process('notepad').executed.map(({ via }) => via),
      ['instrumentation'],
    );
  });

  test('a windows hook on a trustlet’s thread is accepted and its DLL is never loaded', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const dll = win32.LoadLibraryW('C:\\agent\\hook.dll');
    for (const label of ['lsaiso', 'notepad']) {
      assert.notEqual(win32.SetWindowsHookEx(3, dll, dll, machine.tidsOf(label)[0] ?? 0), 0n);
    }
    machine.run();
    assert.deepEqual(machine.process('lsaiso').modules.vtl0, []);
    assert.equal(machine.process('lsaiso').modules.vtl1.includes('hook.dll'), false);
    assert.ok(machine.process('notepad').modules.vtl0.includes('hook.dll'));
  });
});
