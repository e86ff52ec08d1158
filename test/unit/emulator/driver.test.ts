import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../lib/emulator/index.js';
import { TrustletError } from '../../../lib/errors.js';
import { testMachine, text } from './machines.js';

describe('the driver’s view', () => {
  test('opens everything: kernel mode passes access control and protection', () => {
    const machine = testMachine();
    machine.spawn({ label: 'closed', access: 'nobody' });
    for (const label of ['closed', 'lsass', 'ppl-trustlet', 'lsaiso', 'leaving']) {
      const { status, handle } = machine.kernel.ZwOpenProcess(machine.pidOf(label), 0x1fffff);
      assert.equal(status, 0);
      assert.equal(machine.kernel.ZwQueryInformationProcess(handle, 61, new Uint8Array(1)).status, 0);
      assert.equal(machine.kernel.ZwClose(handle), 0);
      assert.equal(machine.kernel.ZwClose(handle), 0xc0000008);
    }
    assert.deepEqual(machine.kernel.ZwOpenProcess(999_996, 0x1000), { status: 0xc000000b, handle: 0n });
    assert.equal(machine.openHandles(), 0);
  });

  test('kernel handles mean nothing to the agent', () => {
    const machine = testMachine();
    const { handle } = machine.kernel.ZwOpenProcess(machine.pidOf('notepad'), 0x1000);
    assert.equal(machine.win32.GetProcessId(handle), 0);
    assert.equal(machine.win32.GetLastError(), 6);
  });

  test('a handle without the query right answers a driver all the same', () => {
    const machine = testMachine();
    const { handle } = machine.kernel.ZwOpenProcess(machine.pidOf('lsaiso'), 0x10);
    const secureProcess = { value: 0 };
    assert.equal(machine.kernel.IsSecureProcess(handle, secureProcess), 0);
    assert.equal(secureProcess.value, 1);
  });

  test('APCs reach ordinary threads that live, and no others', () => {
    const machine = testMachine();
    const [tid = 0] = machine.tidsOf('notepad');
    assert.equal(machine.kernel.KeInsertQueueApc(999_996, 0x1000n, 0n), false);
    const [leaving = 0] = machine.tidsOf('leaving');
    assert.equal(machine.kernel.KeInsertQueueApc(leaving, 0x1000n, 0n), false);
    machine.fail('NtQueueApcThread', { status: 'STATUS_UNSUCCESSFUL', nth: 1 });
    assert.equal(machine.kernel.KeInsertQueueApc(tid, 0x1000n, 0n), false);
    assert.equal(machine.kernel.KeInsertQueueApc(tid, 0x1000n, 0n), true);
    assert.equal(machine.run(), 1);
  });

  test('copies and touches end where memory, process or address space do', () => {
    const machine = testMachine();
    const { kernel } = machine;
    const pid = machine.pidOf('notepad');
    const bytes = new Uint8Array(4);
    const at = machine.process('notepad').dataAddress;
    for (const call of ['MmCopyVirtualMemory', 'KeStackAttachAndTouch'] as const) {
      assert.deepEqual(kernel[call](999_996, at, bytes, 'read'), { status: 0xc000000b, copied: 0 });
      assert.deepEqual(kernel[call](pid, 0xffff_8000_0000_0000n, bytes, 'read'), { status: 0xc0000005, copied: 0 });
      assert.deepEqual(kernel[call](machine.pidOf('leaving'), at, bytes, 'read'), { status: 0xc000010a, copied: 0 });
      assert.deepEqual(kernel[call](pid, 0x9_0000_0000n, bytes, 'read'), { status: 0x8000000d, copied: 0 });
      assert.deepEqual(kernel[call](pid, at, Buffer.from('DRVR'), 'write'), { status: 0, copied: 4 });
      assert.equal(text(machine.readMemory('notepad', at, 4)), 'DRVR');
    }
  });

  test('a DLL is loaded into what lives', () => {
    const machine = testMachine();
    assert.equal(machine.kernel.LoadImageIntoProcess(999_996, 'x.dll'), 0xc000000b);
    assert.equal(machine.kernel.LoadImageIntoProcess(machine.pidOf('leaving'), 'x.dll'), 0xc000010a);
    assert.equal(machine.kernel.LoadImageIntoProcess(machine.pidOf('notepad'), 'x.dll'), 0);
    assert.deepEqual(
      machine.touches.map(({ operation, api, label }) => [operation, api, label]),
      [
        ['load-library', 'ZwMapViewOfSection', 'leaving'],
        ['load-library', 'ZwMapViewOfSection', 'notepad'],
      ],
    );
    assert.throws(() => machine.kernel.LoadImageIntoProcess(4, ''), TrustletError);
  });

  test('needs a System process to live in', () => {
    const machine = boot({
      schema: 1,
      name: 'bare',
      title: 'nobody but the agent',
      system: { build: 26100, vsm: false },
      agent: 'agent',
      processes: [{ label: 'agent', image: 'agent.exe' }],
    });
    assert.throws(() => machine.kernel.ZwOpenProcess(4, 0x1000), { code: 'ERR_TRUSTLET_UNSUPPORTED' });
  });
});
