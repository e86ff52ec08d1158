import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootRules } from '../../../../lib/emulator/boot/boot-rules.js';
import { bootStates } from '../../../../lib/emulator/boot/boot-states.js';
import { CompromisedKernel } from '../../../../lib/emulator/boot/compromised-kernel.js';
import { Platform, type PlatformOptions } from '../../../../lib/emulator/boot/platform.js';
import { eventText } from '../../../../lib/emulator/hypervisor/event-text.js';
import { outcomesWith } from '../../../../lib/emulator/policies.js';
import { text } from '../machines.js';

const SECURE_KERNEL_DATA = 0x102_0000n;
const NT_DATA = 0x12_0000n;
const Reg = { cr3: 0x0004_0002, cr4: 0x0004_0003, rip: 0x0002_0010, rbx: 0x0002_0003, lstar: 0x0008_0009 } as const;

const platformOf = (options: Partial<PlatformOptions> = {}): Platform =>
  new Platform({ hypervisor: true, vsm: true, hvci: true, rules: bootRules(outcomesWith()), ...options });

describe('the boot', () => {
  test('passes every state from S0 to S11 in order, and RESET begins again', () => {
    const platform = platformOf();
    const passed: string[] = [platform.boot];
    while (platform.boot !== 'RUNNING') passed.push(platform.advance());
    platform.reset();
    passed.push(platform.boot);
    assert.deepEqual(passed, [
      'FIRMWARE',
      'WINLOAD',
      'HV_RUNNING',
      'SK_IN_VTL0',
      'PARTITION_VTL1',
      'BSP_VTL1',
      'VTL1_RUNNING',
      'SK_INIT',
      'NT_PHASE0',
      'NT_IO_INIT',
      'AP_START',
      'RUNNING',
      'RESET',
    ]);
    assert.deepEqual(
      bootStates.map(({ name }) => name),
      passed,
    );
    assert.equal(platform.advance(), 'FIRMWARE');
    assert.equal(platform.advanceTo('RUNNING'), 'RUNNING');
    assert.equal(platform.hasVtl1, true);
  });

  test('shows in each state what its row says', () => {
    const platform = platformOf();
    const { hypervisor } = platform;
    const status = (): readonly unknown[] => {
      const { enabledVtls, processors, protecting } = hypervisor.describe();
      const [first] = processors;
      return [enabledVtls, first?.enabledVtls, first?.activeVtl, protecting, platform.notedRoot !== 0n];
    };
    const seen: Record<string, readonly unknown[]> = {};
    while (platform.boot !== 'RUNNING') seen[platform.advance()] = status();
    assert.deepEqual(seen['HV_RUNNING'], [[0], [0], 0, false, false]);
    assert.deepEqual(seen['SK_IN_VTL0'], [[0], [0], 0, false, true]);
    assert.deepEqual(seen['PARTITION_VTL1'], [[0, 1], [0], 0, false, true]);
    assert.deepEqual(seen['BSP_VTL1'], [[0, 1], [0, 1], 0, false, true]);
    assert.deepEqual(seen['VTL1_RUNNING'], [[0, 1], [0, 1], 1, false, true]);
    assert.deepEqual(seen['SK_INIT'], [[0, 1], [0, 1], 0, true, true]);
  });

  test('starts every other processor in VTL1 first, which then gives it to NT', () => {
    const platform = platformOf({ processors: 3 });
    platform.advanceTo('NT_IO_INIT');
    const from = platform.hypervisor.describe().events;
    assert.equal(platform.advance(), 'AP_START');
    const story = platform.hypervisor.events
      .filter(({ sequence }) => sequence >= from)
      .filter((event) => 'vp' in event && event.vp === 2 && ['vp-started', 'vtl-switch'].includes(event.kind))
      .map((event) => eventText(event).replace(/^#\d+ /, ''));
    assert.deepEqual(story, [
      'VP 2 started in VTL1 by VP 0',
      'VP 2 started in VTL0 by VP 0',
      'VP 2: VTL1 → VTL0 by a VTL return',
    ]);
    assert.equal(platform.hypervisor.readRegister(2, Reg.cr3), platform.notedRoot);
  });

  test('goes without VTL1 where VSM is off, with a hypervisor and without', () => {
    const plain = platformOf({ vsm: false, hvci: false, hypervisor: false });
    assert.deepEqual([plain.advance(), plain.advance(), plain.hasVtl1], ['WINLOAD', 'RUNNING', false]);
    const hosted = platformOf({ vsm: false, hvci: false });
    assert.deepEqual([hosted.advance(), hosted.advance(), hosted.advance()], ['WINLOAD', 'HV_RUNNING', 'RUNNING']);
    assert.equal(hosted.hasVtl1, false);
    // Nobody isolates anything there: a device reaches all of it, and so does VTL0.
    assert.equal(new CompromisedKernel(hosted).dma(NT_DATA, new Uint8Array(4), 'write').succeeded, true);
    assert.deepEqual(hosted.loadDriver(Uint8Array.of(0xc3), false).status, 0);
  });

  test('from SK_INIT on a second attempt to start a processor from VTL0 is refused', () => {
    const platform = platformOf();
    platform.advanceTo('SK_INIT');
    const kernel = new CompromisedKernel(platform);
    const start = { rip: 0n, rsp: 0n, cr3: 0n };
    assert.equal(kernel.calls.startVirtualProcessor(0, 1, 0, start), 6);
    assert.equal(kernel.calls.enableVpVtl(0, 1, 1, start), 6);
    assert.equal(kernel.calls.enablePartitionVtl(0, 1, false), 0x51);
  });

  test('without MBEC, HVCI leaves nothing executable that is not validated, user code included', () => {
    const platform = platformOf({ mbec: false });
    platform.advanceTo('RUNNING');
    const { hypervisor } = platform;
    for (const cpl of [0, 3] as const) {
      const mode = { cpl, mbec: false, smep: true };
      assert.equal(hypervisor.check(0, NT_DATA, 'execute', mode).kind, 'intercept');
      assert.equal(hypervisor.check(0, 0x10_0000n, 'execute', mode).kind, 'allowed');
    }
    assert.equal(hypervisor.check(0, NT_DATA, 'write').kind, 'allowed');
  });

  test('takes 1 to 16 processors', () => {
    for (const processors of [0, 17, 1.5]) {
      assert.throws(() => platformOf({ processors }), { code: 'ERR_TRUSTLET_ARGUMENT' });
    }
  });
});

describe('a reset', () => {
  test('drops VTL1 and zeroes what it kept from VTL0, and nothing else', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const secret = platform.takeSecurePage();
    platform.hypervisor.copy(1, secret * 4096, new TextEncoder().encode('secret'), 'write');
    platform.reset();
    assert.equal(platform.hasVtl1, false);
    const read = (address: bigint): string => text(platform.hypervisor.readPhysical(address, 6));
    assert.equal(read(BigInt(secret) * 4096n), '\0\0\0\0\0\0');
    assert.equal(read(SECURE_KERNEL_DATA), '\0\0\0\0\0\0');
    assert.equal(read(NT_DATA), 'ntoskr');
    const last = platform.hypervisor.events.at(-1);
    assert.ok(last?.kind === 'reset' && last.pagesZeroed >= 64 + 256, eventText(last ?? assert.fail()));
    assert.equal(new CompromisedKernel(platform).read(SECURE_KERNEL_DATA, 6).succeeded, true);
  });
});

describe('memory', () => {
  test('a page given back is zero when it is taken again, and VTL1’s stays VTL1’s', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    for (const owner of [0, 1] as const) {
      const take = (): number => (owner === 1 ? platform.takeSecurePage() : platform.takeNtPage());
      const page = take();
      platform.hypervisor.copy(owner, page * 4096, Uint8Array.of(1, 2, 3), 'write');
      platform.releasePages([page], owner);
      assert.equal(take(), page);
      assert.deepEqual([...platform.hypervisor.readPhysical(BigInt(page) * 4096n, 3)], [0, 0, 0]);
    }
    const free = platform.takeSecurePage();
    assert.equal(platform.hypervisor.check(0, BigInt(free) * 4096n, 'read').kind, 'intercept');
  });

  test('costs by what is used: a machine of 16 GiB that has just come up holds less than a megabyte', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const { memoryBytes, rightsBytes } = platform.hypervisor.describe();
    assert.ok(memoryBytes + rightsBytes < 2 ** 20, `${memoryBytes} + ${rightsBytes}`);
  });

  test('an exclusive block needs VTL1, and the refusal says where the machine is', () => {
    const platform = platformOf({ vsm: false, hvci: false });
    platform.advanceTo('RUNNING');
    assert.throws(() => platform.exclusiveBlock(1, 0), {
      code: 'ERR_TRUSTLET_UNSUPPORTED',
      message: /RUNNING, with VSM off/,
    });
    assert.throws(() => platformOf().exclusiveBlock(1, 0), { message: /FIRMWARE, with VSM on/ });
  });

  test('is never given to VTL1 where it cannot be protected: a processor VTL0 has spoilt, rights no hypervisor takes', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    assert.throws(() => platform.exclusiveBlock(1, 0x2), { code: 'ERR_TRUSTLET_ARGUMENT', message: /rights 0x2/ });
    for (let taken = 0; taken < 256; taken += 1) platform.takeSecurePage();
    // SS with privilege 3: no hypercall is made from there.
    platform.hypervisor.writeRegister(0, 0x0006_0002, 3n << 117n);
    assert.throws(() => platform.takeSecurePage(), {
      code: 'ERR_TRUSTLET_BACKEND',
      message: /VP 0 .* makes no VTL call/,
    });
    platform.hypervisor.writeRegister(0, 0x0006_0002, 0n);
    const page = platform.takeSecurePage();
    assert.equal(platform.hypervisor.check(0, BigInt(page) * 4096n, 'read').kind, 'intercept');
  });

  test('16 GiB are all there is, and the end is said plainly', () => {
    const platform = platformOf({ vsm: false, hvci: false });
    platform.advanceTo('RUNNING');
    const end = (): void => {
      for (;;) platform.takeNtPage();
    };
    assert.throws(end, { code: 'ERR_TRUSTLET_BACKEND', message: /16 GiB are in use/ });
  });
});

