import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadLibraryAddress, openAll, openThread, testMachine, utf16 } from './machines.js';

describe('threads of ordinary processes', () => {
  test('an APC runs when its thread does, once, and not while it is suspended', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const thread = openThread(machine, 'notepad');
    const routine = machine.process('notepad').imageBase;
    assert.equal(win32.SuspendThread(thread), 0);
    assert.equal(win32.QueueUserAPC(routine, thread, 11n), true);
    assert.equal(machine.run(), 0);
    assert.equal(win32.ResumeThread(thread), 1);
    assert.equal(machine.run(), 1);
    assert.equal(machine.run(), 0);
    assert.deepEqual(machine.process('notepad').executed, [
      { via: 'apc', tid: machine.tidsOf('notepad')[0], routine, parameter: 11n, faulted: false },
    ]);
  });

  test('an APC at LoadLibraryW loads the DLL its parameter names', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const process = openAll(machine, 'notepad');
    const at = win32.VirtualAllocEx(process, 0n, 4096, 0x3000, 0x04);
    const path = utf16('C:/agent/apc.dll');
    assert.equal(win32.WriteProcessMemory(process, at, path, path.length), true);
    assert.equal(win32.QueueUserAPC(loadLibraryAddress(machine), openThread(machine, 'notepad'), at), true);
    assert.equal(machine.process('notepad').modules.vtl0.includes('apc.dll'), false);
    machine.run();
    assert.equal(machine.process('notepad').modules.vtl0.includes('apc.dll'), true);
  });

  test('LoadLibraryW of an empty or unreadable path loads nothing, of a loaded DLL nothing twice', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const before = machine.process('agent').modules.vtl0;
    for (const address of [0n, 0x9_0000_0000n]) {
      win32.QueueUserAPC(loadLibraryAddress(machine), openThread(machine, 'agent'), address);
    }
    assert.equal(machine.run(), 2);
    assert.deepEqual(machine.process('agent').modules.vtl0, before);
    assert.equal(win32.LoadLibraryW('C:\\Windows\\NTDLL.DLL'), win32.GetModuleHandle('ntdll.dll'));
    assert.deepEqual(machine.process('agent').modules.vtl0, before);
  });

  test('a new thread starts when the machine runs, a suspended one after ResumeThread', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const tid: [number] = [0];
    const thread = win32.CreateRemoteThread(
      openAll(machine, 'notepad'),
      null,
      0,
      machine.process('notepad').imageBase,
      3n,
      4,
      tid,
    );
    assert.equal(win32.GetThreadId(thread), tid[0]);
    assert.ok(machine.tidsOf('notepad').includes(tid[0]));
    assert.equal(machine.run(), 0);
    assert.equal(win32.ResumeThread(thread), 1);
    assert.equal(machine.run(), 1);
    assert.equal(machine.run(), 0);
    assert.equal(machine.process('notepad').executed[0]?.tid, tid[0]);
  });

  test('code that is not executable faults instead', () => {
    const machine = testMachine();
    machine.win32.QueueUserAPC(machine.process('notepad').dataAddress, openThread(machine, 'notepad'), 0n);
    machine.run();
    assert.equal(machine.process('notepad').executed[0]?.faulted, true);
  });

  test('a new context is where the thread goes on', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const thread = openThread(machine, 'notepad');
    const before: { rip?: bigint; rsp?: bigint } = {};
    assert.equal(win32.GetThreadContext(thread, before), true);
    assert.notEqual(before.rip, 0n);
    assert.equal(win32.SetThreadContext(thread, { rcx: 5n }), true);
    assert.equal(machine.run(), 0);
    assert.equal(win32.SetThreadContext(thread, { rip: machine.process('notepad').imageBase }), true);
    assert.equal(machine.run(), 1);
    assert.deepEqual(
      machine.process('notepad').executed.map(({ via, parameter }) => [via, parameter]),
      [['context', 5n]],
    );
  });

  test('can be suspended 127 times', () => {
    const machine = testMachine();
    const thread = openThread(machine, 'notepad');
    for (let count = 0; count < 127; count += 1) assert.equal(machine.win32.SuspendThread(thread), count);
    assert.equal(machine.win32.SuspendThread(thread), 0xffff_ffff);
    assert.equal(machine.win32.GetLastError(), 156);
    assert.equal(machine.win32.ResumeThread(openThread(machine, 'user')), 0);
  });

  test('of the system take no user APC', () => {
    const machine = testMachine();
    machine.spawn({ label: 'registry', image: 'Registry', kind: 'registry', threads: 1 });
    assert.equal(machine.win32.QueueUserAPC(0x1000n, openThread(machine, 'registry'), 0n), false);
    assert.equal(machine.win32.GetLastError(), 6);
  });

  test('a handle of an ended thread is refused everything', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const thread = openThread(machine, 'notepad');
    machine.exit('notepad');
    assert.equal(win32.SuspendThread(thread), 0xffff_ffff);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(win32.SetThreadContext(thread, {}), false);
    assert.equal(win32.QueueUserAPC(0x1000n, thread, 0n), false);
    assert.equal(win32.GetLastError(), 31);
  });

  test('a hook loads its DLL into the target’s session mate, once', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const [tid = 0] = machine.tidsOf('notepad');
    assert.equal(win32.SetWindowsHookEx(3, 0x1000n, 0x1000n, tid), 0n);
    assert.equal(win32.GetLastError(), 6);
    const dll = win32.LoadLibraryW('hook.dll');
    assert.notEqual(win32.SetWindowsHookEx(3, dll, dll, tid), 0n);
    assert.equal(machine.run(), 1);
    assert.equal(machine.run(), 0);
    assert.equal(machine.process('notepad').executed[0]?.via, 'hook');
    assert.equal(win32.SetWindowsHookEx(3, dll, dll, machine.tidsOf('defender')[0] ?? 0), 0n);
    assert.equal(win32.GetLastError(), 5);
  });

  test('an instrumentation callback needs the privilege for another process and can be taken away', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const callback = new Uint8Array(8);
    const handle = openAll(machine, 'notepad');
    new DataView(callback.buffer).setBigUint64(0, machine.process('notepad').imageBase, true);
    assert.equal(win32.SetProcessInformation(handle, 40, callback), true);
    assert.equal(machine.run(), 1);
    assert.equal(win32.SetProcessInformation(handle, 40, new Uint8Array(8)), true);
    assert.equal(machine.run(), 0);
    assert.equal(win32.SetProcessInformation(handle, 41, callback), false);
    assert.equal(win32.GetLastError(), 87);
    assert.equal(win32.SetProcessInformation(handle, 40, new Uint8Array(4)), false);
    assert.equal(win32.GetLastError(), 24);
    const plain = machine.win32As('user');
    const other = plain.OpenProcess(0x200, false, machine.pidOf('notepad'));
    assert.equal(plain.SetProcessInformation(other, 40, callback), false);
    assert.equal(plain.GetLastError(), 1314);
    assert.equal(plain.SetProcessInformation(plain.GetCurrentProcess(), 40, callback), true);
  });
});

