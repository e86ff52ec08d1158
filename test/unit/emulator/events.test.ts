/** What an emulated machine says of what happened on it, and that a value brings all of it back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { openAll, testMachine, text } from './machines.js';

/** The lines from an event on, without their numbers. */
const linesFrom = (machine: Machine, from: number): readonly string[] =>
  machine.eventLines(from).map((line) => line.replace(/^#\d+ /, ''));
const next = (machine: Machine): number => (machine.events.at(-1)?.sequence ?? -1) + 1;

describe('the event log', () => {
  test('has operations and the guard’s decisions in the order they were', () => {
    const machine = testMachine();
    const vsm = open({ backend: machine });
    const from = next(machine);
    const [notepad, lsaiso] = [machine.pidOf('notepad'), machine.pidOf('lsaiso')];
    const { decision } = vsm.guard.check(lsaiso, ['read']);
    assert.equal(decision, 'refuse');
    vsm.guard.run(notepad, ['read'], ({ handle }) =>
      machine.win32.ReadProcessMemory(handle, machine.process('notepad').dataAddress, new Uint8Array(4), 4),
    );
    assert.deepEqual(linesFrom(machine, from), [
      `guard refuses read on pid ${lsaiso}: secure`,
      `guard allows read on pid ${notepad}: ordinary`,
      `ReadProcessMemory on 'notepad' (pid ${notepad}): effect`,
    ]);
    const decisions = machine.events.filter(({ kind }) => kind === 'guard-decision');
    assert.deepEqual(
      decisions.map((event) => event.kind === 'guard-decision' && [event.decision, event.pid]),
      [
        ['refuse', lsaiso],
        ['allow', notepad],
      ],
    );
    vsm.close();
  });

  test('has what the hypervisor did when VTL1 needs more memory', () => {
    const machine = testMachine();
    const from = next(machine);
    const { firstPage } = machine.platform.secureBlocks[0] ?? assert.fail();
    for (let taken = 0; taken < 257; taken += 1) machine.platform.takeSecurePage();
    const second = (firstPage + 256).toString(16);
    assert.deepEqual(linesFrom(machine, from), [
      'VP 0: VTL0 → VTL1 by a VTL call',
      `VP 0 VTL1: leaves lower VTLs ---- on pages 0x${second} to 0x${(firstPage + 511).toString(16)}`,
      'VP 0 VTL1: ModifyVtlProtectionMask: SUCCESS, 256 done',
      'VP 0: VTL1 → VTL0 by a VTL return',
    ]);
  });
});

describe('a trustlet’s memory', () => {
  test('is zeroed when it ends, and never becomes NT’s', () => {
    const machine = testMachine();
    const pages = machine.physicalPages('lsaiso').map(({ physicalAddress }) => physicalAddress);
    assert.ok(pages.length > 1);
    machine.exit('lsaiso');
    const { hypervisor } = machine.platform;
    for (const page of pages) {
      assert.ok(hypervisor.readPhysical(page, 4096).every((byte) => byte === 0));
      assert.equal(hypervisor.check(0, page, 'read').kind, 'intercept');
    }
    machine.spawn({ label: 'another', image: 'another.exe' });
    machine.writeMemory('another', machine.process('another').dataAddress, new Uint8Array(4096 * 8).fill(1));
    const taken = machine.physicalPages('another').map(({ physicalAddress }) => physicalAddress);
    assert.deepEqual(
      taken.filter((page) => pages.includes(page)),
      [],
    );
  });

  test('what an ordinary process had goes to whoever comes next, zeroed', () => {
    const machine = testMachine();
    const pages = machine.physicalPages('notepad').map(({ physicalAddress }) => physicalAddress);
    machine.exit('notepad');
    const heap = machine.process('user').dataAddress;
    machine.writeMemory('user', heap + 4096n, new Uint8Array(8192).fill(7));
    const reused = machine.physicalPages('user').filter(({ physicalAddress }) => pages.includes(physicalAddress));
    assert.ok(reused.length > 0);
    assert.deepEqual([...machine.readMemory('user', heap + 3n * 4096n, 8)], [0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('VTL0’s shadow in a trustlet is VTL0’s own page', () => {
    const machine = testMachine();
    const at = machine.win32.VirtualAllocEx(openAll(machine, 'lsaiso'), 0n, 4096, 0x3000, 0x04);
    const { status, copied } = machine.kernel.KeStackAttachAndTouch(
      machine.pidOf('lsaiso'),
      at,
      new TextEncoder().encode('VTL0'),
      'write',
    );
    assert.deepEqual([status, copied], [0, 4]);
    const page = machine.physicalPages('lsaiso').find(({ address }) => address === at);
    assert.deepEqual(
      [page?.owner, text(machine.compromisedKernel().read(page?.physicalAddress ?? 0n, 4).data)],
      [0, 'VTL0'],
    );
  });
});

describe('a machine that was reset', () => {
  test('by its owner or by VTL0 answers no more, and gives a new trustlet no memory that VTL0 can read', () => {
    const resets = [
      (machine: Machine): void => machine.platform.reset(),
      (machine: Machine): void => {
        machine.compromisedKernel().writeMsr(0x4000_0003, 1n);
      },
    ];
    for (const reset of resets) {
      const machine = testMachine();
      const vsm = open({ backend: machine });
      const snapshot = machine.snapshot();
      const { dataAddress } = machine.process('lsaiso');
      reset(machine);
      const down = { code: 'ERR_TRUSTLET_BACKEND', message: /was reset/ };
      assert.throws(() => vsm.query(machine.pidOf('lsaiso')), down);
      machine.spawn({ label: 'late', trustlet: { id: 9 } });
      assert.throws(() => machine.readMemory('late', dataAddress, 8), down);
      machine.restore(snapshot);
      assert.equal(text(machine.readMemory('lsaiso', dataAddress, 11)), 'VTL1 secret');
    }
  });
});

describe('DMA', () => {
  test('reaches a trustlet only where no IOMMU is configured, and class 169 says so', () => {
    for (const dmaProtection of [true, false]) {
      const machine = testMachine({ system: { dmaProtection } });
      const { dataAddress } = machine.process('lsaiso');
      const page = machine.physicalPages('lsaiso').find(({ address }) => address === dataAddress);
      const bytes = new Uint8Array(21);
      const attempt = machine.compromisedKernel().dma(page?.physicalAddress ?? 0n, bytes, 'read');
      const protection = new Uint8Array(4);
      assert.equal(machine.ntApi().querySystemInformation(169, protection).status, 0);
      assert.deepEqual(
        [attempt.outcome, text(bytes).startsWith('VTL1 secret'), [...protection]],
        dmaProtection ? ['blocked', false, [1, 1, 1, 0]] : ['done', true, [0, 0, 1, 0]],
      );
    }
  });
});

describe('a machine’s snapshot', () => {
  test('holds hypervisor, memory and log: the same steps after it give the same', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    const run = (): readonly unknown[] => {
      machine.writeMemory('lsaiso', machine.process('lsaiso').dataAddress, new TextEncoder().encode('new'));
      const [page] = machine.physicalPages('lsaiso');
      machine.compromisedKernel().read(page?.physicalAddress ?? 0n, 8);
      machine.exit('vmsp');
      return [machine.eventLines(), machine.platform.hypervisor.describe(), machine.physicalPages('lsaiso')];
    };
    const first = run();
    machine.restore(snapshot);
    assert.equal(text(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 4)), 'VTL1');
    machine.restore(snapshot);
    assert.deepEqual(run(), first);
  });

  test('two machines of one scenario and seed tell the same story', () => {
    const story = (machine: Machine): readonly string[] => {
      machine.physicalPages('lsaiso');
      machine.compromisedKernel(1).write(0x102_0000n, new Uint8Array(8));
      return machine.eventLines();
    };
    assert.deepEqual(story(testMachine()), story(testMachine()));
  });
});
