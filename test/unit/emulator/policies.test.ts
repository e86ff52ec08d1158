/** Every value of every policy about an operation on a trustlet, by what an agent sees: 0, or the last error. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Machine } from '../../../lib/emulator/index.js';
import { openAll, openThread, testMachine } from './machines.js';

const process = (machine: Machine): bigint => openAll(machine, 'lsaiso');
const thread = (machine: Machine): bigint => openThread(machine, 'lsaiso');
const image = (machine: Machine): bigint => machine.process('lsaiso').imageBase;

const createThread = (machine: Machine): boolean =>
  machine.win32.CreateRemoteThread(process(machine), null, 0, image(machine), 0n, 0) !== 0n;
const attach = (machine: Machine): boolean => machine.win32.DebugActiveProcess(machine.pidOf('lsaiso'));
const allocate = (machine: Machine): boolean =>
  machine.win32.VirtualAllocEx(process(machine), 0n, 4096, 0x3000, 0x04) !== 0n;
const map = (machine: Machine): boolean =>
  machine.win32.MapViewOfFile2(machine.win32.CreateFileMapping(4096), process(machine), 0n, 0n, 0, 0x04) !== 0n;
const setContext = (machine: Machine): boolean => machine.win32.SetThreadContext(thread(machine), { rip: 1n });
const dump = (machine: Machine): boolean =>
  machine.win32.MiniDumpWriteDump(process(machine), machine.pidOf('lsaiso')) !== null;
const hook = (machine: Machine): boolean => {
  const dll = machine.win32.LoadLibraryW('hook.dll');
  return machine.win32.SetWindowsHookEx(3, dll, dll, machine.tidsOf('lsaiso')[0] ?? 0) !== 0n;
};
const instrument = (machine: Machine): boolean =>
  machine.win32.SetProcessInformation(process(machine), 40, new Uint8Array(8).fill(1));
const duplicate = (machine: Machine): boolean => {
  const held = machine.win32As('lsaiso').OpenProcess(0x1000, false, machine.pidOf('lsaiso'));
  const { win32 } = machine;
  return win32.DuplicateHandle(process(machine), held, win32.GetCurrentProcess(), [0n], 0, false, 2);
};
const queueApc = (machine: Machine): boolean => machine.win32.QueueUserAPC(image(machine), thread(machine), 0n);
const suspend = (machine: Machine): boolean => machine.win32.SuspendThread(thread(machine)) !== 0xffff_ffff;
const terminate = (machine: Machine): boolean => machine.win32.TerminateProcess(process(machine), 1);

const cases: readonly (readonly [string, string, (machine: Machine) => boolean, number, number?])[] = [
  ['debug-refusal', 'STATUS_NOT_SUPPORTED', attach, 50],
  ['debug-refusal', 'STATUS_UNSUCCESSFUL', attach, 31],
  ['trustlet-debugging', 'always', attach, 0],
  ['trustlet-debugging', 'never', attach, 5],
  ['create-remote-thread', 'STATUS_INVALID_PARAMETER', createThread, 87, 19045],
  ['create-remote-thread', 'STATUS_ACCESS_DENIED', createThread, 5],
  ['create-remote-thread', 'STATUS_UNSUCCESSFUL', createThread, 31],
  ['create-remote-thread', 'success-without-effect', createThread, 0],
  ['create-remote-thread-downlevel', 'STATUS_NOT_SUPPORTED', createThread, 50, 19045],
  ['create-remote-thread-downlevel', 'STATUS_NOT_SUPPORTED', createThread, 87, 26100],
  ['create-remote-thread-downlevel', 'success-without-effect', createThread, 0, 22631],
  ['virtual-alloc', 'STATUS_ACCESS_DENIED', allocate, 5],
  ['map-view', 'STATUS_ACCESS_DENIED', map, 5],
  ['thread-context', 'STATUS_ACCESS_DENIED', setContext, 5],
  ['dump', 'STATUS_PARTIAL_COPY', dump, 299],
  ['dump', 'STATUS_ACCESS_VIOLATION', dump, 998],
  ['set-windows-hook', 'STATUS_INVALID_PARAMETER', hook, 87],
  ['set-windows-hook', 'STATUS_ACCESS_DENIED', hook, 5],
  ['instrumentation-callback', 'STATUS_ACCESS_DENIED', instrument, 5],
  ['duplicate-handle', 'STATUS_ACCESS_DENIED', duplicate, 5],
  ['queue-user-apc', 'STATUS_ACCESS_DENIED', queueApc, 5],
  ['queue-user-apc', 'STATUS_UNSUCCESSFUL', queueApc, 31],
  ['suspend-and-terminate', 'STATUS_ACCESS_DENIED', suspend, 5],
  ['suspend-and-terminate', 'STATUS_ACCESS_DENIED', terminate, 5],
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', attach, 31],
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', map, 31],
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', queueApc, 31],
  // No isolation matters, so the uniform failure leaves them alone.
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', suspend, 0],
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', terminate, 0],
  ['trustlet-failure', 'STATUS_UNSUCCESSFUL', duplicate, 0],
];

describe('policies', () => {
  for (const [policy, value, attempt, expected, build = 26100] of cases) {
    test(`${policy} = ${value}: ${attempt.name} on build ${build}`, () => {
      const machine = testMachine({ policies: { [policy]: value }, system: { build } });
      assert.equal(attempt(machine) ? 0 : machine.win32.GetLastError(), expected);
    });
  }

  test('trustlet-failure answers a driver too', () => {
    const machine = testMachine({ policies: { 'trustlet-failure': 'STATUS_ACCESS_DENIED' } });
    const pid = machine.pidOf('lsaiso');
    assert.equal(machine.kernel.KeInsertQueueApc(machine.tidsOf('lsaiso')[0] ?? 0, 0x1000n, 0n), false);
    assert.equal(machine.kernel.LoadImageIntoProcess(pid, 'x.dll'), 0xc0000022);
    assert.equal(machine.kernel.MmCopyVirtualMemory(pid, 0x1000n, new Uint8Array(1), 'read').status, 0xc0000022);
  });

  test('no policy touches ordinary processes', () => {
    const machine = testMachine({
      policies: { 'trustlet-failure': 'STATUS_ACCESS_DENIED', 'map-view': 'STATUS_ACCESS_DENIED' },
    });
    const handle = openAll(machine, 'notepad');
    assert.notEqual(machine.win32.VirtualAllocEx(handle, 0n, 4096, 0x3000, 0x04), 0n);
    assert.equal(machine.win32.DebugActiveProcess(machine.pidOf('notepad')), true);
  });
});
