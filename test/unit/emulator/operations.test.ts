/** Every operation on every kind of target: the error an agent sees, and whether anything happened. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine, Win32Surface } from '../../../lib/emulator/index.js';
import { ALL, testMachine } from './machines.js';

/** What an attempt came to: 0, or the last error. The calls are made through `win32`. */
type Attempt = (machine: Machine, label: string, win32: Win32Surface) => number;

type Act = (win32: Win32Surface, handle: bigint, machine: Machine, label: string) => boolean;

/** Opens with what the operation needs, so that a refused open is the answer where it is one. */
const onProcess =
  (rights: number, act: Act): Attempt =>
  (machine, label, win32) => {
    const handle = win32.OpenProcess(rights, false, machine.pidOf(label));
    if (handle === 0n) return win32.GetLastError();
    return act(win32, handle, machine, label) ? 0 : win32.GetLastError();
  };

const onThread =
  (rights: number, act: Act): Attempt =>
  (machine, label, win32) => {
    const handle = win32.OpenThread(rights, false, machine.tidsOf(label)[0] ?? 0);
    if (handle === 0n) return win32.GetLastError();
    return act(win32, handle, machine, label) ? 0 : win32.GetLastError();
  };

const data = (machine: Machine, label: string): bigint => machine.process(label).dataAddress;
const code = (machine: Machine, label: string): bigint => machine.process(label).imageBase;

const attempts = {
  'queue-apc': onThread(0x10, (win32, handle, machine, label) => win32.QueueUserAPC(code(machine, label), handle, 0n)),
  'create-thread': onProcess(
    0x2,
    (win32, handle, machine, label) => win32.CreateRemoteThread(handle, null, 0, code(machine, label), 0n, 0) !== 0n,
  ),
  allocate: onProcess(0x8, (win32, handle) => win32.VirtualAllocEx(handle, 0n, 4096, 0x3000, 0x04) !== 0n),
  read: onProcess(0x10, (win32, handle, machine, label) =>
    win32.ReadProcessMemory(handle, data(machine, label), new Uint8Array(8), 8),
  ),
  write: onProcess(0x28, (win32, handle, machine, label) =>
    win32.WriteProcessMemory(handle, data(machine, label), new Uint8Array(8), 8),
  ),
  'map-section': onProcess(0x8, (win32, handle) => {
    const section = win32.CreateFileMapping(4096);
    return win32.MapViewOfFile2(section, handle, 0n, 0n, 0, 0x04) !== 0n;
  }),
  'set-context': onThread(0x10, (win32, handle, machine, label) =>
    win32.SetThreadContext(handle, { rip: code(machine, label) }),
  ),
  'get-context': onThread(0x8, (win32, handle) => win32.GetThreadContext(handle, {})),
  debug: (machine, label, win32) => (win32.DebugActiveProcess(machine.pidOf(label)) ? 0 : win32.GetLastError()),
  dump: onProcess(
    0x410,
    (win32, handle, machine, label) => win32.MiniDumpWriteDump(handle, machine.pidOf(label)) !== null,
  ),
  'set-windows-hook': (machine, label, win32) => {
    const dll = win32.LoadLibraryW('hook.dll');
    return win32.SetWindowsHookEx(3, dll, dll, machine.tidsOf(label)[0] ?? 0) === 0n ? win32.GetLastError() : 0;
  },
  'set-information': onProcess(0x200, (win32, handle) =>
    win32.SetProcessInformation(handle, 40, new Uint8Array(8).fill(1)),
  ),
  suspend: onThread(0x2, (win32, handle) => win32.SuspendThread(handle) !== 0xffff_ffff),
  resume: onThread(0x2, (win32, handle) => win32.ResumeThread(handle) !== 0xffff_ffff),
  terminate: onProcess(0x1, (win32, handle) => win32.TerminateProcess(handle, 1)),
  'duplicate-handle': onProcess(0x40, (win32, handle, machine, label) => {
    const lives = machine.process(label).life === 'running';
    const source = lives ? machine.win32As(label).OpenProcess(0x1000, false, machine.pidOf(label)) : 0n;
    return win32.DuplicateHandle(handle, source, win32.GetCurrentProcess(), [0n], 0, false, 2);
  }),
} satisfies Readonly<Record<string, Attempt>>;

