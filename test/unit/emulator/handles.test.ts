import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALL, openAll, openThread, testMachine } from './machines.js';

describe('handles', () => {
  test('have values that no NT handle table holds, each given once', () => {
    const machine = testMachine();
    const seen = new Set<bigint>();
    for (let count = 0; count < 50; count += 1) {
      const handle = openAll(machine, 'notepad');
      assert.ok(handle > 0xffff_ffffn && handle < 0x7fff_ffff_ffff_ffffn);
      assert.equal(handle % 4n, 0n);
      assert.equal(seen.has(handle), false);
      seen.add(handle);
      assert.equal(machine.win32.CloseHandle(handle), true);
    }
  });

  test('of another machine, of another process, closed or never given are invalid', () => {
    const machine = testMachine();
    const other = testMachine();
    const { win32 } = machine;
    const closed = openAll(machine, 'notepad');
    assert.equal(win32.CloseHandle(closed), true);
    const handles = [
      openAll(other, 'notepad'),
      machine.win32As('user').OpenProcess(0x1000, false, machine.pidOf('user')),
      closed,
      0n,
      4n,
      0x1234n,
    ];
    for (const handle of handles) {
      assert.equal(win32.CloseHandle(handle), false, `${handle}`);
      assert.equal(win32.GetLastError(), 6);
      assert.equal(win32.NtQueryInformationProcess(handle, 0, new Uint8Array(64)), 0xc0000008);
      assert.equal(win32.ReadProcessMemory(handle, 0x1000n, new Uint8Array(1), 1), false);
      assert.equal(win32.GetLastError(), 6);
      assert.equal(win32.TerminateProcess(handle, 0), false);
    }
    assert.deepEqual(machine.touches, []);
  });

  test('of the wrong kind are a type mismatch, before the rights are looked at', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const thread = win32.OpenThread(0x800, false, machine.tidsOf('notepad')[0] ?? 0);
    assert.equal(win32.NtQueryInformationProcess(thread, 0, new Uint8Array(64)), 0xc0000024);
    assert.equal(win32.TerminateProcess(thread, 0), false);
    assert.equal(win32.GetLastError(), 6);
    const section = win32.CreateFileMapping(4096);
    assert.equal(win32.NtQueryInformationProcess(section, 0, new Uint8Array(64)), 0xc0000024);
    assert.equal(win32.SuspendThread(openAll(machine, 'notepad')), 0xffff_ffff);
  });

  test('are granted what was asked for and what the kernel implies', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const ask = (access: number): number =>
      win32.NtQueryInformationProcess(
        win32.OpenProcess(access, false, machine.pidOf('notepad')),
        0,
        new Uint8Array(64),
      );
    assert.equal(ask(0x1000), 0);
    assert.equal(ask(0x400), 0);
    assert.equal(ask(0x28), 0);
    assert.equal(ask(0x02000000), 0);
    assert.equal(ask(0x10), 0xc0000022);
    assert.equal(ask(0x20), 0xc0000022);
    assert.equal(ask(0x8), 0xc0000022);
  });

  test('an open for nothing is refused', () => {
    const machine = testMachine();
    assert.equal(machine.win32.OpenProcess(0, false, machine.pidOf('notepad')), 0n);
    assert.equal(machine.win32.GetLastError(), 5);
  });

  test('an id is looked up without its low two bits, and 0 or an unknown one is nobody', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const handle = win32.OpenProcess(0x1000, false, machine.pidOf('notepad') + 3);
    assert.equal(win32.GetProcessId(handle), machine.pidOf('notepad'));
    for (const pid of [0, 3, 0xffff_fffc, 999_996]) {
      assert.equal(win32.OpenProcess(0x1000, false, pid), 0n);
      assert.equal(win32.GetLastError(), 87);
      assert.equal(win32.OpenThread(0x800, false, pid), 0n);
      assert.equal(win32.GetLastError(), 87);
    }
  });

  test('tell their process and thread', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const thread = openThread(machine, 'notepad');
    assert.equal(win32.GetThreadId(thread), machine.tidsOf('notepad')[0]);
    assert.equal(win32.GetProcessIdOfThread(thread), machine.pidOf('notepad'));
    assert.equal(win32.GetThreadId(openAll(machine, 'notepad')), 0);
    assert.equal(win32.GetLastError(), 6);
    assert.equal(win32.GetProcessId(thread), 0);
    assert.equal(win32.GetProcessId(win32.OpenProcess(0x10, false, machine.pidOf('notepad'))), 0);
    assert.equal(win32.GetLastError(), 5);
  });

  test('pseudo-handles are the caller itself', () => {
    const machine = testMachine();
    const { win32 } = machine;
    assert.equal(win32.GetProcessId(win32.GetCurrentProcess()), machine.pidOf('agent'));
    assert.equal(win32.GetProcessId(0xffff_ffff_ffff_ffffn), machine.pidOf('agent'));
    assert.equal(win32.GetProcessIdOfThread(-2n), machine.pidOf('agent'));
    assert.equal(win32.CloseHandle(win32.GetCurrentProcess()), false);
    assert.equal(win32.GetLastError(), 6);
    const calm = testMachine();
    calm.spawn({ label: 'threadless', threads: 0, user: 'user' });
    assert.equal(calm.win32As('threadless').GetThreadId(-2n), 0);
  });
});

