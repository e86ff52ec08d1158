/** Secure calls: VTL0 asks the secure kernel (facts/vsm.md 3.2, 3.5). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot } from '../../../../lib/emulator/index.js';
import { testMachine, text, throwsArgument } from '../machines.js';
import { blockOf, longWordOf, words } from './secure-machines.js';

const INVALID_SYSTEM_SERVICE = 0xc000001c;
const INVALID_PARAMETER = 0xc000000d;
const INVALID_HANDLE = 0xc0000008;
const ACCESS_VIOLATION = 0xc0000005;
/** IS_TRUSTLET_RUNNING by build. */
const RUNNING_1809 = 20;
const RUNNING_24H2 = 21;
const NT_DATA = 0x12_0000n;
const BLOCK_PAGE = 0x15_2000n;

describe('a secure call', () => {
  test('is found by the code that the build has for it', () => {
    for (const [build, code, other] of [
      [17763, RUNNING_1809, 0x7777],
      [22631, RUNNING_1809, 0x7777],
      [26100, RUNNING_24H2, 0x7777],
    ] as const) {
      const { secureKernel } = testMachine({ system: { build } });
      const running = secureKernel.secureCall(blockOf({ code, args: [1n] }));
      assert.deepEqual([build, running.status, longWordOf(running.block.subarray(16))], [build, 0, 1n]);
      assert.deepEqual(longWordOf(secureKernel.secureCall(blockOf({ code, args: [77n] })).block.subarray(16)), 0n);
      assert.equal(secureKernel.secureCall(blockOf({ code: other })).status, INVALID_SYSTEM_SERVICE);
    }
  });

  test('knows the codes of both builds by name', () => {
    const [old, newer] = [17763, 26100].map((build) => testMachine({ system: { build } }).secureKernel);
    assert.ok(old !== undefined && newer !== undefined);
    assert.deepEqual(
      (['CREATE_PROCESS', 'RETRIEVE_MAILBOX', 'LIVEDUMP_CAPTURE_PROCESS', 'PHASE3_INIT', 'PERIODIC'] as const).map(
        (name) => [name, old.serviceCode(name), newer.serviceCode(name)],
      ),
      [
        ['CREATE_PROCESS', 5, 6],
        ['RETRIEVE_MAILBOX', 19, 20],
        ['LIVEDUMP_CAPTURE_PROCESS', 53, 59],
        ['PHASE3_INIT', 208, 208],
        ['PERIODIC', null, 209],
      ],
    );
    assert.equal(old.invoke('PERIODIC').status, INVALID_SYSTEM_SERVICE);
    for (const args of [[1], [1n, '2'], 5])
      throwsArgument(() => old.invoke('PERIODIC', args as never), /list of bigints/);
    for (const bad of [1.5, 'x', null]) {
      throwsArgument(() => old.isTrustletRunning(bad as never), /trustletId must be a bigint or a whole number/);
      throwsArgument(
        () => old.secureCall(new Uint8Array(104), bad as never),
        /address must be a bigint or a whole number/,
      );
      throwsArgument(() => old.pageOut('lsaiso', bad as never), /address must be a bigint or a whole number/);
    }
  });

  test('that no service of the emulator serves is refused, as are operations that there are not', () => {
    const { secureKernel } = testMachine();
    assert.equal(secureKernel.secureCall(blockOf({ code: 25, args: [0n, 0n] })).status, INVALID_PARAMETER);
    // PHASE4_INIT: a code of this build with nothing behind it.
    assert.equal(secureKernel.secureCall(blockOf({ code: 1 })).status, INVALID_SYSTEM_SERVICE);
    for (const operation of [0, 3, 4, 255]) {
      assert.equal(secureKernel.secureCall(blockOf({ operation, code: RUNNING_24H2 })).status, INVALID_PARAMETER);
    }
  });

  test('with a cookie that the secure kernel has not given is refused', () => {
    const machine = testMachine();
    const { cookies } = machine.secureKernel.trustlet('lsaiso');
    const [cookie = 0] = cookies;
    const call = (given: number) =>
      machine.secureKernel.secureCall(blockOf({ code: RUNNING_24H2, cookie: given, args: [1n] })).status;
    assert.deepEqual(
      [call(0), call(cookie), call(cookie + 1000), call(0xffff_ffff)],
      [0, 0, INVALID_PARAMETER, INVALID_PARAMETER],
    );
    const resume = (given: number) => machine.secureKernel.secureCall(blockOf({ operation: 1, cookie: given })).status;
    assert.deepEqual([resume(cookie), resume(0), resume(cookie + 1000)], [0, INVALID_PARAMETER, INVALID_PARAMETER]);
    machine.exit('lsaiso');
    assert.deepEqual([call(cookie), resume(cookie)], [INVALID_PARAMETER, INVALID_PARAMETER]);
  });

  test('with a block in a page of VTL1 is refused, and neither reads nor writes there', () => {
    const machine = testMachine();
    const { dataAddress } = machine.process('lsaiso');
    const page = machine.physicalPages('lsaiso').find(({ address }) => address === dataAddress);
    const before = machine.readMemory('lsaiso', dataAddress, 4096);
    for (const address of [page?.physicalAddress ?? 0n, 0x102_0000n, 0x1_0000_0000_0000n, 0x3_ffff_fff8n]) {
      assert.deepEqual(machine.secureKernel.secureCall(new Uint8Array(104), address).status, ACCESS_VIOLATION);
    }
    assert.deepEqual(machine.readMemory('lsaiso', dataAddress, 4096), before);
  });

  test('takes a block anywhere in VTL0’s memory, over two pages too, and answers in it', () => {
    const machine = testMachine();
    const kernel = machine.compromisedKernel();
    const address = NT_DATA + 4096n - 50n;
    kernel.write(address, blockOf({ code: RUNNING_24H2, args: [1n] }));
    assert.equal(machine.secureKernel.secureCall(new Uint8Array(0), address).status, 0);
    assert.deepEqual(longWordOf(kernel.read(address + 16n, 8).data), 1n);
    // RAX has the status as well.
    kernel.write(address, blockOf({ code: 0x7777 }));
    machine.secureKernel.secureCall(new Uint8Array(0), address);
    assert.equal(machine.hypervisor.readRegister(0, 0x0002_0000), BigInt(INVALID_SYSTEM_SERVICE));
  });

  test('is copied once: what VTL0 changes in the block while VTL1 works on it changes nothing', () => {
    const machine = testMachine();
    const read: string[] = [];
    const stop = machine.secureKernel.onRead((what) => {
      read.push(what);
      // BUGCHECK in the place of the service.
      machine.compromisedKernel(1).write(BLOCK_PAGE, blockOf({ code: 1792, args: [0xdeadn] }));
    });
    const { status, block } = machine.secureKernel.secureCall(blockOf({ code: RUNNING_24H2, args: [1n] }));
    assert.deepEqual([status, longWordOf(block.subarray(16)), read], [0, 1n, ['secure-call']]);
    stop();
    assert.equal(machine.secureKernel.isTrustletRunning(1), true);
    assert.equal(read.length, 1);
  });

  test('made by a scripted race meets no hook of its own', () => {
    const machine = testMachine();
    machine.secureKernel.onRead(() => assert.fail());
    const running: boolean[] = [];
    machine.before('NtOpenProcess', () => {
      running.push(machine.secureKernel.isTrustletRunning(1));
    });
    machine.win32.OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
    assert.deepEqual(running, [true]);
  });

  test('gives VTL0 its registers back, but for the four that carry the answer', () => {
    const machine = testMachine();
    const { hypervisor } = machine;
    const names = [0x0002_0005, 0x0002_0006, 0x0002_000c, 0x0002_000f, 0x0003_0000, 0x0003_000f, 0x0005_0000];
    names.forEach((name, index) => {
      hypervisor.writeRegister(0, name, BigInt(index + 0x1111));
    });
    machine.secureKernel.callsOf('lsaiso').call('NtQuerySystemInformation', words(165), 16);
    assert.deepEqual(
      names.map((name) => hypervisor.readRegister(0, name)),
      names.map((_, index) => BigInt(index + 0x1111)),
    );
  });

  test('with handles that are not the secure kernel’s is refused by every service that takes one', () => {
    const { secureKernel } = testMachine();
    for (const name of [
      'CREATE_PROCESS',
      'INITIALIZE_PROCESS',
      'CREATE_THREAD',
      'RUNDOWN_PROCESS',
      'DEBUG_PROCESS',
      'SET_CONTEXT',
      'DEBUG_READ_WRITE_MEMORY',
      'GET_ON_DEMAND_DEBUG_CHALLENGE',
      'ENABLE_ON_DEMAND_DEBUG_WITH_RESPONSE',
      'RETRIEVE_MAILBOX',
      'LIVEDUMP_CAPTURE_PROCESS',
    ] as const) {
      for (const handle of [0n, 4n, 0x1_4000_0000n, 2n ** 64n - 1n]) {
        assert.deepEqual([name, secureKernel.invoke(name, [handle, NT_DATA, NT_DATA]).status], [name, INVALID_HANDLE]);
      }
    }
  });

  test('can be made to fail, for one trustlet or all', () => {
    const machine = testMachine();
    machine.fail('SecureCall', { status: 'STATUS_INSUFFICIENT_RESOURCES', nth: 1 });
    assert.equal(machine.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]).status, 0xc000009a);
    assert.equal(machine.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]).status, 0);
    for (let nth = 1; nth <= 3; nth += 1) {
      machine.clearFaults();
      machine.fail('SecureCall', { status: 'STATUS_NO_MEMORY', nth });
      assert.throws(() => machine.spawn({ label: 'new', trustlet: { id: 9 } }), {
        code: 'ERR_TRUSTLET_UNSUPPORTED',
        message: /'new' cannot start: the secure kernel answered STATUS_NO_MEMORY/,
      });
    }
    machine.clearFaults();
    assert.ok(machine.spawn({ label: 'new', trustlet: { id: 9 } }) > 0);
    assert.deepEqual(machine.secureKernel.trustlets.filter(({ identity }) => identity?.trustletId === 9n).length, 1);
  });

  test('needs VTL1, and a processor that VTL0’s kernel runs on', () => {
    const without = boot({ scenario: 'plain' });
    assert.equal(without.secureKernel.isRunning, false);
    assert.deepEqual(without.secureKernel.trustlets, []);
    assert.equal(without.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]).status, 0xc00000bb);
    assert.deepEqual(without.secureKernel.createTrustlet({ label: 'none', image: new Uint8Array(1) }), {
      status: 0xc00000bb,
      pid: null,
    });
    const machine = testMachine();
    machine.hypervisor.vtlCall(0);
    assert.equal(machine.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]).status, 0xc0000001);
    assert.equal(
      machine.secureKernel.run('lsaiso', () => assert.fail()),
      0xc0000001,
    );
  });
});

