/** Statements about hypervisor, VTLs and memory: rows of the behaviour table, and those that follow from them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootRules } from '../../../../lib/emulator/boot/boot-rules.js';
import { CompromisedKernel } from '../../../../lib/emulator/boot/compromised-kernel.js';
import { Platform, type PlatformOptions } from '../../../../lib/emulator/boot/platform.js';
import type { Machine } from '../../../../lib/emulator/index.js';
import { outcomesWith } from '../../../../lib/emulator/policies.js';
import { testMachine, text } from '../machines.js';

const PAGE = 4096n;
/** securekernel.exe's data, as the layout has it. */
const SECURE_KERNEL_DATA = 0x102_0000n;
const NT_CODE = 0x10_0000n;
const NT_DATA = 0x12_0000n;

const platformOf = (options: Partial<PlatformOptions> = {}): Platform =>
  new Platform({ hypervisor: true, vsm: true, hvci: true, rules: bootRules(outcomesWith()), ...options });
const runningPlatform = (options: Partial<PlatformOptions> = {}): Platform => {
  const platform = platformOf(options);
  assert.equal(platform.advanceTo('RUNNING'), 'RUNNING');
  return platform;
};

/** Where the secret of a trustlet lies in guest-physical memory. */
const secretOf = (machine: Machine, label: string): bigint => {
  const { dataAddress } = machine.process(label);
  const page = machine.physicalPages(label).find(({ address }) => address === dataAddress);
  assert.ok(page !== undefined);
  return page.physicalAddress;
};

/** Whose the pages of a process are. */
const ownersOf = (machine: Machine, label: string): readonly number[] => [
  ...new Set(machine.physicalPages(label).map(({ owner }) => owner)),
];