describe('debugging', () => {
  test('attaches once, detaches once, and never to oneself or System', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const pid = machine.pidOf('notepad');
    assert.equal(win32.DebugActiveProcess(pid), true);
    assert.equal(win32.DebugActiveProcess(pid), false);
    assert.equal(win32.DebugActiveProcessStop(pid), true);
    assert.equal(machine.process('notepad').debugged, false);
    assert.equal(win32.DebugActiveProcessStop(pid), false);
    assert.equal(win32.DebugActiveProcess(machine.pidOf('agent')), false);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(win32.DebugActiveProcess(4), false);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(machine.openHandles('agent'), 0);
  });

  test('leaves nothing open when the debugger itself goes away', () => {
    const machine = testMachine();
    const { win32 } = machine;
    machine.before('NtDebugActiveProcess', () => machine.exit('notepad'));
    assert.equal(win32.DebugActiveProcess(machine.pidOf('notepad')), false);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(machine.openHandles('agent'), 0);
    assert.equal(machine.process('notepad').life, 'gone');
  });

  test('a trustlet that was opened to a debugger is dumped whole and copied by drivers too', () => {
    const machine = testMachine();
    const { win32 } = machine;
    assert.equal(win32.DebugActiveProcess(machine.pidOf('fsiso')), true);
    const dump = win32.MiniDumpWriteDump(openAll(machine, 'fsiso'), machine.pidOf('fsiso'));
    assert.ok(dump);
    assert.ok(Buffer.from(dump).includes('VTL1 secret of fsiso'));
    const buffer = new Uint8Array(4);
    const copy = machine.kernel.MmCopyVirtualMemory(
      machine.pidOf('fsiso'),
      machine.process('fsiso').dataAddress,
      buffer,
      'read',
    );
    assert.deepEqual(copy, { status: 0, copied: 4 });
  });
});
