/**
 * The test build's driver answers from a scenario's table for real processes: node.exe → addon → DeviceIoControl → trustlet-sim.sys,
 * with the protocol's own codec and no backend in between. What is expected is written out; the scenario is the contract's.
 */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import type { ProcessRecord } from '../../lib/backend.js';
import type { Scenario } from '../../lib/emulator/scenario.js';
import { type Device, openDevice } from '../../lib/native/device.js';
import { loadBinding } from '../../lib/native/load-binding.js';
import { Codec, type GuardReply } from '../../lib/protocol/index.js';
import { contractScenario } from '../../lib/testing/contract/machine.js';
import type { GuardOperation } from '../../lib/types.js';
import { SIM_DEVICE, StandIns, WineMachine } from '../support/wine-machine.js';

const STATUS_SUCCESS = 0;
const STATUS_UNSUCCESSFUL = 0xc0000001;
const STATUS_DEVICE_NOT_CONNECTED = 0xc000009d;
const VM_READ = 0x10;

const binding = loadBinding();
const codec = new Codec();
const standIns = new StandIns();

let machine: WineMachine;
let device: Device;

const bootMachine = (scenario: Scenario): void => {
  machine = new WineMachine(scenario, standIns);
  const opened = openDevice(binding, SIM_DEVICE);
  assert.ok(typeof opened !== 'number', `the device does not open: error ${String(opened)}`);
  device = opened;
};

const shutDown = (): void => {
  device.close();
  machine.close();
};

const ask = (message: 'HELLO' | 'QUERY' | 'CENSUS' | 'GUARD', request: Uint8Array, room = 0x10000): Uint8Array => {
  const output = new Uint8Array(room);
  const length = device.ioctl(codec.code(message), request, output);
  assert.ok(length >= 0, `${message}: ${(-length).toString(16)}`);
  return output.subarray(0, length);
};

const query = (label: string) => {
  const pids = [machine.pidOf(label)];
  const records = codec.decodeQuery(ask('QUERY', codec.encodeQuery(pids)), pids);
  return { record: records.record(0), judgement: records.judgement(0) };
};

const census = (): ProcessRecord[] => {
  const part = codec.decodeCensus(ask('CENSUS', codec.encodeCensus(null)), null);
  assert.equal(part.next, null);
  return Array.from({ length: part.records.length }, (_, index) => part.records.record(index));
};

const opened = (pid: number, access: number): { status: number; handle: bigint } => {
  const handle = new BigUint64Array(1);
  return { status: binding.openProcess(pid, access, handle), handle: handle[0] ?? 0n };
};

const guard = (label: string, operation: GuardOperation): GuardReply => {
  const { status, handle } = opened(machine.pidOf(label), VM_READ);
  assert.equal(status, STATUS_SUCCESS);
  const nobody = { expectedAccess: 0, expectedPid: null, expectedCreateTime: null, expectedStartKey: null };
  const request = codec.encodeGuard({ handle, kind: 'process', operations: [operation], accepted: [], ...nobody });
  const reply = codec.decodeGuard(ask('GUARD', request));
  binding.closeHandle(handle);
  return reply;
};

after(() => standIns.close());