/** ordinary, trustlet, protected (PPL-Antimalware), exiting, gone; by the last error, on build 26100 with SeDebugPrivilege. */
const expected: Readonly<Record<string, readonly number[]>> = {
  'queue-apc': [0, 0, 5, 31, 87],
  'create-thread': [0, 87, 5, 5, 87],
  allocate: [0, 0, 5, 5, 87],
  read: [0, 998, 5, 5, 87],
  write: [0, 998, 5, 5, 87],
  'map-section': [0, 0, 5, 5, 87],
  'set-context': [0, 0, 5, 5, 87],
  'get-context': [0, 0, 5, 5, 87],
  debug: [0, 5, 5, 5, 87],
  dump: [0, 0, 5, 5, 87],
  // The session decides about a hook: the protected process runs in session 0, the agent in 1.
  'set-windows-hook': [0, 0, 5, 5, 87],
  'set-information': [0, 0, 5, 5, 87],
  // SUSPEND_RESUME is not among the rights that protection takes away (facts/nt.md 2).
  suspend: [0, 0, 0, 5, 87],
  resume: [0, 0, 0, 5, 87],
  terminate: [0, 0, 5, 5, 87],
  'duplicate-handle': [0, 0, 5, 5, 87],
};

const KINDS = ['notepad', 'lsaiso', 'defender', 'leaving', 'ended'] as const;

describe('operations', () => {
  for (const [operation, attempt] of Object.entries(attempts)) {
    test(`${operation}: ordinary, trustlet, protected, exiting, gone`, () => {
      const seen = KINDS.map((label) => {
        const machine = testMachine();
        machine.spawn({ label: 'ended', user: 'user' });
        machine.exit('ended');
        return attempt(machine, label, machine.win32);
      });
      assert.deepEqual(seen, expected[operation]);
    });

    test(`${operation}: a caller without rights gets access denied and changes nothing`, () => {
      const machine = testMachine();
      machine.spawn({ label: 'system-service' });
      assert.equal(attempt(machine, 'system-service', machine.win32As('user')), 5);
      assert.deepEqual(
        machine.touches.filter(({ outcome }) => outcome !== 'refused'),
        [],
      );
    });
  }

  test('every attempt that got as far as a handle is on record, with its outcome', () => {
    const machine = testMachine();
    for (const operation of ['read', 'queue-apc', 'allocate', 'suspend'] as const) {
      attempts[operation](machine, 'lsaiso', machine.win32);
      attempts[operation](machine, 'notepad', machine.win32);
    }
    assert.deepEqual(
      machine.touches.map(({ operation, label, trustlet, outcome, status }) => [
        operation,
        label,
        trustlet,
        outcome,
        status,
      ]),
      [
        ['read', 'lsaiso', true, 'refused', 0xc0000005],
        ['read', 'notepad', false, 'effect', 0],
        ['queue-apc', 'lsaiso', true, 'no-effect', 0],
        ['queue-apc', 'notepad', false, 'effect', 0],
        ['allocate', 'lsaiso', true, 'vtl0-only', 0],
        ['allocate', 'notepad', false, 'effect', 0],
        ['suspend', 'lsaiso', true, 'effect', 0],
        ['suspend', 'notepad', false, 'effect', 0],
      ],
    );
    assert.equal(machine.touches[0]?.api, 'ReadProcessMemory');
    assert.equal(machine.touches[0]?.pid, machine.pidOf('lsaiso'));
  });

  test('a handle without the right is refused before isolation is asked, and that is on record too', () => {
    const machine = testMachine();
    const handle = machine.win32.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.equal(machine.win32.ReadProcessMemory(handle, data(machine, 'lsaiso'), new Uint8Array(1), 1), false);
    assert.equal(machine.win32.GetLastError(), 5);
    assert.deepEqual(
      machine.touches.map(({ outcome, status }) => [outcome, status]),
      [['refused', 0xc0000022]],
    );
  });

  test('a scripted failure is the answer and is on record', () => {
    const machine = testMachine();
    machine.fail('NtReadVirtualMemory', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'notepad' });
    assert.equal(attempts.read(machine, 'notepad', machine.win32), 1450);
    assert.equal(machine.touches[0]?.status, 0xc000009a);
    assert.equal(attempts.read(machine, 'user', machine.win32), 0);
  });
});