describe('a compromised kernel', () => {
  test('goes on after an intercept: VTL0’s registers are as they were', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const kernel = new CompromisedKernel(platform);
    platform.hypervisor.writeRegister(0, Reg.rbx, 0x1122n);
    const before = [0, 1, 2, 3, 8].map((index) => platform.hypervisor.readRegister(0, 0x0002_0000 + index));
    const rip = platform.hypervisor.readRegister(0, Reg.rip);
    assert.equal(kernel.read(SECURE_KERNEL_DATA, 8).outcome, 'intercepted');
    const after = [0, 1, 2, 3, 8].map((index) => platform.hypervisor.readRegister(0, 0x0002_0000 + index));
    assert.deepEqual(after, before);
    assert.equal(platform.hypervisor.readRegister(0, Reg.rip), rip);
    assert.equal(platform.hypervisor.nextEvent(0), null);
  });

  test('may write a watched register where nothing is turned off, and steps over the instruction', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const kernel = new CompromisedKernel(platform);
    const cr4 = platform.hypervisor.readRegister(0, Reg.cr4);
    const rip = platform.hypervisor.readRegister(0, Reg.rip);
    assert.equal(kernel.writeRegister(Reg.cr4, cr4 | 0x80n), true);
    // The watched bits did not change, so the hypervisor let it through by itself.
    assert.equal(platform.hypervisor.readRegister(0, Reg.rip), rip);
    assert.equal(kernel.writeRegister(Reg.cr4, cr4 & ~0x30_0000n), false);
    assert.equal(kernel.writeRegister(Reg.lstar, 0x1234n), false);
  });

  test('may write what a watched register holds already: the secure kernel steps over the instruction', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const { hypervisor } = platform;
    const lstar = hypervisor.readRegister(0, Reg.lstar);
    const rip = hypervisor.readRegister(0, Reg.rip);
    // WRMSR, two bytes.
    assert.equal(hypervisor.writeMsr(0, 0xc000_0082, lstar, Uint8Array.of(0x0f, 0x30)).kind, 'intercept');
    assert.equal(platform.answerInterrupts(0), true);
    assert.deepEqual([hypervisor.readRegister(0, Reg.rip), hypervisor.nextEvent(0)], [rip + 2n, null]);
    // LIDT with another table: #GP, and nothing moves.
    assert.equal(hypervisor.writeRegister(0, 0x0007_0000, 0x1234n, Uint8Array.of(0x0f, 0x01, 0x18)).kind, 'intercept');
    platform.answerInterrupts(0);
    assert.deepEqual(hypervisor.nextEvent(0), { kind: 'exception', vector: 13, errorCode: 0, parameter: 0n });
    assert.equal(hypervisor.readRegister(0, Reg.rip), rip + 2n);
  });

  test('that breaks its own page tables faults, and is told so', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const kernel = new CompromisedKernel(platform);
    assert.equal(kernel.write(platform.notedRoot, new Uint8Array(8)).succeeded, true);
    assert.equal(kernel.mapAndRead(0x120, 4).outcome, 'fault');
  });

  test('without an IOMMU a device of its reaches VTL1', () => {
    const platform = platformOf({ iommu: false });
    platform.advanceTo('RUNNING');
    const bytes = new Uint8Array(12);
    const attempt = new CompromisedKernel(platform).dma(SECURE_KERNEL_DATA, bytes, 'read');
    assert.deepEqual([attempt.outcome, text(bytes)], ['done', 'securekernel']);
    assert.equal(new CompromisedKernel(platform).dma(2n ** 40n, bytes, 'read').outcome, 'unmapped');
  });

  test('learns of its own faults, and of what is not there', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    const kernel = new CompromisedKernel(platform);
    assert.equal(kernel.read(2n ** 40n, 8).outcome, 'host-refused');
    assert.equal(kernel.mapAndRead(0x120, 4).outcome, 'done');
    assert.equal(kernel.writeMsr(0x1234, 0n), false);
    assert.equal(kernel.hypercall({ control: 0xffffn }).kind, 'completed');
  });
});