describe('a scenario in Wine: trustlet-sim.sys answers from its table for real processes', () => {
  beforeEach(() => bootMachine(contractScenario));
  afterEach(shutDown);

  test('a trustlet is secure, an ordinary process ordinary, one that is being deleted unknown', () => {
    assert.deepEqual(query('trustlet').judgement, {
      verdict: 'secure',
      reason: 'secure-bit-set',
      evidence: 'documented',
      status: 0,
    });
    assert.equal(query('ordinary').judgement.verdict, 'ordinary');
    assert.equal(query('agent').judgement.verdict, 'ordinary', 'node.exe itself has a label');
    assert.equal(query('exiting').judgement.reason, 'exiting');
    assert.equal(query('false-lsaiso').judgement.verdict, 'ordinary');
  });

  test('protection, Flags, parent and identity are the table’s', () => {
    const { record } = query('ppl');
    assert.equal(record.protection, 0x41);
    assert.equal((record.flags ?? 0) & 0x1, 0x1);
    assert.equal(query('ordinary').record.parentPid, process.pid);
    assert.ok((record.createTime ?? 0n) >= 133_801_632_000_000_000n);
    assert.ok((record.startKey ?? 0n) > 0n);
    assert.notEqual(query('ordinary').record.startKey, record.startKey);
  });

  test('the census is the machine’s: each label once, with its name, and no process of Wine’s own', () => {
    const listed = census();
    assert.equal(listed.length, 15);
    assert.equal(new Set(listed.map(({ pid }) => pid)).size, 15);
    const of = (label: string) => listed.find(({ pid }) => pid === machine.pidOf(label));
    assert.equal(of('trustlet')?.name, 'LsaIso.exe');
    assert.equal(of('secure-system')?.name, 'Secure System');
    assert.equal(of('secure-system')?.classification, 2);
    assert.equal(of('idle')?.pid, 0);
    assert.equal(of('agent')?.sessionId, 1);
  });

  test('HELLO says the machine’s Windows and that start keys are there', () => {
    const hello = codec.decodeHello(ask('HELLO', codec.encodeHello()));
    assert.deepEqual(hello.windows, { major: 10, minor: 0, build: 26100 });
    assert.equal(hello.capabilities['start-key'], true);
  });

  test('a handle to a scripted trustlet is refused, one to an ordinary process allowed', () => {
    const refused = guard('trustlet', 'read');
    assert.equal(refused.decision.decision, 'refuse');
    assert.equal(refused.decision.reason, 'secure');
    assert.equal(guard('ordinary', 'read').decision.decision, 'allow');
  });

  test('a new table reaches the running driver', () => {
    assert.equal(query('ordinary').judgement.verdict, 'ordinary');
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_UNSUCCESSFUL', infoClass: 0 }, 'ordinary');
    assert.equal(query('ordinary').judgement.status, STATUS_UNSUCCESSFUL);
    assert.equal(query('wow64').judgement.verdict, 'ordinary');
    machine.fail('SecureCall', { status: 'STATUS_DEVICE_NOT_CONNECTED' }, undefined);
    assert.equal(query('trustlet').judgement.status, STATUS_DEVICE_NOT_CONNECTED);
  });

  test('a call fails the nth time only', () => {
    machine.fail('NtQueryInformationProcess', { status: 'STATUS_UNSUCCESSFUL', infoClass: 0, nth: 2 }, 'ordinary');
    assert.deepEqual(
      [1, 2, 3].map(() => query('ordinary').judgement.verdict),
      ['ordinary', 'unknown', 'ordinary'],
    );
  });

  test('a process that ended is gone, and no longer listed', () => {
    const pid = machine.pidOf('ordinary');
    machine.exit('ordinary');
    assert.equal(query('ordinary').judgement.reason, 'gone');
    assert.equal(
      census().some((record) => record.pid === pid),
      false,
    );
  });

  test('a process that ended and is still held has the Deleting bit, and is unknown', () => {
    const { handle } = opened(machine.pidOf('ordinary'), VM_READ);
    machine.exit('ordinary', true);
    assert.equal((query('ordinary').record.flags ?? 0) & 0x4, 0x4);
    assert.equal(query('ordinary').judgement.verdict, 'unknown');
    binding.closeHandle(handle);
  });
});

describe('another Windows in Wine', () => {
  afterEach(shutDown);

  test('before build 15063 with VSM running, a clear bit is unknown, by class 165 of the machine', () => {
    bootMachine({ ...contractScenario, system: { build: 14393, vsm: true, secureBit: 'absent' } });
    assert.equal(query('ordinary').judgement.reason, 'downlevel-bit');
    assert.equal(query('ordinary').record.startKey, null);
    const hello = codec.decodeHello(ask('HELLO', codec.encodeHello()));
    assert.equal(hello.windows.build, 14393);
    assert.equal(hello.capabilities['start-key'], false);
  });
});
