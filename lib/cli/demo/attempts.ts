/** What a privileged agent and a driver in VTL0 try. Each is a real call on the emulated machine, and its effect is looked up there. */
import type { Machine } from '../../emulator/machine.js';
import type { Target } from './scene.js';
import type { Attempt } from './step.js';

const LENGTH = 16;
const MEM_COMMIT_RESERVE = 0x3000;
const PAGE_READWRITE = 0x4;
/** Away from the data the demo reads. */
const WRITE_OFFSET = 0x200n;
const DLL = 'evil.dll';

const MARK: Uint8Array = new TextEncoder().encode('was here, VTL0');

/** Parameters that tell the routines of one attempt from those of another. */
const PARAMETER = { userApc: 0x101n, thread: 0x102n, driverApc: 0x103n } as const;

const hasRun = (machine: Machine, { label, trustlet }: Target, parameter: bigint): string => {
  machine.run();
  if (machine.process(label).executed.some((execution) => execution.parameter === parameter)) return 'it ran';
  return trustlet ? 'never runs in VTL1' : 'it did not run';
};

const isWritten = (machine: Machine, { label, data }: Target): boolean =>
  Buffer.from(machine.readMemory(label, data + WRITE_OFFSET, MARK.length)).equals(MARK);

const lastTouchIsVtl0Only = (machine: Machine): boolean => machine.touches.at(-1)?.outcome === 'vtl0-only';

const copied = (count: number): string => `${count} bytes read`;

/** A user-mode agent: SeDebugPrivilege and every right, where the machine grants them. */
export const agentAttempts: readonly Attempt[] = [
  {
    call: 'ReadProcessMemory',
    needs: 'process',
    act: ({ win32 }, { process, data }) => {
      const count: [number] = [0];
      const succeeded = win32.ReadProcessMemory(process, data, new Uint8Array(LENGTH), LENGTH, count);
      return { succeeded, seen: copied(count[0]) };
    },
  },
  {
    call: 'WriteProcessMemory',
    needs: 'process',
    act: (machine, target) => {
      const at = target.data + WRITE_OFFSET;
      const succeeded = machine.win32.WriteProcessMemory(target.process, at, MARK, MARK.length);
      return { succeeded, seen: isWritten(machine, target) ? `${MARK.length} bytes written` : 'nothing changed' };
    },
  },
  {
    call: 'VirtualAllocEx',
    needs: 'process',
    act: (machine, { process }) => {
      const address = machine.win32.VirtualAllocEx(process, 0n, 0x1000, MEM_COMMIT_RESERVE, PAGE_READWRITE);
      return { succeeded: address !== 0n, seen: lastTouchIsVtl0Only(machine) ? 'in VTL0 only' : 'a page allocated' };
    },
  },
  {
    call: 'QueueUserAPC',
    needs: 'thread',
    act: (machine, target) => {
      const succeeded = machine.win32.QueueUserAPC(target.code, target.thread, PARAMETER.userApc);
      return { succeeded, seen: hasRun(machine, target, PARAMETER.userApc) };
    },
  },
  {
    call: 'CreateRemoteThread',
    needs: 'process',
    act: (machine, target) => {
      const { win32 } = machine;
      const thread = win32.CreateRemoteThread(target.process, null, 0, target.code, PARAMETER.thread, 0);
      if (thread !== 0n) win32.CloseHandle(thread);
      return { succeeded: thread !== 0n, seen: hasRun(machine, target, PARAMETER.thread) };
    },
  },
  {
    call: 'DebugActiveProcess',
    needs: 'process',
    act: ({ win32 }, { pid }) => {
      const succeeded = win32.DebugActiveProcess(pid);
      if (succeeded) win32.DebugActiveProcessStop(pid);
      return { succeeded, seen: 'attached' };
    },
  },
  {
    call: 'MiniDumpWriteDump',
    needs: 'process',
    act: (machine, { process, pid, label, data }) => {
      const dump = machine.win32.MiniDumpWriteDump(process, pid);
      const own = machine.readMemory(label, data, LENGTH);
      const isIn = dump !== null && Buffer.from(dump).includes(Buffer.from(own));
      return { succeeded: dump !== null, seen: isIn ? 'has its memory' : 'without its memory' };
    },
  },
];

/** A driver in VTL0, compromised or not: no access check stands before it. */
export const driverAttempts: readonly Attempt[] = [
  {
    call: 'MmCopyVirtualMemory',
    needs: 'none',
    act: ({ kernel }, { pid, data }) => {
      const { status, copied: count } = kernel.MmCopyVirtualMemory(pid, data, new Uint8Array(LENGTH), 'read');
      return { succeeded: status === 0, seen: copied(count) };
    },
  },
  {
    call: 'KeStackAttachProcess',
    needs: 'none',
    act: ({ kernel }, { pid, data }) => {
      const { status, copied: count } = kernel.KeStackAttachAndTouch(pid, data, new Uint8Array(LENGTH), 'read');
      return { succeeded: status === 0, seen: copied(count) };
    },
  },
  {
    call: 'KeInsertQueueApc',
    needs: 'none',
    act: (machine, target) => {
      const succeeded = machine.kernel.KeInsertQueueApc(target.tid ?? 0, target.code, PARAMETER.driverApc);
      return { succeeded, seen: hasRun(machine, target, PARAMETER.driverApc) };
    },
  },
  {
    call: `map ${DLL}`,
    needs: 'none',
    act: (machine, { pid, label, trustlet }) => {
      const status = machine.kernel.LoadImageIntoProcess(pid, DLL);
      const { vtl0, vtl1 } = machine.process(label).modules;
      const sides = [vtl0.includes(DLL) ? 'in VTL0' : null, vtl1.includes(DLL) ? 'in VTL1' : 'not in VTL1'];
      const seen = trustlet ? sides.filter((side) => side !== null).join(', ') : 'loaded';
      return { succeeded: status === 0, seen };
    },
  },
];