describe('the secure kernel', () => {
  test('leaves nothing of its own in the registers that VTLs share', () => {
    const platform = platformOf();
    platform.advanceTo('RUNNING');
    for (let index = 0; index < 16; index += 1) {
      if (index !== 4) platform.hypervisor.writeRegister(0, 0x0002_0000 + index, 0x1111n);
    }
    for (let taken = 0; taken < 257; taken += 1) platform.takeSecurePage();
    const after = [0, 1, 2, 8].map((index) => platform.hypervisor.readRegister(0, 0x0002_0000 + index));
    assert.deepEqual(after, [0n, 0n, 0n, 0n]);
    assert.equal(platform.hypervisor.readRegister(0, Reg.rbx), 0x1111n);
  });
});

describe('a platform’s snapshot', () => {
  test('brings memory, rights, processors and owners back; the same steps then give the same log', () => {
    const platform = platformOf();
    platform.advanceTo('NT_PHASE0');
    const snapshot = platform.snapshot();
    const run = (): readonly unknown[] => {
      platform.advanceTo('RUNNING');
      const page = platform.takeSecurePage();
      new CompromisedKernel(platform).read(BigInt(page) * 4096n, 8);
      return [page, platform.boot, platform.hypervisor.events.map(eventText), platform.hypervisor.describe()];
    };
    const first = run();
    platform.restore(snapshot);
    assert.equal(platform.boot, 'NT_PHASE0');
    assert.deepEqual(run(), first);
  });
});