describe('reading and writing', () => {
  test('zero bytes succeed without a look at the handle, an address outside the user range fails before it', () => {
    const machine = testMachine();
    const { win32 } = machine;
    assert.equal(win32.ReadProcessMemory(0x1234n, 0x1000n, new Uint8Array(0), 0), true);
    const handle = win32.OpenProcess(ALL, false, machine.pidOf('lsaiso'));
    assert.equal(win32.WriteProcessMemory(handle, 0x1000n, new Uint8Array(8), 0), true);
    for (const address of [0x7fff_ffff_0000n, 0xffff_8000_0000_0000n, 0xffff_ffff_ffff_ffffn, 0x7fff_fffe_ffffn]) {
      assert.equal(win32.ReadProcessMemory(0x1234n, address, new Uint8Array(8), 8), false, `${address}`);
      assert.equal(win32.GetLastError(), 998);
    }
    assert.deepEqual(machine.touches, []);
  });

  test('stop where the memory ends, with a partial copy', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(ALL, false, machine.pidOf('notepad'));
    const at = win32.VirtualAllocEx(handle, 0x5_0000_0000n, 4096, 0x3000, 0x04);
    assert.equal(at, 0x5_0000_0000n);
    const count: [number] = [0];
    assert.equal(win32.WriteProcessMemory(handle, at + 4090n, new Uint8Array(16).fill(9), 16, count), false);
    assert.equal(win32.GetLastError(), 299);
    assert.deepEqual(count, [6]);
    assert.equal(win32.ReadProcessMemory(handle, 0x9_0000_0000n, new Uint8Array(16), 16, count), false);
    assert.equal(win32.GetLastError(), 299);
    assert.deepEqual(count, [0]);
    assert.deepEqual([...machine.readMemory('notepad', at + 4088n, 16)], [0, 0, 9, 9, 9, 9, 9, 9]);
  });

  test('read-only data refuses a write, code takes it', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(ALL, false, machine.pidOf('notepad'));
    const readOnly = win32.VirtualAllocEx(handle, 0n, 4096, 0x3000, 0x02);
    assert.equal(win32.WriteProcessMemory(handle, readOnly, Uint8Array.of(1), 1), false);
    assert.equal(win32.GetLastError(), 299);
    assert.equal(win32.WriteProcessMemory(handle, code(machine, 'notepad'), Uint8Array.of(0xcc), 1), true);
    assert.deepEqual([...machine.readMemory('notepad', code(machine, 'notepad'), 2)], [0xcc, 0x5a]);
  });

  test('a trustlet reaches its own memory and not its neighbour’s', () => {
    const machine = testMachine();
    const win32 = machine.win32As('lsaiso');
    const own = win32.OpenProcess(ALL, false, machine.pidOf('lsaiso'));
    const buffer = new Uint8Array(4);
    assert.equal(win32.ReadProcessMemory(own, data(machine, 'lsaiso'), buffer, 4), true);
    assert.equal(Buffer.from(buffer).toString(), 'VTL1');
    const other = win32.OpenProcess(ALL, false, machine.pidOf('fsiso'));
    assert.equal(win32.ReadProcessMemory(other, data(machine, 'fsiso'), new Uint8Array(4), 4), false);
    assert.equal(win32.GetLastError(), 998);
  });

  test('policies choose other answers on a trustlet', () => {
    for (const [policies, read, write] of [
      [{ 'read-memory': 'STATUS_PARTIAL_COPY', 'write-memory': 'STATUS_PARTIAL_COPY' }, 299, 299],
      [{ 'read-memory': 'STATUS_ACCESS_DENIED', 'write-memory': 'STATUS_ACCESS_DENIED' }, 5, 5],
      [{ 'write-memory': 'success-without-effect' }, 998, 0],
    ] as const) {
      const machine = testMachine({ policies });
      assert.equal(attempts.read(machine, 'lsaiso', machine.win32), read);
      assert.equal(attempts.write(machine, 'lsaiso', machine.win32), write);
      assert.equal(Buffer.from(machine.readMemory('lsaiso', data(machine, 'lsaiso'), 4)).toString(), 'VTL1');
    }
  });
});

