/** What the surface does with values no C program could pass. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine, Win32Surface } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { openAll, openThread, testMachine } from './machines.js';

/** A surface that takes anything. */
type Loose = Readonly<Record<keyof Win32Surface, (...given: unknown[]) => unknown>>;

const loose = (machine: Machine): Loose => machine.win32 as unknown as Loose;

const refuses = (act: () => unknown, name: string): void => {
  assert.throws(act, (error: unknown) => {
    assert.ok(TrustletError.is(error), `${name}: ${String(error)}`);
    assert.equal(error.code, 'ERR_TRUSTLET_ARGUMENT', name);
    return true;
  });
};

const NO_ID = [-1, 2 ** 32, Number.NaN, 1.5, Number.POSITIVE_INFINITY, '4', 4n, null, undefined, {}];
const NO_HANDLE = [4, '4', null, undefined, {}, 2n ** 64n, -(2n ** 64n)];
const NO_ADDRESS = [0x1000, '4096', null, undefined, -1n, 2n ** 64n];
const NO_BUFFER = [null, undefined, 'bytes', [1, 2], 16, new ArrayBuffer(8)];

describe('hostile input', () => {
  test('pids, tids and masks that are none', () => {
    const win32 = loose(testMachine());
    for (const id of NO_ID) {
      refuses(() => win32.OpenProcess(0x1000, false, id), `pid ${String(id)}`);
      refuses(() => win32.OpenProcess(id, false, 4), `access ${String(id)}`);
      refuses(() => win32.OpenThread(0x800, false, id), `tid ${String(id)}`);
      refuses(() => win32.OpenThread(id, false, 4), `access ${String(id)}`);
      refuses(() => win32.DebugActiveProcess(id), `pid ${String(id)}`);
      refuses(() => win32.DebugActiveProcessStop(id), `pid ${String(id)}`);
    }
  });

  test('handles that are none', () => {
    const machine = testMachine();
    const win32 = loose(machine);
    const self = -1n;
    for (const handle of NO_HANDLE) {
      const calls: readonly (() => unknown)[] = [
        () => win32.CloseHandle(handle),
        () => win32.GetProcessId(handle),
        () => win32.GetThreadId(handle),
        () => win32.GetProcessIdOfThread(handle),
        () => win32.TerminateProcess(handle, 0),
        () => win32.DuplicateHandle(handle, self, self, [0n], 0, false, 2),
        () => win32.DuplicateHandle(self, handle, self, [0n], 0, false, 2),
        () => win32.DuplicateHandle(self, self, handle, [0n], 0, false, 2),
        () => win32.ReadProcessMemory(handle, 0n, new Uint8Array(1), 1),
        () => win32.WriteProcessMemory(handle, 0n, new Uint8Array(1), 1),
        () => win32.VirtualAllocEx(handle, 0n, 1, 0x3000, 4),
        () => win32.VirtualQueryEx(handle, 0n),
        () => win32.MapViewOfFile2(handle, self, 0n, 0n, 0, 4),
        () => win32.MapViewOfFile2(self, handle, 0n, 0n, 0, 4),
        () => win32.QueueUserAPC(0n, handle, 0n),
        () => win32.CreateRemoteThread(handle, null, 0, 0n, 0n, 0),
        () => win32.GetThreadContext(handle, {}),
        () => win32.SetThreadContext(handle, {}),
        () => win32.SuspendThread(handle),
        () => win32.ResumeThread(handle),
        () => win32.NtDebugActiveProcess(handle),
        () => win32.MiniDumpWriteDump(handle, 4),
        () => win32.EnumProcessModules(handle),
        () => win32.GetModuleBaseName(handle, 0n),
        () => win32.SetProcessInformation(handle, 40, new Uint8Array(8)),
        () => win32.NtQueryInformationProcess(handle, 0, new Uint8Array(64)),
      ];
      for (const call of calls) refuses(call, `${String(call)} ${String(handle)}`);
    }
    assert.deepEqual(machine.touches, []);
  });

  test('addresses, sizes, buffers and registers that are none', () => {
    const machine = testMachine();
    const win32 = loose(machine);
    const process = openAll(machine, 'notepad');
    const thread = openThread(machine, 'notepad');
    for (const address of NO_ADDRESS) {
      refuses(() => win32.ReadProcessMemory(process, address, new Uint8Array(1), 1), 'read');
      refuses(() => win32.WriteProcessMemory(process, address, new Uint8Array(1), 1), 'write');
      refuses(() => win32.VirtualAllocEx(process, address, 1, 0x3000, 4), 'allocate');
      refuses(() => win32.VirtualQueryEx(process, address), 'query');
      refuses(() => win32.QueueUserAPC(address, thread, 0n), 'routine');
      refuses(() => win32.QueueUserAPC(0n, thread, address), 'data');
      refuses(() => win32.CreateRemoteThread(process, null, 0, address, 0n, 0), 'start');
      refuses(() => machine.kernel.MmCopyVirtualMemory(4, address as never, new Uint8Array(1), 'read'), 'kernel');
      refuses(() => machine.readMemory('notepad', address as never, 1), 'inspect');
    }
    refuses(() => win32.SetThreadContext(thread, { rip: 5 }), 'register');
    refuses(() => win32.SetThreadContext(thread, null), 'context');
    refuses(() => win32.GetThreadContext(thread, null), 'context');
    for (const buffer of NO_BUFFER) {
      refuses(() => win32.ReadProcessMemory(process, 0n, buffer, 1), 'read');
      refuses(() => win32.NtQueryInformationProcess(process, 0, buffer), 'query');
      refuses(() => win32.NtQuerySystemInformation(165, buffer), 'query');
      refuses(() => win32.SetProcessInformation(process, 40, buffer), 'set');
      refuses(() => machine.kernel.ZwQueryInformationProcess(process, 0, buffer as never), 'kernel');
    }
    for (const size of [-1, 1.5, Number.NaN, '8', 8n, 2 ** 53]) {
      refuses(() => win32.ReadProcessMemory(process, 0n, new Uint8Array(1), size), 'size');
      refuses(() => win32.VirtualAllocEx(process, 0n, size, 0x3000, 4), 'size');
      refuses(() => win32.CreateFileMapping(size), 'size');
    }
    for (const name of ['', 5, null]) {
      refuses(() => win32.LoadLibraryW(name), 'name');
      refuses(() => win32.GetModuleHandle(name), 'name');
      refuses(() => win32.CreateImageMapping(name), 'name');
    }
    assert.deepEqual(machine.touches, []);
  });

  test('a buffer shorter than its size is read and written within its bounds', () => {
    const machine = testMachine();
    const process = openAll(machine, 'notepad');
    const whole = new Uint8Array(32).fill(0xee);
    const inner = whole.subarray(8, 16);
    const count: [number] = [0];
    assert.equal(
      machine.win32.ReadProcessMemory(process, machine.process('notepad').dataAddress, inner, 1000, count),
      true,
    );
    assert.deepEqual(count, [8]);
    assert.ok(whole.subarray(16).every((byte) => byte === 0xee));
    assert.equal(Buffer.from(inner).toString(), 'memory o');
  });

  test('module questions about nothing', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const process = openAll(machine, 'notepad');
    assert.equal(win32.GetModuleBaseName(process, 0x1234n), null);
    assert.equal(win32.GetLastError(), 6);
    assert.equal(win32.GetModuleHandle('no-such.dll'), 0n);
    assert.equal(win32.GetProcAddress(win32.GetModuleHandle('kernel32.dll'), 'ExitProcess'), 0n);
    assert.equal(win32.GetProcAddress(0x1234n, 'LoadLibraryW'), 0n);
    assert.equal(win32.EnumProcessModules(win32.OpenProcess(0x1000, false, machine.pidOf('notepad'))), null);
    assert.equal(win32.GetLastError(), 5);
  });
});
