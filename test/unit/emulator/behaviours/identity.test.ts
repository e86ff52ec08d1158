/** Rows B16, B17, B24, B44: what a trustlet is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { TrustletError } from '../../../../lib/errors.js';
import { ProcessList } from '../../../../lib/layout/index.js';
import { open } from '../../../../lib/open.js';
import { flagsOf, testMachine } from '../machines.js';

const classificationOf = (machine: Machine, label: string): number | null => {
  const buffer = new Uint8Array(0x10000);
  assert.equal(machine.win32.NtQuerySystemInformation(5, buffer), 0);
  const list = ProcessList.index(buffer, { base: machine.win32.addressOf(buffer), wordSize: 8, extension: true });
  for (let index = 0; index < list.length; index += 1) {
    if (list.pid(index) === machine.pidOf(label)) return list.classification(index);
  }
  return null;
};

describe('what a trustlet is', () => {
  test('one mark in the Flags word tells a trustlet, whatever it is called, and the list has no second one', () => {
    const machine = testMachine();
    machine.spawn({ label: 'notepad-in-name-only', image: 'notepad.exe', trustlet: { id: 1 } });
    machine.spawn({ label: 'lsaiso-in-name-only', image: 'LsaIso.exe' });
    assert.notEqual(flagsOf(machine, 'lsaiso') & 0xff, 0);
    assert.equal(flagsOf(machine, 'notepad-in-name-only'), flagsOf(machine, 'lsaiso'));
    assert.equal(flagsOf(machine, 'lsaiso-in-name-only'), 0);
    assert.equal(classificationOf(machine, 'lsaiso'), 0);
    assert.equal(classificationOf(machine, 'notepad'), 0);
    assert.equal(classificationOf(machine, 'secure-system'), 2);
  });

  test('without VSM a trustlet cannot be started', () => {
    const machine = testMachine({ system: { vsm: false } });
    assert.throws(
      () => machine.spawn({ label: 'lsaiso', trustlet: { id: 1 } }),
      (error: unknown) =>
        TrustletError.is(error) && error.code === 'ERR_TRUSTLET_UNSUPPORTED' && error.ntstatus === 0xc00000bb,
    );
    const chosen = testMachine({
      system: { vsm: false },
      policies: { 'trustlet-without-vsm': 'STATUS_DEVICE_NOT_CONNECTED' },
    });
    assert.throws(
      () => chosen.spawn({ label: 'lsaiso', trustlet: { id: 1 } }),
      (error: unknown) => TrustletError.is(error) && error.ntstatus === 0xc000009d,
    );
  });

  test('LSASS under PPL-Lsa is no trustlet', () => {
    const machine = testMachine();
    assert.equal(flagsOf(machine, 'lsass'), 0x1);
    assert.equal(machine.process('lsass').trustlet, false);
    machine.spawn({ label: 'plain-lsass', image: 'lsass.exe' });
    assert.equal(flagsOf(machine, 'plain-lsass'), 0);
  });

  test('a guard that asks first keeps every call away from a trustlet that was started a moment ago', () => {
    const machine = testMachine();
    const vsm = open({ backend: machine });
    const guardedWrite = (label: string): boolean => {
      const { dataAddress } = machine.process(label);
      return vsm.guard.run(machine.pidOf(label), 'write', ({ handle }) =>
        machine.win32.WriteProcessMemory(handle, dataAddress, Uint8Array.of(1), 1),
      );
    };
    machine.spawn({ label: 'young-trustlet', trustlet: { id: 1 } });
    machine.spawn({ label: 'young-program' });
    assert.throws(() => guardedWrite('young-trustlet'), { code: 'ERR_TRUSTLET_REFUSED' });
    assert.equal(guardedWrite('young-program'), true);
    assert.deepEqual(
      machine.touches.map(({ label, operation }) => [label, operation]),
      [['young-program', 'write']],
    );
  });
});