describe('duplicates', () => {
  test('have a subset of the source’s rights, or what the caller could open anyway', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const self = win32.GetCurrentProcess();
    const out: [bigint] = [0n];
    const wide = openAll(machine, 'notepad');
    assert.equal(win32.DuplicateHandle(self, wide, self, out, 0x1000, false, 0), true);
    assert.equal(win32.ReadProcessMemory(out[0], machine.process('notepad').dataAddress, new Uint8Array(1), 1), false);
    assert.equal(win32.GetLastError(), 5);
    assert.equal(win32.DuplicateHandle(self, out[0], self, out, ALL, false, 0), true);
    assert.equal(win32.ReadProcessMemory(out[0], machine.process('notepad').dataAddress, new Uint8Array(1), 1), true);
    const limited = win32.OpenProcess(0x1000, false, machine.pidOf('defender'));
    assert.equal(win32.DuplicateHandle(self, limited, self, out, 0x10, false, 0), false);
    assert.equal(win32.GetLastError(), 5);
    assert.deepEqual(out, [0n]);
    assert.equal(win32.DuplicateHandle(self, 0x1234n, self, out, 0x10, false, 0), false);
    assert.equal(win32.GetLastError(), 6);
    assert.equal(win32.DuplicateHandle(self, limited, 0x1234n, out, 0x10, false, 0), false);
    assert.deepEqual(
      machine.touches.filter(({ operation }) => operation === 'duplicate-handle'),
      [],
    );
  });

  test('of sections keep the section', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const self = win32.GetCurrentProcess();
    const out: [bigint] = [0n];
    assert.equal(win32.DuplicateHandle(self, win32.CreateFileMapping(4096), self, out, 0xf001f, false, 0), true);
    assert.notEqual(win32.MapViewOfFile2(out[0], self, 0n, 0n, 0, 0x04), 0n);
    assert.equal(win32.CloseHandle(out[0]), true);
    assert.equal(win32.MapViewOfFile2(out[0], self, 0n, 0n, 0, 0x04), 0n);
  });

  test('can close their source, in one’s own process and in another', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const self = win32.GetCurrentProcess();
    const out: [bigint] = [0n];
    const source = openAll(machine, 'lsass');
    assert.equal(win32.DuplicateHandle(self, source, self, out, 0, false, 3), false);
    const mine = openAll(machine, 'user');
    assert.equal(win32.DuplicateHandle(self, mine, self, out, 0, false, 3), true);
    assert.equal(win32.CloseHandle(mine), false);
    const theirs = machine.win32As('user').OpenProcess(0x1000, false, machine.pidOf('notepad'));
    const from = openAll(machine, 'user');
    assert.equal(win32.DuplicateHandle(from, theirs, self, out, 0, false, 3), true);
    assert.equal(win32.GetProcessId(out[0]), machine.pidOf('notepad'));
    assert.equal(machine.openHandles('user'), 0);
    assert.deepEqual(
      machine.touches.map(({ operation, label, outcome }) => [operation, label, outcome]),
      [['duplicate-handle', 'user', 'effect']],
    );
    assert.equal(win32.DuplicateHandle(from, theirs, self, out, 0, false, 2), false);
    assert.equal(win32.GetLastError(), 6);
  });
});

