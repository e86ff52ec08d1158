import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boot, type Machine } from '../../../lib/emulator/index.js';
import {
  decodeCodeIntegrity,
  decodeCodeIntegrityPolicy,
  decodeExtendedBasicInformation,
  decodeHypervisor,
  decodeIsolatedUserMode,
  decodeProcessTimes,
  decodeTelemetryId,
  decodeVsmProtection,
  newCodeIntegrity,
  ProcessList,
} from '../../../lib/layout/index.js';
import { openAll, openThread, testMachine } from './machines.js';

const query = (
  machine: Machine,
  label: string,
  infoClass: number,
  length: number,
): { status: number; bytes: Uint8Array; returned: number } => {
  const bytes = new Uint8Array(length);
  const returned: [number] = [0];
  const handle = machine.win32.OpenProcess(0x1000, false, machine.pidOf(label));
  const status = machine.win32.NtQueryInformationProcess(handle, infoClass, bytes, returned);
  return { status, bytes, returned: returned[0] };
};

const ask = (machine: Machine, infoClass: number, bytes: Uint8Array): number =>
  machine.win32.NtQuerySystemInformation(infoClass, bytes);

describe('NtQueryInformationProcess', () => {
  test('class 0 tells who a process is', () => {
    const machine = testMachine();
    machine.spawn({ label: 'child', parent: 'agent' });
    const info = decodeExtendedBasicInformation(query(machine, 'child', 0, 64).bytes, 8);
    assert.equal(info.size, 64);
    assert.equal(info.uniqueProcessId, machine.pidOf('child'));
    assert.equal(info.inheritedFromUniqueProcessId, machine.pidOf('agent'));
    assert.equal(info.exitStatus, 259);
    assert.notEqual(info.pebBaseAddress, 0n);
  });

  test('class 4 tells the times, the exit time once it has ended', () => {
    const machine = testMachine();
    const running = decodeProcessTimes(query(machine, 'notepad', 4, 32).bytes);
    assert.equal(running.exitTime, 0n);
    assert.ok(running.createTime > 130_000_000_000_000_000n);
    const handle = openAll(machine, 'notepad');
    machine.exit('notepad');
    const bytes = new Uint8Array(32);
    assert.equal(machine.win32.NtQueryInformationProcess(handle, 4, bytes), 0);
    const ended = decodeProcessTimes(bytes);
    assert.equal(ended.createTime, running.createTime);
    assert.ok(ended.exitTime > ended.createTime);
  });

  test('class 61 is one byte of protection', () => {
    const machine = testMachine();
    assert.deepEqual([...query(machine, 'defender', 61, 1).bytes], [0x31]);
    assert.deepEqual([...query(machine, 'lsass', 61, 1).bytes], [0x41]);
    assert.deepEqual([...query(machine, 'ppl-trustlet', 61, 1).bytes], [0x61]);
    assert.deepEqual([...query(machine, 'lsaiso', 61, 1).bytes], [0]);
    assert.equal(query(machine, 'lsass', 61, 2).status, 0xc0000004);
  });

  test('class 64 fills its fixed part even when the strings do not fit', () => {
    const machine = testMachine();
    const short = query(machine, 'lsaiso', 64, 96);
    assert.equal(short.status, 0x80000005);
    assert.equal(short.returned, 96 + 28 + 22);
    const id = decodeTelemetryId(short.bytes, 8);
    assert.equal(id.processId, machine.pidOf('lsaiso'));
    assert.equal(id.startKey, (1n << 48n) | id.sequenceNumber);
    assert.equal(query(machine, 'lsaiso', 64, 1024).status, 0);
    assert.equal(query(machine, 'lsaiso', 64, 95).status, 0xc0000023);
  });

  test('class 92 is the sequence number, since 1803', () => {
    const machine = testMachine();
    const { status, bytes } = query(machine, 'lsaiso', 92, 8);
    assert.equal(status, 0);
    const telemetry = decodeTelemetryId(query(machine, 'lsaiso', 64, 1024).bytes, 8);
    assert.equal(new DataView(bytes.buffer).getBigUint64(0, true), telemetry.sequenceNumber);
    assert.equal(query(testMachine({ system: { build: 16299 } }), 'lsaiso', 92, 8).status, 0xc0000003);
  });

  test('before 1703 there is no start key and no mark', () => {
    const machine = boot('downlevel');
    assert.equal(decodeTelemetryId(query(machine, 'lsaiso', 64, 1024).bytes, 8).startKey, 0n);
    assert.equal(decodeExtendedBasicInformation(query(machine, 'lsaiso', 0, 64).bytes, 8).flags, 0);
  });

  test('a class nobody knows is refused before the handle is looked at', () => {
    const machine = testMachine();
    assert.equal(machine.win32.NtQueryInformationProcess(0x1234n, 7777, new Uint8Array(8)), 0xc0000003);
    assert.equal(query(testMachine({ system: { build: 9200, vsm: false } }), 'notepad', 61, 1).status, 0xc0000003);
    assert.equal(query(testMachine({ system: { build: 9200, vsm: false } }), 'notepad', 64, 1024).status, 0xc0000003);
  });

  test('needs the limited query right', () => {
    const machine = testMachine();
    const handle = machine.win32.OpenProcess(0x10, false, machine.pidOf('notepad'));
    for (const [infoClass, length] of [
      [0, 64],
      [4, 32],
      [61, 1],
      [64, 1024],
      [92, 8],
    ] as const) {
      assert.equal(machine.win32.NtQueryInformationProcess(handle, infoClass, new Uint8Array(length)), 0xc0000022);
    }
  });

  test('a 32-bit caller gets 32-bit forms', () => {
    const machine = testMachine();
    machine.spawn({ label: 'small', wow64: true });
    const api = machine.ntApi('small');
    assert.equal(api.wordSize, 4);
    const { handle } = api.openProcess(machine.pidOf('lsaiso'), 0x1000);
    const bytes = new Uint8Array(32);
    assert.equal(api.queryInformationProcess(handle, 0, bytes).status, 0);
    const info = decodeExtendedBasicInformation(bytes, 4);
    assert.equal(info.flags, 0x80);
    assert.equal(info.uniqueProcessId, machine.pidOf('lsaiso'));
    assert.equal(api.queryInformationProcess(handle, 0, new Uint8Array(64)).status, 0xc0000004);
    const list = new Uint8Array(0x10000);
    const { status, returnLength } = api.querySystemInformation(5, list);
    assert.equal(status, 0);
    const index = ProcessList.index(list.subarray(0, returnLength), {
      base: api.addressOf(list),
      wordSize: 4,
      extension: false,
    });
    assert.equal(index.name(1), 'System');
    assert.deepEqual(api.version(), { major: 10, minor: 0, build: 26100 });
    assert.equal(api.currentPid(), machine.pidOf('small'));
    assert.equal(api.win32Error(0xc0000022), 5);
    assert.equal(api.win32Error(0xc0123456), undefined);
    assert.equal(api.close(handle), 0);
    api.dispose();
  });
});