describe('a crash', () => {
  test('of a trustlet ends that trustlet and nothing else', () => {
    const machine = testMachine();
    const others = ['secure-system', 'fsiso', 'bioiso', 'vmsp', 'notepad'];
    machine.secureKernel.crashTrustlet('lsaiso', 'STATUS_ACCESS_VIOLATION');
    assert.equal(machine.process('lsaiso').life, 'gone');
    for (const label of others) assert.equal(machine.process(label).life, 'running', label);
    assert.equal(machine.secureKernel.isTrustletRunning(1), false);
    assert.equal(machine.secureKernel.isTrustletRunning(2), true);
    assert.equal(text(machine.readMemory('fsiso', machine.process('fsiso').dataAddress, 20)), 'VTL1 secret of fsiso');
    assert.deepEqual(
      machine.events.flatMap((event) => (event.kind === 'trustlet' && event.step !== 'started' ? [event.step] : [])),
      ['crashed', 'ended'],
    );
    assert.throws(() => machine.secureKernel.crashTrustlet('notepad'), { code: 'ERR_TRUSTLET_ARGUMENT' });
  });

  test('of the secure kernel stops the machine, until a snapshot is restored', () => {
    for (const crash of [
      (machine: ReturnType<typeof testMachine>) => machine.secureKernel.crash(),
      (machine: ReturnType<typeof testMachine>) => {
        assert.equal(machine.secureKernel.secureCall(blockOf({ code: 1792, args: [0x18bn] })).status, 0);
      },
    ]) {
      const machine = testMachine();
      const snapshot = machine.snapshot();
      crash(machine);
      const stopped = { code: 'ERR_TRUSTLET_BACKEND', message: /bug check 0x18b of the secure kernel/ };
      assert.throws(() => machine.secureKernel.invoke('IS_TRUSTLET_RUNNING', [1n]), stopped);
      assert.throws(() => machine.win32.OpenProcess(0x1000, false, 4), stopped);
      assert.throws(() => machine.secureKernel.crash(), stopped);
      assert.ok(machine.events.some((event) => event.kind === 'bugcheck' && event.code === 0x18b));
      machine.restore(snapshot);
      assert.equal(machine.secureKernel.isTrustletRunning(1), true);
    }
  });
});
