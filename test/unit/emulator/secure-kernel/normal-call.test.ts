/** Normal calls: NT serves a trustlet, and is believed in nothing (facts/vsm.md 3.3, 3.4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine, NormalCallLie, SystemCallResult } from '../../../../lib/emulator/index.js';
import { testMachine, text, throwsArgument } from '../machines.js';
import { longWordOf, longWords, words } from './secure-machines.js';

const INVALID_SYSTEM_SERVICE = 0xc000001c;
const INFO_LENGTH_MISMATCH = 0xc0000004;
const INVALID_HANDLE = 0xc0000008;
const ACCESS_DENIED = 0xc0000022;
const NOTHING = new Uint8Array(0);
/** SystemIsolatedUserModeInformation, 16 bytes. */
const CLASS = words(165);

const call = (machine: Machine, service: string, input: Uint8Array, room: number): SystemCallResult =>
  machine.secureKernel.callsOf('lsaiso').call(service, input, room);

/** VTL0 answers one service with a lie. */
const lyingMachine = (service: string, lie: NormalCallLie): Machine => {
  const machine = testMachine();
  machine.secureKernel.onNormalCall((request) => (request.service === service ? lie : undefined));
  return machine;
};

describe('a system call of a trustlet', () => {
  test('that is not allowed to trustlets never leaves VTL1', () => {
    const machine = testMachine();
    const from = machine.events.length;
    machine.secureKernel.run('lsaiso', (calls) => {
      for (const service of ['NtCreateFile', 'NtCreateUserProcess', 'NtDeviceIoControlFile', 'NtOpenKey', 'toString']) {
        assert.deepEqual(
          [service, calls.call(service, new Uint8Array(64), 64)],
          [service, { status: INVALID_SYSTEM_SERVICE, output: NOTHING }],
        );
      }
    });
    const kinds = machine.events.slice(from).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['vtl-switch', ...Array(5).fill('trustlet-call'), 'secure-call', 'vtl-switch']);
  });

  test('that is special is filtered: one class of NtQueryInformationProcess, and memory that NT is not asked for', () => {
    const machine = testMachine();
    const basic = call(machine, 'NtQueryInformationProcess', words(0), 64);
    assert.deepEqual([basic.status, longWordOf(basic.output.subarray(40))], [0, BigInt(machine.pidOf('lsaiso'))]);
    assert.equal(call(machine, 'NtQueryInformationProcess', words(61), 1).status, 0xc0000003);
    assert.equal(call(machine, 'NtQueryInformationProcess', NOTHING, 64).status, 0xc000000d);
    const { status, output } = call(machine, 'NtAllocateVirtualMemory', longWords(8192n), 8);
    assert.equal(status, 0);
    const address = longWordOf(output);
    machine.writeMemory('lsaiso', address, new TextEncoder().encode('fresh secret'));
    const page = machine.physicalPages('lsaiso').find((each) => each.address === address);
    assert.equal(page?.owner, 1);
    assert.equal(machine.compromisedKernel().read(page?.physicalAddress ?? 0n, 12).outcome, 'intercepted');
    assert.equal(call(machine, 'NtAllocateVirtualMemory', longWords(0n), 8).status, 0xc000000d);
    assert.equal(call(machine, 'NtAllocateVirtualMemory', longWords(2n ** 63n), 8).status, 0xc000000d);
    assert.equal(call(machine, 'NtAllocateVirtualMemory', longWords(4096n), 4).status, 0xc0000023);
  });

  test('with fewer arguments than are declared, or more than can travel, is refused in VTL1', () => {
    const machine = testMachine();
    const asked: string[] = [];
    machine.secureKernel.onNormalCall(({ service }) => {
      asked.push(service);
      return undefined;
    });
    assert.equal(call(machine, 'NtCreateSection', words(1), 8).status, 0xc000000d);
    assert.equal(call(machine, 'NtAlpcSendWaitReceivePort', new Uint8Array(65536), 8).status, 0xc000000d);
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 65536).status, 0xc000000d);
    for (const room of [-1, 1.5, Number.NaN]) {
      assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, room).status, 0xc000000d);
    }
    assert.deepEqual(asked, []);
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 65000).status, 0xc0000004);
    assert.equal(asked.filter((service) => service === 'ALLOCATE_VM').length, 16);
  });

  test('gives and takes back handles of NT', () => {
    const machine = testMachine();
    const before = machine.openHandles('lsaiso');
    const { status, output } = call(machine, 'NtCreateSection', longWords(4096n), 8);
    assert.deepEqual([status, machine.openHandles('lsaiso')], [0, before + 1]);
    assert.equal(call(machine, 'NtClose', output, 0).status, 0);
    assert.equal(machine.openHandles('lsaiso'), before);
    // One that it does not have any more, and one that it never had, are not passed on.
    machine.secureKernel.onNormalCall(({ service }) => assert.fail(service));
    assert.equal(call(machine, 'NtClose', output, 0).status, INVALID_HANDLE);
    assert.equal(call(machine, 'NtClose', longWords(4n), 0).status, INVALID_HANDLE);
  });

  test('leaves nothing of its arguments in VTL1 or VTL0 once it is over', () => {
    const machine = testMachine();
    const argument = new TextEncoder().encode('an argument to be forgotten');
    assert.equal(call(machine, 'NtAlpcSendWaitReceivePort', argument, 0).status, 0xc0000001);
    const isAnywhere = machine.platform.secureBlocks.some(({ firstPage, pageCount }) =>
      text(machine.hypervisor.readPhysical(BigInt(firstPage) * 4096n, pageCount * 4096)).includes(text(argument)),
    );
    assert.deepEqual([isAnywhere, machine.compromisedKernel().readEverything().includes(argument)], [false, false]);
  });

  test('that needs more memory than VTL1 has gets it from NT, protected, while the trustlet runs', () => {
    const machine = testMachine();
    const before = machine.platform.secureBlocks.length;
    machine.secureKernel.run('lsaiso', (calls) => {
      const { output } = calls.call('NtAllocateVirtualMemory', longWords(0x20_0000n), 8);
      const written = machine.writeMemory('lsaiso', longWordOf(output), new Uint8Array(0x20_0000).fill(0x5a));
      assert.equal(written, 0x20_0000);
    });
    assert.ok(machine.platform.secureBlocks.length > before);
    assert.equal(machine.hypervisor.activeVtl(0), 0);
    const bytes = new Uint8Array(32).fill(0x5a);
    assert.equal(machine.compromisedKernel().readEverything().includes(bytes), false);
  });

  test('leaves nothing of its arguments in the registers that VTLs share', () => {
    const machine = testMachine();
    const seen: bigint[] = [];
    machine.secureKernel.onNormalCall(() => {
      for (let index = 0; index < 16; index += 1) {
        seen.push(machine.hypervisor.readRegister(0, 0x0003_0000 + index));
        // RAX tells NT that there is a request.
        if (index > 0) seen.push(machine.hypervisor.readRegister(0, 0x0002_0000 + index) & ~0xffff_8000_0000_0000n);
      }
      return undefined;
    });
    call(machine, 'NtAlpcSendWaitReceivePort', new Uint8Array(256).fill(0xa5), 0);
    assert.ok(seen.length >= 62);
    // RSP is VTL0’s own; every other register is zero.
    const rsp = machine.hypervisor.readRegister(0, 0x0002_0004) & ~0xffff_8000_0000_0000n;
    assert.deepEqual(
      seen.filter((value) => value !== 0n && value !== rsp),
      [],
    );
  });

  test('is refused to a process that is no trustlet, or not one any more', () => {
    const machine = testMachine();
    assert.throws(() => machine.secureKernel.callsOf('notepad'), { code: 'ERR_TRUSTLET_ARGUMENT' });
    assert.equal(
      machine.secureKernel.run('notepad', () => assert.fail()),
      0xc000000b,
    );
    const calls = machine.secureKernel.callsOf('lsaiso');
    machine.exit('lsaiso');
    assert.equal(calls.call('NtQuerySystemInformation', CLASS, 16).status, 0xc000000b);
  });

  test('made inside a turn is one of that turn; kept beyond it, it goes nowhere', () => {
    const machine = testMachine();
    let kept = machine.secureKernel.callsOf('vmsp');
    machine.secureKernel.run('lsaiso', (calls) => {
      kept = calls;
      assert.equal(machine.secureKernel.callsOf('lsaiso').call('NtQuerySystemInformation', CLASS, 16).status, 0);
      // Another trustlet has no turn on this processor now.
      assert.equal(machine.secureKernel.callsOf('vmsp').call('NtQuerySystemInformation', CLASS, 16).status, 0xc0000001);
    });
    assert.equal(kept.call('NtQuerySystemInformation', CLASS, 16).status, 0xc0000001);
    assert.equal(machine.hypervisor.activeVtl(0), 0);
  });

  test('that NT has nothing behind is answered as NT answers it', () => {
    assert.equal(
      call(testMachine({ system: { missingClasses: [165] } }), 'NtQuerySystemInformation', CLASS, 16).status,
      0xc0000003,
    );
    const machine = testMachine();
    machine.fail('NtQuerySystemInformation', { status: 'STATUS_INSUFFICIENT_RESOURCES' });
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0xc000009a);
  });
});

