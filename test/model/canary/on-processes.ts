/** What VTL0 tries on trustlets as processes: every guarded operation, reads by agent and driver, dumps. */
import { OPERATIONS } from '../../../lib/guard/operations.js';
import type { GuardOperation, Held } from '../../../lib/types.js';
import { act } from '../../support/act.js';
import type { Step } from './steps.js';
import { NOTHING, type World } from './world.js';

const ALL = 0x1fffff;

export const operate = (world: World, trustlet: number, operation: GuardOperation): Uint8Array => {
  const { win32 } = world.machine;
  const pid = world.pid(trustlet);
  const tid = world.machine.tidsOf(world.label(trustlet))[0] ?? 0;
  const onThread = OPERATIONS.find((entry) => entry.operation === operation)?.acts === 'thread';
  const handle = onThread ? win32.OpenThread(ALL, false, tid) : win32.OpenProcess(ALL, false, pid);
  if (handle === 0n || operation === 'terminate') return NOTHING;
  act(world.machine, operation, { handle, pid, tid: onThread ? tid : null } as Held);
  win32.CloseHandle(handle);
  return NOTHING;
};

export const readProcess = (
  world: World,
  { trustlet, offset, driver }: Extract<Step, { do: 'read-process' }>,
): Uint8Array => {
  const { machine } = world;
  const { win32, kernel } = machine;
  const address = machine.process(world.label(trustlet)).dataAddress + BigInt(offset % 64);
  const buffer = new Uint8Array(64);
  if (driver) {
    kernel.MmCopyVirtualMemory(world.pid(trustlet), address, buffer, 'read');
    const touched = new Uint8Array(64);
    kernel.KeStackAttachAndTouch(world.pid(trustlet), address, touched, 'read');
    world.hear('KeStackAttachProcess', touched);
    return buffer;
  }
  const handle = win32.OpenProcess(ALL, false, world.pid(trustlet));
  world.count(`ReadProcessMemory ${win32.ReadProcessMemory(handle, address, buffer, buffer.length)}`);
  win32.CloseHandle(handle);
  return buffer;
};

export const dump = (world: World, trustlet: number): Uint8Array => {
  const { win32 } = world.machine;
  const handle = win32.OpenProcess(ALL, false, world.pid(trustlet));
  const dump = win32.MiniDumpWriteDump(handle, world.pid(trustlet));
  win32.CloseHandle(handle);
  world.count(`dump ${dump !== null}`);
  return dump ?? NOTHING;
};