describe('NtQueryInformationThread', () => {
  test('tells whose a thread is and whether it has ended', () => {
    const machine = testMachine();
    const api = machine.ntApi();
    const thread = openThread(machine, 'notepad');
    const basic = new Uint8Array(48);
    assert.equal(api.queryInformationThread(thread, 0, basic).status, 0);
    const view = new DataView(basic.buffer);
    assert.equal(view.getUint32(0, true), 259);
    assert.equal(view.getUint32(16, true), machine.pidOf('notepad'));
    assert.equal(view.getUint32(24, true), machine.tidsOf('notepad')[0]);
    const ended = new Uint8Array(4);
    assert.equal(api.queryInformationThread(thread, 20, ended).status, 0);
    assert.deepEqual([...ended], [0, 0, 0, 0]);
    assert.equal(api.queryInformationThread(thread, 20, new Uint8Array(8)).status, 0xc0000004);
    assert.equal(api.queryInformationThread(thread, 0, new Uint8Array(47)).status, 0xc0000004);
    assert.equal(api.queryInformationThread(thread, 99, new Uint8Array(4)).status, 0xc0000003);
    assert.equal(api.queryInformationThread(0x1234n, 20, new Uint8Array(4)).status, 0xc0000008);
    const suspendOnly = machine.win32.OpenThread(0x2, false, machine.tidsOf('notepad')[0] ?? 0);
    assert.equal(api.queryInformationThread(suspendOnly, 0, new Uint8Array(48)).status, 0xc0000022);
    machine.fail('NtQueryInformationThread', { status: 'STATUS_UNSUCCESSFUL', infoClass: 20, label: 'notepad' });
    assert.equal(api.queryInformationThread(thread, 0, new Uint8Array(48)).status, 0);
    assert.equal(api.queryInformationThread(thread, 20, new Uint8Array(4)).status, 0xc0000001);
  });
});