describe('objects', () => {
  test('live while a handle holds them: the pid stays taken and still answers', () => {
    const machine = testMachine();
    const { win32 } = machine;
    const pid = machine.pidOf('notepad');
    const handle = openAll(machine, 'notepad');
    machine.exit('notepad');
    assert.equal(machine.process('notepad').life, 'exited');
    const buffer = new Uint8Array(64);
    assert.equal(win32.NtQueryInformationProcess(handle, 0, buffer), 0);
    assert.equal(new DataView(buffer.buffer).getUint32(56, true), 0x4);
    assert.notEqual(win32.OpenProcess(0x1000, false, pid), 0n);
    assert.equal(machine.handlesTo('notepad'), 2);
    machine.exit('agent');
    assert.equal(machine.process('notepad').life, 'gone');
    assert.equal(machine.openHandles(), 0);
  });

  test('a thread handle holds its process too', () => {
    const machine = testMachine();
    const thread = openThread(machine, 'notepad');
    machine.exit('notepad');
    assert.throws(() => machine.reuse('notepad', 'other'), /a handle still holds the old process/);
    const ended = new Uint8Array(4);
    assert.equal(machine.ntApi().queryInformationThread(thread, 20, ended).status, 0);
    assert.deepEqual([...ended], [1, 0, 0, 0]);
    assert.equal(machine.win32.GetProcessIdOfThread(thread), machine.pidOf('notepad'));
    assert.equal(machine.win32.CloseHandle(thread), true);
    assert.equal(machine.process('notepad').life, 'gone');
    assert.equal(machine.reuse('notepad', 'other'), machine.pidOf('notepad'));
  });

  test('without a handle they are gone at once, and their ids with them', () => {
    const machine = testMachine();
    const tids = machine.tidsOf('notepad');
    machine.exit('notepad');
    assert.equal(machine.process('notepad').life, 'gone');
    assert.deepEqual(machine.tidsOf('notepad'), []);
    assert.equal(machine.win32.OpenProcess(0x1000, false, machine.pidOf('notepad')), 0n);
    assert.equal(machine.win32.GetLastError(), 87);
    assert.equal(machine.win32.OpenThread(0x800, false, tids[0] ?? 0), 0n);
    assert.equal(machine.win32.GetLastError(), 87);
  });

  test('a caller that ends while its own call is under way is left with nothing open', () => {
    const machine = testMachine();
    machine.before('NtOpenProcess', () => machine.exit('agent'));
    assert.throws(() => openAll(machine, 'notepad'), { code: 'ERR_TRUSTLET_CLOSED' });
    assert.equal(machine.openHandles(), 0);
    machine.exit('notepad');
    assert.equal(machine.process('notepad').life, 'gone');
  });

  test('nothing can be called in the name of a process that has ended', () => {
    const machine = testMachine();
    const surface = machine.win32As('user');
    machine.exit('user');
    assert.throws(() => surface.OpenProcess(0x1000, false, 4), { code: 'ERR_TRUSTLET_CLOSED' });
    machine.spawn('user');
    assert.throws(() => surface.OpenProcess(0x1000, false, 4), { code: 'ERR_TRUSTLET_CLOSED' });
  });
});