describe('VSM', () => {
  test('without the hypervisor VSM cannot be enabled', () => {
    const platform = runningPlatform({ hypervisor: false });
    assert.equal(platform.hasVtl1, false);
    assert.deepEqual(platform.hypervisor.describe().enabledVtls, [0]);
    const calls = platform.hypervisor.events.filter(({ kind }) => kind === 'hypercall');
    // ACCESS_DENIED, to EnablePartitionVtl, and nobody tried anything after it.
    assert.deepEqual(
      calls.map((event) => event.kind === 'hypercall' && [event.code, event.status]),
      [[0x0d, 6]],
    );
    assert.equal(runningPlatform().hasVtl1, true);
  });

  test('after the boot there are VTL0 and VTL1', () => {
    const { enabledVtls, processors } = runningPlatform().hypervisor.describe();
    assert.deepEqual(enabledVtls, [0, 1]);
    assert.deepEqual(
      processors.map((each) => each.enabledVtls),
      [
        [0, 1],
        [0, 1],
      ],
    );
  });

  test('VTL0 neither reads, writes nor runs a page of VTL1', () => {
    const machine = testMachine();
    const address = secretOf(machine, 'lsaiso');
    const kernel = machine.compromisedKernel();
    for (const attempt of [
      kernel.read(address, 16),
      kernel.write(address, new Uint8Array(16)),
      kernel.execute(address),
    ]) {
      assert.deepEqual([attempt.succeeded, attempt.outcome, attempt.data.length], [false, 'intercepted', 0]);
    }
    assert.equal(
      text(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21)),
      'VTL1 secret of lsaiso',
    );
    const notepad = secretOf(machine, 'notepad');
    assert.equal(text(kernel.read(notepad, 17).data), 'memory of notepad');
  });

  test('the secure kernel can be read from VTL0 before PHASE3_INIT and not after', () => {
    const platform = platformOf();
    const kernel = new CompromisedKernel(platform);
    const readable = (): boolean => text(kernel.read(SECURE_KERNEL_DATA, 20).data) === 'securekernel.exe dat';
    assert.deepEqual([platform.advanceTo('SK_IN_VTL0'), readable()], ['SK_IN_VTL0', true]);
    assert.equal(kernel.write(SECURE_KERNEL_DATA + PAGE, new Uint8Array(8)).succeeded, true);
    assert.deepEqual([platform.advanceTo('SK_INIT'), readable()], ['SK_INIT', true]);
    assert.equal(kernel.write(SECURE_KERNEL_DATA, new Uint8Array(8)).outcome, 'intercepted');
    assert.deepEqual([platform.advanceTo('NT_PHASE0'), readable()], ['NT_PHASE0', false]);
    assert.equal(kernel.read(SECURE_KERNEL_DATA, 8).outcome, 'intercepted');
  });

  test('memory given to VTL1 later is out of reach at once, on every processor', () => {
    const platform = runningPlatform();
    const before = platform.secureBlocks.length;
    let page = platform.takeSecurePage();
    while (platform.secureBlocks.length === before) page = platform.takeSecurePage();
    for (const vp of [0, 1]) {
      const attempt = new CompromisedKernel(platform, vp).read(BigInt(page) * PAGE, 8);
      assert.deepEqual([vp, attempt.outcome], [vp, 'intercepted']);
    }
  });

  test('with HVCI no page of VTL0 can be written and run in kernel mode', () => {
    const platform = runningPlatform();
    const kernel = new CompromisedKernel(platform);
    assert.equal(kernel.execute(NT_CODE).succeeded, true);
    assert.equal(kernel.write(NT_CODE, Uint8Array.of(0x90)).outcome, 'intercepted');
    assert.equal(kernel.write(NT_DATA, Uint8Array.of(0x90)).succeeded, true);
    assert.equal(kernel.execute(NT_DATA).outcome, 'intercepted');
    const { status, page } = platform.loadDriver(Uint8Array.of(0xc3), true);
    assert.equal(status, 0);
    assert.ok(page !== null);
    assert.equal(kernel.execute(BigInt(page) * PAGE).succeeded, true);
    assert.equal(kernel.write(BigInt(page) * PAGE, Uint8Array.of(0x90)).outcome, 'intercepted');
    assert.deepEqual(platform.loadDriver(Uint8Array.of(0xc3), false), { status: 0xc0000428, page: null });
  });

  test('a kernel exploit in VTL0 reads no trustlet, by no way that ring 0 has', () => {
    const machine = testMachine();
    const address = secretOf(machine, 'lsaiso');
    const kernel = machine.compromisedKernel();
    assert.equal(kernel.read(address, 21).outcome, 'intercepted');
    assert.equal(kernel.mapAndRead(Number(address / PAGE), 21).outcome, 'intercepted');
    assert.equal(kernel.dma(address, new Uint8Array(21), 'read').outcome, 'blocked');
    assert.equal(kernel.dma(address, new Uint8Array(21), 'write').outcome, 'blocked');
    // A hypercall whose output page is the secret's: the same intercept.
    assert.equal(kernel.hypercall({ control: 0x1_0000_0050n, input: NT_DATA, output: address }).kind, 'intercept');
  });

  test('a compromised VTL0 kernel changes nothing of what VTL1 has decided', () => {
    const machine = testMachine();
    const page = Number(secretOf(machine, 'lsaiso') / PAGE);
    const kernel = machine.compromisedKernel();
    const secret = machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21);
    const before = machine.hypervisor.protectedPages(1);
    // Rights are VTL1's to give: neither a mask can be changed, nor VTL1's registers, nor its configuration.
    assert.notEqual(kernel.calls.protect(0, [page], 0xf), 0);
    assert.equal(kernel.calls.setRegister(0, 0x000d_0007, 0x1fn, 1), 6);
    assert.equal(kernel.calls.setRegister(0, 0x0002_0010, 0n, 1), 6);
    // SMEP and the system call entry stay as they were.
    assert.equal(kernel.writeRegister(0x0004_0003, 0x20n), false);
    assert.equal(kernel.writeMsr(0xc000_0082, 0x1234n), false);
    assert.deepEqual(machine.hypervisor.protectedPages(1), before);
    assert.deepEqual(machine.readMemory('lsaiso', machine.process('lsaiso').dataAddress, 21), secret);
    assert.equal(machine.hypervisor.activeVtl(0), 0);
  });

  test('NT, LSASS and every program run in VTL0, on pages that VTL0 owns', () => {
    const machine = testMachine();
    for (const label of ['notepad', 'lsass']) {
      assert.deepEqual(ownersOf(machine, label), [0]);
      assert.equal(machine.process(label).trustlet, false);
    }
    const { processors } = machine.hypervisor.describe();
    assert.deepEqual(
      processors.map(({ activeVtl }) => activeVtl),
      [0, 0],
    );
    assert.equal(machine.hypervisor.check(0, NT_DATA, 'write').kind, 'allowed');
  });

  test('the secure kernel and trustlets lie in VTL1, on pages without a right for VTL0', () => {
    const machine = testMachine();
    assert.deepEqual(ownersOf(machine, 'lsaiso'), [1]);
    for (const address of [SECURE_KERNEL_DATA, secretOf(machine, 'lsaiso')]) {
      assert.equal(machine.hypervisor.protection(1, address), 0);
      assert.equal(machine.hypervisor.check(1, address, 'read').kind, 'allowed');
    }
  });

  test('VTL0 is refused in kernel mode and in user mode alike', () => {
    const { hypervisor } = runningPlatform();
    for (const cpl of [0, 3] as const) {
      for (const access of ['read', 'write', 'execute'] as const) {
        assert.deepEqual(hypervisor.check(0, SECURE_KERNEL_DATA, access, { cpl, mbec: true, smep: true }), {
          kind: 'intercept',
          vtl: 1,
        });
      }
    }
  });

  test('VTL1 reads and writes memory and registers of VTL0; not the reverse', () => {
    const platform = runningPlatform();
    const { hypervisor } = platform;
    for (const access of ['read', 'write'] as const) {
      assert.deepEqual(hypervisor.check(1, NT_DATA, access), { kind: 'allowed' });
      assert.equal(hypervisor.check(0, SECURE_KERNEL_DATA, access).kind, 'intercept');
    }
    const kernel = new CompromisedKernel(platform);
    assert.equal(kernel.calls.setRegister(0, 0x0002_0010, 0n, 1), 6);
    assert.equal(hypervisor.vtlCall(0).kind, 'vtl-switch');
    // RIP of VTL0, from VTL1.
    assert.equal(kernel.calls.setRegister(0, 0x0002_0010, 0x1234n, 0), 0);
    assert.equal(kernel.calls.register(0, 0x0002_0010, 0), 0x1234n);
  });

  test('only VTL1 says what memory is protected', () => {
    const platform = runningPlatform();
    const kernel = new CompromisedKernel(platform);
    const block = platform.exclusiveBlock(1, 0);
    const before = platform.hypervisor.protectedPages(1);
    assert.ok(before.length > 0);
    // INVALID_PARAMETER: VTL0 names itself, and nothing is below it.
    assert.equal(kernel.calls.protect(0, [block.firstPage, 0x1020], 0xf), 5);
    assert.deepEqual(platform.hypervisor.protectedPages(1), before);
  });

  test('the two VTLs get pages of their own, and none is given to both', () => {
    const platform = runningPlatform();
    const secure = Array.from({ length: 300 }, () => platform.takeSecurePage());
    const nt = Array.from({ length: 300 }, () => platform.takeNtPage());
    assert.equal(new Set([...secure, ...nt]).size, 600);
    for (const page of nt) assert.equal(platform.hypervisor.check(0, BigInt(page) * PAGE, 'write').kind, 'allowed');
    const blocks = platform.secureBlocks;
    assert.ok(
      secure.every((page) =>
        blocks.some(({ firstPage, pageCount }) => page >= firstPage && page < firstPage + pageCount),
      ),
    );
  });

  test('VTL0 has no right to any page of VTL1’s blocks', () => {
    const platform = runningPlatform();
    for (let count = 0; count < 300; count += 1) platform.takeSecurePage();
    assert.ok(platform.secureBlocks.length > 1);
    for (const { firstPage, pageCount } of platform.secureBlocks) {
      for (let page = firstPage; page < firstPage + pageCount; page += 1) {
        assert.equal(platform.hypervisor.protection(1, BigInt(page) * PAGE), 0);
      }
    }
  });

  test('a driver of VTL0 maps no page of the secure kernel', () => {
    const kernel = testMachine().compromisedKernel();
    assert.equal(kernel.mapAndRead(Number(SECURE_KERNEL_DATA / PAGE), 8).outcome, 'intercepted');
  });

  test('a driver of VTL0 maps no page of a trustlet', () => {
    const machine = testMachine();
    const kernel = machine.compromisedKernel();
    for (const label of ['lsaiso', 'vmsp']) {
      const address = secretOf(machine, label);
      assert.deepEqual([label, kernel.mapAndRead(Number(address / PAGE), 8).outcome], [label, 'intercepted']);
      const touched = machine.kernel.KeStackAttachAndTouch(
        machine.pidOf(label),
        machine.process(label).dataAddress,
        new Uint8Array(8),
        'read',
      );
      assert.deepEqual([touched.status, touched.copied], [0xc0000005, 0]);
    }
  });

  test('each block keeps the rights it was given, access by access', () => {
    const platform = runningPlatform();
    const kernel = new CompromisedKernel(platform);
    const can = (rights: number): readonly boolean[] => {
      const address = BigInt(platform.exclusiveBlock(2, rights).firstPage) * PAGE;
      return [
        kernel.read(address, 8).succeeded,
        kernel.write(address, new Uint8Array(8)).succeeded,
        kernel.execute(address).succeeded,
      ];
    };
    assert.deepEqual(can(0x0), [false, false, false]);
    assert.deepEqual(can(0x1), [true, false, false]);
    assert.deepEqual(can(0x3), [true, true, false]);
    assert.deepEqual(can(0xd), [true, false, true]);
  });
});
