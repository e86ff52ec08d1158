/** Rows B18, B19, B29, B30, B45, B51 and N14 to N16: what leaves VTL1 and what gets in. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../../lib/emulator/index.js';
import { buildPe } from '../../../support/pe/build.js';
import { EKU, TRUSTLET_SIGNATURE, trustlet } from '../../../support/pe/samples.js';
import { signPe } from '../../../support/pe/sign.js';
import { testMachine, text } from '../machines.js';
import { secureTestMachine, words } from '../secure-kernel/secure-machines.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
const bytesOfKey = Uint8Array.from({ length: 16 }, (_, index) => index);
const CANARY = new TextEncoder().encode('canary of the trustlet');

const linesFrom = (machine: Machine, from: number): readonly string[] =>
  machine.eventLines(from).map((line) => line.replace(/^#\d+ /, ''));

describe('the secure kernel', () => {
  test('a system call of a trustlet goes from VTL1 to NT in VTL0 and back, with the status of NT', () => {
    const machine = testMachine();
    const calls = machine.secureKernel.callsOf('lsaiso');
    // A first call has NT give the page that the others travel in.
    calls.call('NtQuerySystemInformation', words(0), 64);
    const from = machine.events.length;
    const pid = machine.pidOf('lsaiso');
    machine.secureKernel.run('lsaiso', (inside) => {
      // SystemIsolatedUserModeInformation, and a class that there is not.
      assert.equal(inside.call('NtQuerySystemInformation', words(165), 16).status, 0);
      assert.equal(inside.call('NtQuerySystemInformation', words(0xfff), 16).status, 0xc0000003);
    });
    assert.deepEqual(linesFrom(machine, from), [
      'VP 0: VTL0 → VTL1 by a VTL call',
      'VP 0: VTL1 → VTL0 by a VTL return',
      'VP 0: VTL0 → VTL1 by a VTL call',
      `VP 0: normal call: NT serves NtQuerySystemInformation for pid ${pid}: 4 bytes out, 16 back, STATUS_SUCCESS`,
      'VP 0: VTL1 → VTL0 by a VTL return',
      'VP 0: VTL0 → VTL1 by a VTL call',
      `VP 0: normal call: NT serves NtQuerySystemInformation for pid ${pid}: 4 bytes out, 0 back, STATUS_INVALID_INFO_CLASS`,
      `VP 0: secure call: a secure thread resumed for pid ${pid}: STATUS_SUCCESS`,
      'VP 0: VTL1 → VTL0 by a VTL return',
    ]);
  });

  test('NT gets the declared bytes of the arguments and no other byte of the trustlet', () => {
    const machine = testMachine();
    const seen: { readonly input: readonly number[]; readonly page: Uint8Array }[] = [];
    machine.secureKernel.onNormalCall(({ service, input, pages }) => {
      if (service === 'ALLOCATE_VM') return undefined;
      const [page = 0n] = pages;
      seen.push({ input: [...input], page: machine.compromisedKernel().read(page, 4096).data });
      return undefined;
    });
    const input = new Uint8Array(64);
    input.set(words(165));
    input.set(CANARY, 4);
    assert.equal(machine.secureKernel.callsOf('lsaiso').call('NtQuerySystemInformation', input, 16).status, 0);
    assert.deepEqual(
      seen.map((each) => each.input),
      [[165, 0, 0, 0]],
    );
    assert.equal(seen[0]?.page.length, 4096);
    assert.equal(text(seen[0]?.page ?? CANARY).includes('canary'), false);
    // All that VTL0 reads of memory and registers, after the call.
    const stolen = machine.compromisedKernel().readEverything();
    assert.equal(stolen.includes(CANARY), false);
  });

  test('VTL0 neither steps nor stops code of VTL1, and the secure kernel does it for no debugger it has not let in', () => {
    const machine = testMachine();
    const { secureKernel } = machine;
    const kernel = machine.compromisedKernel();
    // RFLAGS with the trap flag, and DR7, of VTL1: ACCESS_DENIED.
    assert.equal(kernel.calls.setRegister(0, 0x0002_0011, 0x102n, 1), 6);
    assert.equal(kernel.calls.setRegister(0, 0x0005_0005, 0x401n, 1), 6);
    const { handle, cookies } = secureKernel.trustlet('lsaiso');
    const buffer = 0x12_0000n;
    const step = secureKernel.invoke('SET_CONTEXT', [handle, BigInt(cookies[0] ?? 0), 0x1000n]);
    const breakpoint = secureKernel.invoke('DEBUG_READ_WRITE_MEMORY', [
      handle,
      machine.process('lsaiso').imageBase,
      buffer,
      1n,
      1n,
    ]);
    const read = secureKernel.invoke('DEBUG_READ_WRITE_MEMORY', [
      handle,
      machine.process('lsaiso').dataAddress,
      buffer,
      21n,
      0n,
    ]);
    assert.deepEqual([step.status, breakpoint.status, read.status], [0xc0000022, 0xc0000022, 0xc0000022]);
    assert.equal(text(kernel.read(buffer, 21).data).includes('secret'), false);
    // FsIso’s image allows a debugger always: let in, it reads through the secure kernel.
    const fsiso = secureKernel.trustlet('fsiso').handle;
    assert.equal(secureKernel.invoke('DEBUG_PROCESS', [fsiso]).status, 0);
    const data = machine.process('fsiso').dataAddress;
    assert.equal(secureKernel.invoke('DEBUG_READ_WRITE_MEMORY', [fsiso, data, buffer, 20n, 0n]).status, 0);
    assert.equal(text(kernel.read(buffer, 20).data), 'VTL1 secret of fsiso');
  });

  test('a live dump of a trustlet has none of its pages, or all of them encrypted, by the image’s policy', () => {
    const machine = secureTestMachine();
    assert.deepEqual(machine.secureKernel.liveDump('lsaiso'), { status: 0, pages: [] });
    machine.spawn({ label: 'dumped', trustlet: { id: 4, crashDump: 'encrypted' } });
    const { dataAddress } = machine.process('dumped');
    const own = machine.readMemory('dumped', dataAddress, 4096);
    const { status, pages } = machine.secureKernel.liveDump('dumped');
    assert.equal(status, 0);
    assert.deepEqual(
      pages.map(({ address }) => address),
      machine
        .physicalPages('dumped')
        .map(({ address }) => address)
        .sort((a, b) => (a < b ? -1 : 1)),
    );
    const page = pages.find(({ address }) => address === dataAddress);
    assert.equal(page?.ciphertext.length, 4096);
    assert.notDeepEqual(page?.ciphertext, own);
    for (const { ciphertext } of pages) assert.equal(text(ciphertext).includes('VTL1 secret'), false);
    assert.equal(machine.compromisedKernel().readEverything().includes(own.subarray(0, 21)), false);
  });

  test('a driver that asks first queues no APC to a trustlet', () => {
    const machine = testMachine();
    const tidOf = (label: string): number => machine.tidsOf(label)[0] ?? 0;
    const code = machine.process('notepad').imageBase;
    assert.equal(machine.kernel.InsertApcUnlessSecure(tidOf('notepad'), code, 0n), true);
    assert.equal(machine.kernel.InsertApcUnlessSecure(tidOf('lsaiso'), code, 0n), false);
    assert.equal(machine.kernel.InsertApcUnlessSecure(0xfff8, code, 0n), false);
    assert.deepEqual(
      machine.touches.map(({ api, label }) => [api, label]),
      [['KeInsertQueueApc', 'notepad']],
    );
    // What could not be asked is not taken for ordinary.
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_INSUFFICIENT_RESOURCES', label: 'user' });
    assert.equal(machine.kernel.InsertApcUnlessSecure(tidOf('user'), code, 0n), false);
    assert.equal(machine.touches.length, 1);
  });

  test('IsSecureProcess asserts above APC_LEVEL', () => {
    const machine = testMachine();
    const { kernel } = machine;
    const { handle } = kernel.ZwOpenProcess(machine.pidOf('lsaiso'), 0x1000);
    kernel.KeRaiseIrql(1);
    const answer = { value: 7 };
    assert.deepEqual([kernel.IsSecureProcess(handle, answer), answer.value], [0, 1]);
    kernel.KeRaiseIrql(2);
    assert.throws(() => kernel.IsSecureProcess(handle, answer), {
      code: 'ERR_TRUSTLET_ARGUMENT',
      message: /IRQL 2.*paged code/,
    });
    kernel.KeLowerIrql(0);
    assert.equal(kernel.IsSecureProcess(handle, answer), 0);
    assert.throws(() => kernel.KeLowerIrql(1), { code: 'ERR_TRUSTLET_ARGUMENT' });
    assert.throws(() => kernel.KeRaiseIrql(16), { code: 'ERR_TRUSTLET_ARGUMENT' });
  });

  test('an image without both key usages, without a policy or under another ID is refused', () => {
    const machine = secureTestMachine();
    const { secureKernel } = machine;
    const start = (label: string, image: Uint8Array, trustletId?: number) =>
      secureKernel.createTrustlet({ label, image, trustletId });
    const good = trustlet().bytes;
    for (const [label, image] of [
      ['unsigned', buildPe({ isDll: false, policy: { applicationId: 1n } }).bytes],
      ['no-ium', trustlet({}, { ekus: [EKU.SYSTEM_COMPONENT] }).bytes],
      ['no-windows', trustlet({}, { ekus: [EKU.IUM, EKU.CODE_SIGNING] }).bytes],
      ['no-policy', signPe(buildPe({ isDll: false }), TRUSTLET_SIGNATURE).bytes],
      ['no-image', new Uint8Array(64)],
    ] as const) {
      assert.deepEqual([label, start(label, image)], [label, { status: 0xc0000428, pid: null }]);
      assert.throws(() => machine.pidOf(label), { code: 'ERR_TRUSTLET_ARGUMENT' });
    }
    assert.deepEqual(start('mismatch', good, 2), { status: 0xc0000428, pid: null });
    assert.equal(machine.process('mismatch').life, 'gone');
    const { status, pid } = start('good', good, 1);
    assert.deepEqual([status, pid], [0, machine.pidOf('good')]);
    assert.equal(secureKernel.trustlet('good').identity?.trustletId, 1n);
  });

  test('a mailbox opens for its key alone', () => {
    const machine = mailboxMachine();
    const { secureKernel } = machine;
    assert.deepEqual(secureKernel.retrieveMailbox('poster', 3, new Uint8Array(16)), {
      status: 0xc0000022,
      message: new Uint8Array(0),
    });
    const { status, message } = secureKernel.retrieveMailbox('poster', 3, bytesOfKey);
    assert.deepEqual([status, text(message)], [0, 'for the kernel']);
  });

  test('a message that was retrieved is no longer in the mailbox', () => {
    const { secureKernel } = mailboxMachine();
    assert.equal(secureKernel.retrieveMailbox('poster', 3, bytesOfKey).status, 0);
    assert.equal(secureKernel.retrieveMailbox('poster', 3, bytesOfKey).status, 0x8000001a);
  });
});

/** A trustlet with a mailbox has posted a message to slot 3. */
const mailboxMachine = (): Machine => {
  const machine = secureTestMachine();
  const { secureKernel } = machine;
  assert.equal(secureKernel.createTrustlet({ label: 'poster', image: trustlet().bytes, mailboxKey: KEY }).status, 0);
  const post = new Uint8Array([...words(3), ...new TextEncoder().encode('for the kernel')]);
  assert.equal(secureKernel.callsOf('poster').call('IumPostMailbox', post, 0).status, 0);
  return machine;
};
