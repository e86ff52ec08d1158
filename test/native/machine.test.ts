import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import {
  AGENT,
  binding,
  boot,
  hello,
  LSAISO,
  NOTEPAD,
  open,
  processTable,
  Status,
  shutdown,
  tidOf,
  verdictOf,
} from './host.js';

const { host } = binding;
const LIMITED = 0x1000;

beforeEach(boot);
afterEach(shutdown);

const cell = new BigUint64Array(1);
const openProcess = (pid: number, access = LIMITED): bigint => {
  assert.equal(binding.openProcess(pid, access, cell), 0);
  return cell[0] ?? 0n;
};

describe('the agent', () => {
  test('is who calls', () => {
    assert.equal(binding.kind, 'host');
    assert.equal(binding.currentProcessId(), AGENT);
  });

  test('opens processes and threads, and closes each once', () => {
    const process = openProcess(NOTEPAD);
    assert.equal(binding.openThread(tidOf(NOTEPAD, 1), 0x800, cell), 0);
    const thread = cell[0] ?? 0n;
    assert.notEqual(process, thread);
    assert.equal(host.openHandles(), 2);
    assert.equal(binding.closeHandle(process), 0);
    assert.equal(binding.closeHandle(process), Status.INVALID_HANDLE);
    assert.equal(binding.closeHandle(thread), 0);
    assert.equal(host.openHandles(), 0);
  });

  test('is told why not, and gets 0n', () => {
    for (const [status, call] of [
      [Status.INVALID_CID, () => binding.openProcess(77_776, LIMITED, cell)],
      [Status.INVALID_CID, () => binding.openThread(77_776, 0x800, cell)],
      [Status.ACCESS_DENIED, () => binding.openProcess(NOTEPAD, 0, cell)],
      [Status.INVALID_HANDLE, () => binding.duplicateHandle(0x1234n, LIMITED, cell)],
      [Status.INVALID_HANDLE, () => binding.duplicateHandle(0xffff_ffff_ffff_fff0n, LIMITED, cell)],
    ] as const) {
      cell[0] = 7n;
      assert.equal(call(), status);
      assert.equal(cell[0], 0n);
    }
  });

  test('duplicates with the rights it asks for', () => {
    const wide = openProcess(NOTEPAD, LIMITED | 0x10);
    assert.equal(binding.duplicateHandle(wide, LIMITED, cell), 0);
    const narrow = cell[0] ?? 0n;
    assert.notEqual(narrow, wide);
    const self = (): number => binding.duplicateHandle(-1n, LIMITED, cell);
    assert.equal(self(), 0);
    assert.equal(binding.duplicateHandle(0xffff_ffff_ffff_ffffn, LIMITED, cell), 0);
    assert.equal(host.openHandles(), 4);
    for (const handle of [wide, narrow, narrow + 4n, narrow + 8n]) assert.equal(binding.closeHandle(handle), 0);
  });

  test('asks the system, and hears the length it needs', () => {
    const returned = new Uint32Array(1);
    const info = new Uint8Array(16);
    assert.equal(binding.querySystemInformation(165, info, returned), 0);
    assert.equal(returned[0], 16);
    assert.equal(binding.querySystemInformation(5, new Uint8Array(8), returned), 0xc0000004);
    assert.ok((returned[0] ?? 0) > 256);
    assert.equal(binding.win32Error(Status.ACCESS_DENIED), 5);
    assert.equal(binding.win32Error(0xc0de0001), 317);
  });
});

