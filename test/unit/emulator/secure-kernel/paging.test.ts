/** Pages of trustlets that NT keeps: encrypted, and none but the one it was given comes back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { testMachine, text } from '../machines.js';

const SECRET = 'VTL1 secret of lsaiso';

/** Pages out a page. @returns where NT keeps it */
const pageOut = (machine: Machine, label: string, address: bigint): bigint => {
  assert.equal(machine.secureKernel.pageOut(label, address), 0);
  const page = machine.secureKernel.pages(label).find((each) => each.address === address);
  assert.equal(page?.state, 'paged-out');
  return page?.physicalAddress ?? 0n;
};
const secretOf = (machine: Machine): string =>
  text(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21));
const stepsOf = (machine: Machine): readonly string[] =>
  machine.events.flatMap((event) => (event.kind === 'trustlet' && event.step !== 'started' ? [event.step] : []));

describe('a page that NT keeps for a trustlet', () => {
  test('is ciphertext there, zero where it was, and the same when it comes back', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    const own = machine.physicalPages('lsaiso').find(({ address }) => address === dataAddress)?.physicalAddress ?? 0n;
    const at = pageOut(machine, 'lsaiso', dataAddress);
    const kept = machine.compromisedKernel().read(at, 4096);
    assert.equal(kept.succeeded, true);
    assert.equal(new Set(kept.data).size > 100, true);
    assert.equal(text(kept.data).includes('secret'), false);
    assert.ok(machine.hypervisor.readPhysical(own, 4096).every((byte) => byte === 0));
    assert.equal(machine.hypervisor.check(0, own, 'read').kind, 'intercept');
    assert.equal(secretOf(machine), SECRET);
    const [page] = machine.secureKernel.pages('lsaiso').filter(({ address }) => address === dataAddress);
    assert.equal(page?.state, 'private');
    assert.deepEqual(stepsOf(machine), ['paged-out', 'paged-in']);
  });

  test('is not the same text twice, for one content at one address', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    const first = machine.compromisedKernel().read(pageOut(machine, 'lsaiso', dataAddress), 4096).data;
    assert.equal(secretOf(machine), SECRET);
    const second = machine.compromisedKernel().read(pageOut(machine, 'lsaiso', dataAddress), 4096).data;
    assert.notDeepEqual(first, second);
  });

  test('that was altered, is another’s, or is one from before ends that trustlet and nothing else', () => {
    const attacks: Readonly<Record<string, (machine: Machine, at: bigint) => void>> = {
      altered: (machine, at) => {
        const { data } = machine.compromisedKernel().read(at + 100n, 1);
        machine.compromisedKernel().write(at + 100n, Uint8Array.of((data[0] ?? 0) ^ 1));
      },
      exchanged: (machine, at) => {
        const other = pageOut(machine, 'lsaiso', machine.process('lsaiso').imageBase);
        machine.compromisedKernel().write(at, machine.compromisedKernel().read(other, 4096).data);
      },
      'of another trustlet': (machine, at) => {
        const other = pageOut(machine, 'fsiso', machine.process('fsiso').dataAddress);
        machine.compromisedKernel().write(at, machine.compromisedKernel().read(other, 4096).data);
      },
      zeroed: (machine, at) => {
        machine.compromisedKernel().write(at, new Uint8Array(4096));
      },
    };
    for (const [name, attack] of Object.entries(attacks)) {
      const machine = testMachine();
      const { dataAddress } = machine.process('lsaiso');
      attack(machine, pageOut(machine, 'lsaiso', dataAddress));
      assert.deepEqual([name, machine.readMemory('lsaiso', dataAddress, 21).length], [name, 0]);
      assert.deepEqual([name, machine.process('lsaiso').life], [name, 'gone']);
      assert.deepEqual(stepsOf(machine).slice(-2), ['page-refused', 'ended']);
      assert.equal(text(machine.readMemory('fsiso', machine.process('fsiso').dataAddress, 20)), 'VTL1 secret of fsiso');
      assert.equal(machine.hypervisor.activeVtl(0), 0);
    }
  });

  test('from before, brought again in the place of the present one, ends the trustlet', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    const old = machine.compromisedKernel().read(pageOut(machine, 'lsaiso', dataAddress), 4096).data;
    machine.writeMemory('lsaiso', dataAddress, new TextEncoder().encode('a newer secret'));
    machine.compromisedKernel().write(pageOut(machine, 'lsaiso', dataAddress), old);
    assert.equal(machine.readMemory('lsaiso', dataAddress, 14).length, 0);
    assert.equal(machine.process('lsaiso').life, 'gone');
  });

  test('does not come back for VTL0, whose reads are refused as they were', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    pageOut(machine, 'lsaiso', dataAddress);
    const buffer = new Uint8Array(21);
    const pid = machine.pidOf('lsaiso');
    assert.equal(machine.kernel.KeStackAttachAndTouch(pid, dataAddress, buffer, 'read').status, 0xc0000005);
    assert.equal(machine.kernel.MmCopyVirtualMemory(pid, dataAddress, buffer, 'read').copied, 0);
    assert.deepEqual(stepsOf(machine), ['paged-out']);
    assert.equal(secretOf(machine), SECRET);
  });

  test('comes back for a debugger that was let in, and for a write of the trustlet’s own', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('fsiso');
    pageOut(machine, 'fsiso', dataAddress);
    assert.equal(machine.writeMemory('fsiso', dataAddress, new TextEncoder().encode('ours')), 4);
    assert.equal(text(machine.readMemory('fsiso', dataAddress, 20)), 'ours secret of fsiso');
    pageOut(machine, 'fsiso', dataAddress);
    assert.equal(machine.win32.DebugActiveProcess(machine.pidOf('fsiso')), true);
    const buffer = new Uint8Array(20);
    assert.equal(machine.kernel.MmCopyVirtualMemory(machine.pidOf('fsiso'), dataAddress, buffer, 'read').status, 0);
    assert.equal(text(buffer), 'ours secret of fsiso');
  });

  test('is kept by a snapshot, and goes with its trustlet', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    const at = pageOut(machine, 'lsaiso', dataAddress);
    const snapshot = machine.snapshot();
    machine.compromisedKernel().write(at, new Uint8Array(4096));
    machine.restore(snapshot);
    assert.equal(secretOf(machine), SECRET);
    machine.restore(snapshot);
    machine.exit('lsaiso');
    assert.ok(machine.hypervisor.readPhysical(at, 4096).every((byte) => byte === 0));
  });

  test('is one of VTL1’s own pages and no other', () => {
    const machine = testMachine();
    const shadow = machine.win32.VirtualAllocEx(
      machine.win32.OpenProcess(0x1fffff, false, machine.pidOf('lsaiso')),
      0n,
      4096,
      0x3000,
      4,
    );
    machine.kernel.KeStackAttachAndTouch(machine.pidOf('lsaiso'), shadow, new Uint8Array(4), 'write');
    assert.equal(machine.secureKernel.pages('lsaiso').find(({ address }) => address === shadow)?.state, 'shadow');
    assert.equal(machine.secureKernel.pageOut('lsaiso', shadow), 0xc000000d);
    assert.equal(machine.secureKernel.pageOut('lsaiso', 0x1000), 0xc000000d);
    const { dataAddress } = machine.process('lsaiso');
    pageOut(machine, 'lsaiso', dataAddress);
    assert.equal(machine.secureKernel.pageOut('lsaiso', dataAddress), 0xc000000d);
    assert.equal(machine.secureKernel.pageOut('notepad', machine.process('notepad').dataAddress), 0xc00000bb);
    machine.hypervisor.vtlCall(0);
    assert.equal(machine.secureKernel.pageOut('fsiso', dataAddress), 0xc0000001);
    // Without a VTL call nothing can be fetched either; the trustlet is not to blame.
    assert.equal(machine.readMemory('lsaiso', dataAddress, 4).length, 0);
    assert.equal(machine.process('lsaiso').life, 'running');
  });

  test('is fetched for a trustlet that runs, in its turn', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    pageOut(machine, 'lsaiso', dataAddress);
    machine.secureKernel.run('lsaiso', () => assert.equal(secretOf(machine), SECRET));
    assert.deepEqual(stepsOf(machine), ['paged-out', 'paged-in']);
  });
});