describe('allocation and views', () => {
  test('refuse sizes, types and places that are none', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(ALL, false, machine.pidOf('notepad'));
    const fails = (address: bigint, size: number, type: number): number =>
      win32.VirtualAllocEx(handle, address, size, type, 0x04) === 0n ? win32.GetLastError() : 0;
    assert.equal(fails(0n, 0, 0x3000), 87);
    assert.equal(fails(0n, 4096, 0), 87);
    assert.equal(fails(0x7fff_ffff_0000n, 4096, 0x3000), 87);
    assert.equal(fails(0n, 2 ** 41, 0x3000), 87);
    assert.equal(fails(code(machine, 'notepad'), 4096, 0x3000), 487);
    assert.equal(fails(0x5_0000_0000n, 4096, 0x1000), 487);
    const section = win32.CreateFileMapping(4096);
    assert.equal(win32.MapViewOfFile2(section, handle, 0n, code(machine, 'notepad'), 0, 0x04), 0n);
    assert.equal(win32.GetLastError(), 487);
    assert.equal(win32.MapViewOfFile2(handle, handle, 0n, 0n, 0, 0x04), 0n);
    assert.equal(win32.GetLastError(), 6);
    assert.equal(win32.CreateFileMapping(0), 0n);
    assert.equal(win32.GetLastError(), 87);
  });

  test('a reservation can be committed later and only then be used', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(ALL, false, machine.pidOf('notepad'));
    const at = win32.VirtualAllocEx(handle, 0n, 8192, 0x2000, 0x04);
    assert.equal(win32.VirtualQueryEx(handle, at)?.State, 'reserve');
    assert.equal(win32.WriteProcessMemory(handle, at, Uint8Array.of(1), 1), false);
    assert.equal(win32.VirtualAllocEx(handle, at, 4096, 0x1000, 0x04), at);
    assert.equal(win32.WriteProcessMemory(handle, at, Uint8Array.of(1), 1), true);
  });

  test('VirtualQueryEx shows VTL0’s view', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(0x1000, false, machine.pidOf('notepad'));
    const image = win32.VirtualQueryEx(handle, code(machine, 'notepad'));
    assert.deepEqual([image?.State, image?.Type, image?.Protect], ['commit', 'image', 0x20]);
    const hole = win32.VirtualQueryEx(handle, 0x10000n);
    assert.deepEqual([hole?.State, hole?.BaseAddress, hole?.Type], ['free', 0x10000n, null]);
    assert.equal(win32.VirtualQueryEx(handle, 0x7fff_ffff_0000n), null);
    assert.equal(win32.GetLastError(), 87);
    const trustlet = win32.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.equal(win32.VirtualQueryEx(trustlet, data(machine, 'lsaiso'))?.State, 'free');
    assert.equal(win32.VirtualQueryEx(0x1234n, 0n), null);
    assert.equal(win32.GetLastError(), 6);
    const leaving = win32.OpenProcess(0x1000, false, machine.pidOf('leaving'));
    assert.equal(win32.VirtualQueryEx(leaving, 0n), null);
    assert.equal(win32.GetLastError(), 5);
  });
});
