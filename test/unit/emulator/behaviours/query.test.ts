/** Rows B46 to B50, B52 and N12: how the question is asked and answered. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { flagsOf, testMachine } from '../machines.js';

const open = (machine: Machine, label: string): bigint =>
  machine.win32.OpenProcess(0x1000, false, machine.pidOf(label));

describe('the question', () => {
  test('IsSecureProcess leaves its out parameter as it was when the query fails', () => {
    const machine = testMachine();
    const { handle } = machine.kernel.ZwOpenProcess(machine.pidOf('lsaiso'), 0x1000);
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'lsaiso' });
    for (const before of [0, 1, 0xcd]) {
      const secureProcess = { value: before };
      assert.equal(machine.kernel.IsSecureProcess(handle, secureProcess), 0xc000009a);
      assert.equal(secureProcess.value, before);
    }
    machine.clearFaults();
    const secureProcess = { value: 0xcd };
    assert.equal(machine.kernel.IsSecureProcess(handle, secureProcess), 0);
    assert.notEqual(secureProcess.value, 0xcd);
  });

  test('bit 7 of the Flags word is set for a trustlet and clear for an ordinary process', () => {
    const machine = testMachine();
    assert.equal(flagsOf(machine, 'lsaiso'), 0x80);
    assert.equal(flagsOf(machine, 'secure-system') & 0x80, 0x80);
    assert.equal(flagsOf(machine, 'ppl-trustlet'), 0x81);
    assert.equal(flagsOf(machine, 'notepad'), 0);
    assert.equal(flagsOf(machine, 'defender'), 0x1);
    assert.equal(flagsOf(machine, 'leaving'), 0x4);
  });

  test('IsSecureProcess answers exactly 1 for a trustlet and exactly 0 for an ordinary process', () => {
    const machine = testMachine();
    for (const [label, answer] of [
      ['lsaiso', 1],
      ['ppl-trustlet', 1],
      ['notepad', 0],
      ['lsass', 0],
    ] as const) {
      const { handle } = machine.kernel.ZwOpenProcess(machine.pidOf(label), 0x1000);
      const secureProcess = { value: 0xcd };
      assert.equal(machine.kernel.IsSecureProcess(handle, secureProcess), 0);
      assert.equal(secureProcess.value, answer);
      assert.equal(machine.kernel.ZwClose(handle), 0);
    }
  });

  test('class 0 answers 64 and 48 bytes and no other length', () => {
    const machine = testMachine();
    const handle = open(machine, 'lsaiso');
    for (const length of [0, 1, 24, 32, 47, 49, 56, 60, 63, 65, 72, 128, 4096]) {
      assert.equal(
        machine.win32.NtQueryInformationProcess(handle, 0, new Uint8Array(length)),
        0xc0000004,
        `length ${length}`,
      );
    }
    const returned: [number] = [0];
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 0, new Uint8Array(64), returned), 0);
    assert.deepEqual(returned, [64]);
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 0, new Uint8Array(48), returned), 0);
    assert.deepEqual(returned, [48]);
    assert.equal(machine.win32.NtQueryInformationProcess(0x1234n, 0, new Uint8Array(64)), 0xc0000008);
    machine.spawn({ label: 'old', image: 'old.exe', wow64: true, privileges: ['SeDebugPrivilege'] });
    const old = machine.win32As('old');
    const narrow = old.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.equal(old.NtQueryInformationProcess(narrow, 0, new Uint8Array(32)), 0);
    assert.equal(old.NtQueryInformationProcess(narrow, 0, new Uint8Array(24)), 0);
    assert.equal(old.NtQueryInformationProcess(narrow, 0, new Uint8Array(64)), 0xc0000004);
  });

  test('Size is ignored on input and written before the handle is looked at', () => {
    const machine = testMachine();
    const handle = open(machine, 'lsaiso');
    for (const size of [0, 48, 64, 0xffff_ffff]) {
      const buffer = new Uint8Array(64);
      new DataView(buffer.buffer).setUint32(0, size, true);
      assert.equal(machine.win32.NtQueryInformationProcess(handle, 0, buffer), 0, `Size ${size}`);
      assert.equal(new DataView(buffer.buffer).getBigUint64(0, true), 64n);
    }
    const untouched = new Uint8Array(64);
    assert.equal(machine.win32.NtQueryInformationProcess(0x1234n, 0, untouched), 0xc0000008);
    assert.equal(untouched[0], 64);
    assert.ok(untouched.subarray(8).every((byte) => byte === 0));
    const strict = testMachine({ policies: { 'extended-size-input': 'strict' } });
    const strictHandle = open(strict, 'lsaiso');
    assert.equal(strict.win32.NtQueryInformationProcess(strictHandle, 0, new Uint8Array(64)), 0xc000000d);
    const right = new Uint8Array(64);
    right[0] = 64;
    assert.equal(strict.win32.NtQueryInformationProcess(strictHandle, 0, right), 0);
  });

  test('the nine flags of the 15063 header are reported, each by its own bit', () => {
    const machine = testMachine();
    const base = { user: 'user', session: 1 } as const;
    machine.spawn({ ...base, label: 'wow64', wow64: true });
    machine.spawn({ ...base, label: 'cross-session', crossSessionCreate: true });
    machine.spawn({ ...base, label: 'frozen', frozen: true });
    machine.spawn({ ...base, label: 'background', background: true });
    machine.spawn({ ...base, label: 'strongly-named', stronglyNamed: true });
    const seen = [
      'defender',
      'wow64',
      'leaving',
      'cross-session',
      'frozen',
      'background',
      'strongly-named',
      'lsaiso',
      'pico',
    ];
    assert.deepEqual(
      seen.map((label) => flagsOf(machine, label)),
      [0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100],
    );
  });

  test('a failing secure call fails the query of a trustlet in both lengths', () => {
    const machine = testMachine();
    machine.fail('SecureCall', { status: 'STATUS_DEVICE_NOT_CONNECTED' });
    const trustlet = open(machine, 'lsaiso');
    const ordinary = open(machine, 'notepad');
    for (const length of [64, 48]) {
      assert.equal(machine.win32.NtQueryInformationProcess(trustlet, 0, new Uint8Array(length)), 0xc000009d);
      assert.equal(machine.win32.NtQueryInformationProcess(ordinary, 0, new Uint8Array(length)), 0);
    }
    assert.equal(machine.win32.NtQueryInformationProcess(trustlet, 61, new Uint8Array(1)), 0);
  });
});