describe('a lying NT', () => {
  test('that claims more than there was room for is refused', () => {
    for (const length of [17, 4096, 0xffff_ffff]) {
      const machine = lyingMachine('NtQuerySystemInformation', { length, output: new Uint8Array(64).fill(1) });
      assert.deepEqual(call(machine, 'NtQuerySystemInformation', CLASS, 16), {
        status: INFO_LENGTH_MISMATCH,
        output: NOTHING,
      });
    }
  });

  test('that writes more than it claims is taken at its word', () => {
    const machine = lyingMachine('NtQuerySystemInformation', {
      status: 0,
      length: 3,
      output: new Uint8Array(9000).fill(7),
    });
    assert.deepEqual(call(machine, 'NtQuerySystemInformation', CLASS, 16), {
      status: 0,
      output: Uint8Array.of(7, 7, 7),
    });
  });

  test('that fails a call gives no output with it', () => {
    const machine = lyingMachine('NtQuerySystemInformation', { status: 0x1_c000_0001, output: Uint8Array.of(1, 2, 3) });
    assert.deepEqual(call(machine, 'NtQuerySystemInformation', CLASS, 16), { status: 0xc0000001, output: NOTHING });
  });

  test('that makes up a handle, or gives one twice, gives none', () => {
    for (const output of [longWords(0n), longWords(6n), Uint8Array.of(4, 0, 0)]) {
      const machine = lyingMachine('NtCreateSection', { status: 0, output });
      assert.deepEqual(call(machine, 'NtCreateSection', longWords(4096n), 8), {
        status: INVALID_HANDLE,
        output: NOTHING,
      });
    }
    const machine = lyingMachine('NtCreateSection', { status: 0, output: longWords(0x40n) });
    assert.equal(call(machine, 'NtCreateSection', longWords(4096n), 8).status, 0);
    assert.equal(call(machine, 'NtCreateSection', longWords(4096n), 8).status, INVALID_HANDLE);
  });

  test('that gives a page of VTL1’s, or none at all, to carry the call gets nothing to carry', () => {
    const machine = testMachine();
    const pageOf = (address: bigint | undefined): number => Number((address ?? 0n) / 4096n);
    const secret = machine.process('lsaiso').dataAddress;
    const own = machine.physicalPages('lsaiso').find(({ address }) => address === secret)?.physicalAddress;
    const before = machine.readMemory('lsaiso', secret, 4096);
    for (const page of [pageOf(own), 0x1020, 2 ** 22, 2 ** 40, -1, 1.5, Number.NaN]) {
      const stop = machine.secureKernel.onNormalCall(({ service }) =>
        service === 'ALLOCATE_VM' ? { page } : undefined,
      );
      assert.deepEqual([page, call(machine, 'NtQuerySystemInformation', CLASS, 16).status], [page, ACCESS_DENIED]);
      stop();
    }
    assert.deepEqual(machine.readMemory('lsaiso', secret, 4096), before);
    const stop = machine.secureKernel.onNormalCall(({ service }) =>
      service === 'ALLOCATE_VM' ? { status: 0xc0000017 } : undefined,
    );
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0xc0000017);
    stop();
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
  });

  test('that gives a page which later becomes VTL1’s does not have it written to', () => {
    const machine = testMachine();
    // The page after all that is given out: the next bundle of VTL1’s begins with it.
    const [block] = machine.platform.secureBlocks;
    assert.ok(block !== undefined);
    const next = machine.platform.takeNtPage() + 1;
    const stop = machine.secureKernel.onNormalCall(({ service }) =>
      service === 'ALLOCATE_VM' ? { page: next } : undefined,
    );
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
    stop();
    const bundle = machine.platform.exclusiveBlock(1, 0);
    assert.equal(bundle.firstPage, next);
    machine.hypervisor.writePhysical(BigInt(next) * 4096n, new TextEncoder().encode('now VTL1’s'));
    const content = machine.hypervisor.readPhysical(BigInt(next) * 4096n, 4096);
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
    machine.exit('lsaiso');
    assert.deepEqual(machine.hypervisor.readPhysical(BigInt(next) * 4096n, 4096), content);
    assert.equal(machine.compromisedKernel().read(BigInt(next) * 4096n, 8).outcome, 'intercepted');
  });

  test('that changes its reply after VTL1 has copied it changes nothing', () => {
    const machine = testMachine();
    let page = 0n;
    machine.secureKernel.onNormalCall(({ pages }) => {
      [page = 0n] = pages;
      return { status: 0, output: Uint8Array.of(1, 2, 3, 4) };
    });
    machine.secureKernel.onNormalCall(({ service }) => (service === 'ALLOCATE_VM' ? {} : undefined));
    let changed = 0;
    machine.secureKernel.onRead((what) => {
      if (what === 'reply' && machine.compromisedKernel(1).write(page, new Uint8Array(64).fill(0xff)).succeeded)
        changed += 1;
    });
    assert.deepEqual(call(machine, 'NtQuerySystemInformation', CLASS, 16), {
      status: 0,
      output: Uint8Array.of(1, 2, 3, 4),
    });
    assert.equal(changed, 1);
  });

  test('that ends the trustlet meanwhile, or brings the machine down, gets no answer into it', () => {
    const ended = testMachine();
    assert.equal(call(ended, 'NtQuerySystemInformation', CLASS, 16).status, 0);
    ended.secureKernel.onNormalCall(() => {
      if (ended.process('lsaiso').life === 'running') ended.exit('lsaiso');
      return { status: 0, output: Uint8Array.of(1, 2, 3, 4) };
    });
    let inside: SystemCallResult | null = null;
    ended.secureKernel.run('lsaiso', (calls) => {
      inside = calls.call('NtQuerySystemInformation', CLASS, 16);
      assert.equal(calls.call('NtQuerySystemInformation', CLASS, 16).status, 0xc000010a);
    });
    assert.deepEqual(inside, { status: 0xc000010a, output: NOTHING });
    assert.equal(ended.hypervisor.activeVtl(0), 0);
    const down = testMachine();
    down.secureKernel.onNormalCall(() => {
      down.platform.reset();
      return undefined;
    });
    assert.throws(() => call(down, 'NtQuerySystemInformation', CLASS, 16), { code: 'ERR_TRUSTLET_BACKEND' });
    assert.equal(down.secureKernel.isRunning, false);
    assert.throws(() => down.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]), { code: 'ERR_TRUSTLET_BACKEND' });
  });

  test('whose own exception passes through leaves no processor in VTL1', () => {
    const machine = testMachine();
    const stop = machine.secureKernel.onNormalCall(() => {
      throw new RangeError('the test’s own');
    });
    assert.throws(() => call(machine, 'NtQuerySystemInformation', CLASS, 16), RangeError);
    assert.equal(machine.hypervisor.activeVtl(0), 0);
    stop();
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
    assert.throws(
      () =>
        machine.secureKernel.run('lsaiso', () => {
          throw new RangeError('inside');
        }),
      RangeError,
    );
    assert.equal(machine.hypervisor.activeVtl(0), 0);
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
  });

  test('that ends the trustlet while VTL1 has its reply, and gives the page to another, finds that page as it was', () => {
    const machine = testMachine();
    let page = 0n;
    machine.secureKernel.onNormalCall(({ service, pages }) => {
      if (service !== 'ALLOCATE_VM') [page = 0n] = pages;
      return undefined;
    });
    machine.secureKernel.onRead((what) => {
      if (what !== 'reply') return;
      machine.exit('lsaiso');
      machine.compromisedKernel(1).write(page, new TextEncoder().encode('another’s now'));
    });
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0xc000010a);
    assert.equal(Buffer.from(machine.compromisedKernel().read(page, 15).data).toString(), 'another’s now');
  });

  test('that calls from within its answer meets no second lie', () => {
    const machine = testMachine();
    let asked = 0;
    machine.secureKernel.onNormalCall(() => {
      asked += 1;
      const inner = machine.secureKernel.callsOf('vmsp').call('NtQuerySystemInformation', CLASS, 16);
      assert.deepEqual([inner.status, inner.output.length], [0, 16]);
      return { status: 0xc0000017 };
    });
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0xc0000017);
    assert.equal(asked, 1);
    assert.equal(machine.hypervisor.activeVtl(0), 0);
  });

  test('may lie in every number, but answers in numbers and bytes: anything else is a mistake of the test', () => {
    for (const [lie, what] of [
      [{ output: 'x' }, /the output of a normal call must be a Uint8Array/],
      [{ length: '5' }, /The length of a normal call must be a number/],
      [{ status: 5n }, /The status of a normal call must be a number/],
      [{ answer: 5 }, /answer/],
      ['x', /the answer of a normal call must be an object/],
    ] as const) {
      const machine = lyingMachine('NtQuerySystemInformation', lie as never);
      throwsArgument(() => call(machine, 'NtQuerySystemInformation', CLASS, 16), what);
      assert.equal(machine.hypervisor.activeVtl(0), 0);
    }
  });

  test('does not restore a snapshot under a call', () => {
    const machine = testMachine();
    const snapshot = machine.snapshot();
    machine.secureKernel.onNormalCall(() => {
      assert.throws(() => machine.restore(snapshot), { code: 'ERR_TRUSTLET_ARGUMENT' });
      return undefined;
    });
    assert.equal(call(machine, 'NtQuerySystemInformation', CLASS, 16).status, 0);
  });
});

describe('VINA', () => {
  test('lets VTL0 take an interrupt while a trustlet runs, and the trustlet goes on', () => {
    const machine = testMachine();
    const { hypervisor } = machine;
    hypervisor.writeRegister(0, 0x0002_0011, 0x202n);
    call(machine, 'NtQuerySystemInformation', CLASS, 16);
    const from = machine.events.length;
    machine.secureKernel.run('lsaiso', (calls) => {
      hypervisor.raise(0, 0, 0x51);
      assert.equal(calls.call('NtQuerySystemInformation', CLASS, 16).status, 0);
    });
    const vina = machine.events.slice(from).find((event) => event.kind === 'vina');
    assert.ok(vina?.kind === 'vina');
    assert.deepEqual([vina.pid, vina.taken], [machine.pidOf('lsaiso'), [0x51]]);
    const switches = machine.events.slice(from).flatMap((event) => (event.kind === 'vtl-switch' ? [event.to] : []));
    assert.deepEqual(switches, [1, 0, 1, 0, 1, 0]);
  });
});