describe('NtQuerySystemInformation', () => {
  test('class 5 lists what is there, ended processes no more, and says how long it is', () => {
    const machine = testMachine();
    const needed: [number] = [0];
    assert.equal(machine.win32.NtQuerySystemInformation(5, new Uint8Array(100), needed), 0xc0000004);
    openAll(machine, 'notepad');
    machine.exit('notepad');
    const bytes = new Uint8Array(needed[0]);
    assert.equal(machine.win32.NtQuerySystemInformation(5, bytes, needed), 0);
    const list = ProcessList.index(bytes.subarray(0, needed[0]), {
      base: machine.win32.addressOf(bytes),
      wordSize: 8,
      extension: true,
    });
    const pids = Array.from({ length: list.length }, (_, index) => list.pid(index));
    assert.equal(pids.includes(machine.pidOf('notepad')), false);
    assert.equal(pids.includes(machine.pidOf('leaving')), true);
    assert.equal(pids[0], 0);
    assert.equal(list.name(0), null);
    const lsaiso = pids.indexOf(machine.pidOf('lsaiso'));
    assert.equal(list.name(lsaiso), 'LsaIso.exe');
    assert.deepEqual(list.tids(lsaiso), machine.tidsOf('lsaiso'));
    assert.equal(list.classification(pids.indexOf(machine.pidOf('system'))), 1);
  });

  test('class 165 says whether the secure kernel and a trustlet run', () => {
    const flags = (machine: Machine): ReturnType<typeof decodeIsolatedUserMode> => {
      const bytes = new Uint8Array(16);
      assert.equal(ask(machine, 165, bytes), 0);
      return decodeIsolatedUserMode(bytes);
    };
    const machine = testMachine({ system: { hvci: true, hvciStrict: true } });
    assert.equal(flags(machine).SecureKernelRunning, true);
    assert.equal(flags(machine).TrustletRunning, true);
    assert.equal(flags(machine).HvciEnabled, true);
    assert.equal(flags(machine).HvciStrictMode, true);
    for (const label of ['lsaiso', 'fsiso', 'bioiso', 'vmsp', 'ppl-trustlet']) machine.exit(label);
    assert.equal(flags(machine).TrustletRunning, false);
    assert.equal(flags(testMachine({ system: { vsm: false } })).SecureKernelRunning, false);
    assert.equal(ask(machine, 165, new Uint8Array(8)), 0xc0000004);
  });

  test('class 103 wants its Length and tells code integrity', () => {
    const machine = testMachine({ system: { hvci: true, hvciStrict: true, testSigning: true } });
    const bytes = newCodeIntegrity();
    assert.equal(ask(machine, 103, bytes), 0);
    assert.equal(decodeCodeIntegrity(bytes).options, 0x1 | 0x2 | 0x400 | 0x1000 | 0x2000);
    assert.equal(ask(machine, 103, new Uint8Array(8)), 0xc0000004);
    const plain = newCodeIntegrity();
    assert.equal(ask(testMachine(), 103, plain), 0);
    assert.equal(decodeCodeIntegrity(plain).options, 0x1);
  });

  test('classes 91, 145 and 164 tell hypervisor, Secure Boot and policy', () => {
    const machine = testMachine({ system: { hvci: true, hvciStrict: true, secureBoot: false } });
    const hypervisor = new Uint8Array(16);
    assert.equal(ask(machine, 91, hypervisor), 0);
    assert.equal(decodeHypervisor(hypervisor).Present, true);
    const secureBoot = new Uint8Array(2);
    assert.equal(ask(machine, 145, secureBoot), 0);
    assert.deepEqual([...secureBoot], [0, 1]);
    const policy = new Uint8Array(32);
    assert.equal(ask(machine, 164, policy), 0);
    assert.equal(decodeCodeIntegrityPolicy(policy).hvciOptions, 3);
    const off = new Uint8Array(32);
    assert.equal(ask(testMachine(), 164, off), 0);
    assert.equal(decodeCodeIntegrityPolicy(off).hvciOptions, 0);
  });

  test('class 169 has two, three or four bytes by build', () => {
    for (const [build, length] of [
      [14393, 2],
      [16299, 2],
      [17134, 3],
      [18363, 3],
      [19041, 4],
      [26100, 4],
    ] as const) {
      const machine = testMachine({ system: { build } });
      for (const tried of [2, 3, 4]) {
        assert.equal(ask(machine, 169, new Uint8Array(tried)), tried === length ? 0 : 0xc0000004, `${build} ${tried}`);
      }
    }
    const bytes = new Uint8Array(4);
    assert.equal(ask(testMachine(), 169, bytes), 0);
    assert.equal(decodeVsmProtection(bytes).HardwareMbecAvailable, true);
    assert.equal(ask(testMachine({ system: { build: 10240, vsm: false } }), 169, new Uint8Array(2)), 0xc0000003);
  });

  test('a class the build lacks, or the scenario took away, is unknown', () => {
    assert.equal(ask(testMachine(), 4242, new Uint8Array(8)), 0xc0000003);
    assert.equal(ask(testMachine({ system: { missingClasses: [165] } }), 165, new Uint8Array(16)), 0xc0000003);
    assert.equal(ask(testMachine({ system: { build: 9600, vsm: false } }), 165, new Uint8Array(16)), 0xc0000003);
  });

  test('can be made to fail', () => {
    const machine = testMachine();
    machine.fail('NtQuerySystemInformation', { status: 0xc0000001, infoClass: 165 });
    assert.equal(ask(machine, 165, new Uint8Array(16)), 0xc0000001);
    assert.equal(ask(machine, 145, new Uint8Array(2)), 0);
  });
});
