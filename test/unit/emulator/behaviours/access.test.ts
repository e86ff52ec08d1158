/** Rows B28, B31, B41 to B43 and N01 to N05, N07, N10, N11: memory, debugging and management of a trustlet from VTL0. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { openAll, openThread, testMachine, text } from '../machines.js';

const attach = (machine: Machine, label: string): number =>
  machine.win32.DebugActiveProcess(machine.pidOf(label)) ? 0 : machine.win32.GetLastError();

describe('trustlets from VTL0', () => {
  test('attaching a debugger to a trustlet is refused with access denied', () => {
    const machine = testMachine();
    assert.equal(attach(machine, 'lsaiso'), 5);
    assert.equal(machine.win32.NtDebugActiveProcess(openAll(machine, 'lsaiso')), 0xc0000022);
    assert.equal(machine.process('lsaiso').debugged, false);
    assert.equal(attach(machine, 'notepad'), 0);
    assert.equal(machine.process('notepad').debugged, true);
  });

  test('the image’s Debug policy decides whether a trustlet can be debugged live', () => {
    const locked = testMachine({ system: { secureBoot: true } });
    assert.deepEqual(
      ['lsaiso', 'fsiso', 'bioiso', 'vmsp'].map((label) => attach(locked, label) === 0),
      [false, true, false, false],
    );
    const unlocked = testMachine({ system: { secureBoot: false } });
    assert.deepEqual(
      ['lsaiso', 'fsiso', 'bioiso', 'vmsp'].map((label) => attach(unlocked, label) === 0),
      [false, true, true, false],
    );
    // A debugger that was let in reads through the secure kernel.
    const secret = new Uint8Array(20);
    const process = openAll(locked, 'fsiso');
    assert.equal(locked.win32.ReadProcessMemory(process, locked.process('fsiso').dataAddress, secret, 20), true);
    assert.equal(text(secret), 'VTL1 secret of fsiso');
  });

  test('VirtualAllocEx on a trustlet succeeds with memory the trustlet never sees', () => {
    const machine = testMachine();
    const before = machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21);
    const at = machine.win32.VirtualAllocEx(openAll(machine, 'lsaiso'), 0n, 8192, 0x3000, 0x04);
    assert.notEqual(at, 0n);
    assert.equal(machine.touches[0]?.outcome, 'vtl0-only');
    assert.deepEqual(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21), before);
    assert.equal(machine.win32.VirtualQueryEx(openAll(machine, 'lsaiso'), at)?.State, 'commit');
    assert.notEqual(machine.win32.VirtualAllocEx(openAll(machine, 'notepad'), 0n, 8192, 0x3000, 0x04), 0n);
    assert.equal(machine.touches[1]?.outcome, 'effect');
  });

  test('ReadProcessMemory on a trustlet fails with 998 and copies nothing', () => {
    const machine = testMachine();
    const buffer = new Uint8Array(16).fill(0xaa);
    const count: [number] = [99];
    const process = openAll(machine, 'lsaiso');
    assert.equal(
      machine.win32.ReadProcessMemory(process, machine.process('lsaiso').dataAddress, buffer, 16, count),
      false,
    );
    assert.equal(machine.win32.GetLastError(), 998);
    assert.deepEqual(count, [0]);
    assert.ok(buffer.every((byte) => byte === 0xaa));
    assert.equal(
      machine.win32.ReadProcessMemory(
        openAll(machine, 'notepad'),
        machine.process('notepad').dataAddress,
        buffer,
        16,
        count,
      ),
      true,
    );
    assert.equal(text(buffer), 'memory of notepa');
  });

  test('WriteProcessMemory on a trustlet fails with 998 and changes nothing', () => {
    const machine = testMachine();
    const at = machine.process('lsaiso').dataAddress;
    const before = machine.readMemory('lsaiso', at, 21);
    const count: [number] = [99];
    assert.equal(
      machine.win32.WriteProcessMemory(openAll(machine, 'lsaiso'), at, Uint8Array.of(1, 2), 2, count),
      false,
    );
    assert.equal(machine.win32.GetLastError(), 998);
    assert.deepEqual(count, [0]);
    assert.deepEqual(machine.readMemory('lsaiso', at, 21), before);
    assert.equal(
      machine.win32.WriteProcessMemory(openAll(machine, 'notepad'), at, Uint8Array.of(1, 2), 2, count),
      true,
    );
    assert.deepEqual([...machine.readMemory('notepad', at, 2)], [1, 2]);
  });

  test('a section view mapped into a trustlet is one the trustlet never sees', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const section = win32.CreateFileMapping(4096);
    const view = win32.MapViewOfFile2(section, openAll(machine, 'lsaiso'), 0n, 0n, 0, 0x04);
    assert.notEqual(view, 0n);
    assert.equal(machine.touches[0]?.outcome, 'vtl0-only');
    const own = win32.MapViewOfFile2(section, openAll(machine, 'agent'), 0n, 0n, 0, 0x04);
    const other = win32.MapViewOfFile2(section, openAll(machine, 'notepad'), 0n, 0n, 0, 0x04);
    win32.WriteProcessMemory(win32.GetCurrentProcess(), own, Uint8Array.of(42), 1);
    assert.deepEqual([...machine.readMemory('notepad', other, 1)], [42]);
    assert.equal(win32.ReadProcessMemory(openAll(machine, 'lsaiso'), view, new Uint8Array(1), 1), false);
  });

  test('setting a trustlet thread’s context changes a shell that nothing resumes from', () => {
    const machine = testMachine();
    for (const label of ['lsaiso', 'notepad']) {
      const thread = openThread(machine, label);
      const rip = machine.process(label).imageBase;
      assert.equal(machine.win32.SetThreadContext(thread, { rip }), true);
      const context = { rip: 0n };
      assert.equal(machine.win32.GetThreadContext(thread, context), true);
      assert.equal(context.rip, rip);
    }
    machine.run();
    assert.deepEqual(machine.process('lsaiso').executed, []);
    assert.deepEqual(
      machine.process('notepad').executed.map(({ via }) => via),
      ['context'],
    );
    assert.equal(machine.touches[0]?.outcome, 'vtl0-only');
  });

  test('a driver’s MmCopyVirtualMemory of a trustlet is a partial copy of nothing', () => {
    const machine = testMachine();
    const buffer = new Uint8Array(16).fill(0xaa);
    const at = machine.process('lsaiso').dataAddress;
    for (const direction of ['read', 'write'] as const) {
      assert.deepEqual(machine.kernel.MmCopyVirtualMemory(machine.pidOf('lsaiso'), at, buffer, direction), {
        status: 0x8000000d,
        copied: 0,
      });
    }
    assert.ok(buffer.every((byte) => byte === 0xaa));
    assert.equal(text(machine.readMemory('lsaiso', at, 21)), 'VTL1 secret of lsaiso');
    assert.equal(machine.kernel.MmCopyVirtualMemory(machine.pidOf('notepad'), at, buffer, 'read').status, 0);
    assert.equal(text(buffer), 'memory of notepa');
  });

  test('a driver attached to a trustlet faults on its pages', () => {
    const machine = testMachine();
    const pid = machine.pidOf('lsaiso');
    const buffer = new Uint8Array(8);
    const at = machine.process('lsaiso').dataAddress;
    assert.deepEqual(machine.kernel.KeStackAttachAndTouch(pid, at, buffer, 'read'), { status: 0xc0000005, copied: 0 });
    const shadow = machine.win32.VirtualAllocEx(openAll(machine, 'lsaiso'), 0n, 4096, 0x3000, 0x04);
    assert.deepEqual(machine.kernel.KeStackAttachAndTouch(pid, shadow, Uint8Array.of(7), 'write'), {
      status: 0,
      copied: 1,
    });
    assert.deepEqual(machine.kernel.KeStackAttachAndTouch(machine.pidOf('notepad'), at, buffer, 'read'), {
      status: 0,
      copied: 8,
    });
  });

  test('a dump of a trustlet is written without a page of VTL1', () => {
    const machine = testMachine();
    const dump = machine.win32.MiniDumpWriteDump(openAll(machine, 'lsaiso'), machine.pidOf('lsaiso'));
    assert.ok(dump);
    assert.equal(text(dump.subarray(0, 4)), 'MDMP');
    assert.equal(text(dump).includes('VTL1 secret of lsaiso'), false);
    const ordinary = machine.win32.MiniDumpWriteDump(openAll(machine, 'notepad'), machine.pidOf('notepad'));
    assert.ok(ordinary);
    assert.ok(text(ordinary).includes('memory of notepad'));
  });

  test('a handle can be duplicated out of a trustlet by rights alone', () => {
    const machine = testMachine();
    const trustlet = machine.win32As('lsaiso');
    const held = trustlet.OpenProcess(0x1000, false, machine.pidOf('lsass'));
    const { win32 } = machine;
    const copy: [bigint] = [0n];
    const from = openAll(machine, 'lsaiso');
    assert.equal(win32.DuplicateHandle(from, held, win32.GetCurrentProcess(), copy, 0, false, 2), true);
    assert.equal(win32.GetProcessId(copy[0]), machine.pidOf('lsass'));
    const narrow = win32.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.equal(win32.DuplicateHandle(narrow, held, win32.GetCurrentProcess(), copy, 0, false, 2), false);
    assert.equal(win32.GetLastError(), 5);
  });

  test('a trustlet can be suspended and terminated by rights alone', () => {
    const machine = testMachine();
    const thread = openThread(machine, 'lsaiso');
    assert.equal(machine.win32.SuspendThread(thread), 0);
    assert.equal(machine.win32.SuspendThread(thread), 1);
    assert.equal(machine.win32.ResumeThread(thread), 2);
    const narrow = machine.win32.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.equal(machine.win32.TerminateProcess(narrow, 1), false);
    assert.equal(machine.win32.GetLastError(), 5);
    assert.equal(machine.win32.TerminateProcess(openAll(machine, 'lsaiso'), 1), true);
    assert.equal(machine.process('lsaiso').life, 'exited');
  });

  test('debugging a protected trustlet is refused for its protection first', () => {
    const machine = testMachine();
    const handle = machine.win32.OpenProcess(0x800, false, machine.pidOf('ppl-trustlet'));
    assert.notEqual(handle, 0n);
    assert.equal(machine.win32.NtDebugActiveProcess(handle), 0xc0000712);
    const ordinary = machine.win32.OpenProcess(0x800, false, machine.pidOf('defender'));
    assert.equal(machine.win32.NtDebugActiveProcess(ordinary), 0xc0000712);
  });
});