describe('a test changes the machine', () => {
  test('a process ends, and another one gets its pid', () => {
    const device = open();
    assert.equal(verdictOf(device, NOTEPAD), 'ordinary');
    host.exit(NOTEPAD);
    assert.equal(verdictOf(device, NOTEPAD), 'unknown');
    host.reuse(NOTEPAD, processTable({ label: 'new', image: 'x.exe', parent: 'system', trustlet: { id: 1 } }));
    assert.equal(verdictOf(device, NOTEPAD), 'secure');
    device.close();
  });

  test('a pid is not free while a handle holds its process', () => {
    const held = openProcess(NOTEPAD);
    const table = processTable({ label: 'new', image: 'x.exe', parent: 'system' });
    assert.throws(() => host.reuse(NOTEPAD, table), /the pid is not free/);
    binding.closeHandle(held);
    host.reuse(NOTEPAD, table);
  });

  test('the agent itself neither ends nor changes', () => {
    const table = processTable({ label: 'new', image: 'x.exe', parent: 'system' });
    assert.throws(() => host.exit(AGENT), /no such process runs, or it is the agent/);
    assert.throws(() => host.reuse(AGENT, table), /the pid is not free/);
    assert.throws(() => host.exit(77_776), /no such process/);
  });

  test("the agent's calls fail when they are told to: the n-th, of one process, or all", () => {
    host.fail('NtOpenProcess', -1, NOTEPAD, 2, Status.ACCESS_DENIED);
    const first = openProcess(NOTEPAD);
    const other = openProcess(AGENT);
    assert.equal(binding.openProcess(NOTEPAD, LIMITED, cell), Status.ACCESS_DENIED);
    const third = openProcess(NOTEPAD);
    host.fail('NtOpenThread', -1, 0, 0, 0xc000009a);
    assert.equal(binding.openThread(tidOf(NOTEPAD), 0x800, cell), 0xc000009a);
    assert.equal(binding.openThread(tidOf(AGENT), 0x800, cell), 0xc000009a);
    host.fail('NtDuplicateObject', -1, 0, 1, 0xc000009a);
    assert.equal(binding.duplicateHandle(first, LIMITED, cell), 0xc000009a);
    host.fail('NtClose', -1, 0, 1, 0xc0000001);
    assert.equal(binding.closeHandle(first), 0xc0000001);
    assert.equal(binding.closeHandle(first), 0);
    assert.equal(binding.closeHandle(other), 0);
    assert.equal(binding.closeHandle(third), 0);
    host.exit(NOTEPAD);
  });

  test("the driver's queries fail when they are told to", () => {
    const device = open();
    host.fail('NtQueryInformationProcess', 0, NOTEPAD, 0, Status.ACCESS_DENIED);
    assert.equal(verdictOf(device, NOTEPAD), 'unknown');
    assert.equal(verdictOf(device, LSAISO), 'secure');
    device.close();
  });

  test('a device does not close through a fault meant for NtClose', () => {
    const device = open();
    host.fail('NtClose', -1, 0, 0, Status.ACCESS_DENIED);
    device.close();
    assert.equal(host.openDevices(), 0);
  });

  test('what the simulated kernel does not have is refused', () => {
    assert.throws(() => host.fail('NtTerminateProcess', -1, 0, 0, 0), /has no such call/);
    assert.throws(() => host.boot(new Uint8Array(104)), /the table is refused/);
    assert.throws(() => host.exit(NOTEPAD), /no machine runs/);
    assert.equal(binding.openDevice('\\\\.\\Trustlet'), 2);
    assert.equal(host.openHandles(), 0);
    assert.equal(binding.currentProcessId(), 0);
    assert.equal(binding.openProcess(NOTEPAD, LIMITED, cell), Status.DEVICE_NOT_CONNECTED);
  });
});

describe('shutdown', () => {
  test('tells what the agent left open', () => {
    open();
    openProcess(NOTEPAD);
    assert.equal(host.shutdown(), '# the agent has 1 handles and 1 devices open\n');
    assert.equal(host.shutdown(), '');
  });

  test('and boot begin again as often as one likes', () => {
    for (let round = 0; round < 50; round += 1) {
      const device = open();
      assert.equal(hello(device), 72);
      device.close();
      assert.equal(host.shutdown(), '');
      boot();
    }
  });
});
