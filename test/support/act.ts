/** What an agent's injector does with a verified handle: the emulated operation itself, through the Win32 surface. */
import type { Machine } from '../../lib/emulator/index.js';
import type { GuardOperation, Held } from '../../lib/types.js';

const ROUTINE = 0x7000n;
const SOMEWHERE = 0x10000n;
const PAGE = 4096;
const MEM_COMMIT_RESERVE = 0x3000;
const PAGE_READWRITE = 4;
const WH_KEYBOARD = 2;
const INSTRUMENTATION_CALLBACK = 40;

/** Performs `operation` on what is held. Whether it works is the machine's business. */
export const act = (machine: Machine, operation: GuardOperation, held: Held): void => {
  const { win32 } = machine;
  const { handle } = held;
  switch (operation) {
    case 'queue-apc':
      win32.QueueUserAPC(ROUTINE, handle, 0n);
      break;
    case 'create-thread':
    case 'load-library': {
      const thread = win32.CreateRemoteThread(handle, null, 0, ROUTINE, 0n, 0);
      if (thread !== 0n) win32.CloseHandle(thread);
      break;
    }
    case 'allocate':
      win32.VirtualAllocEx(handle, 0n, PAGE, MEM_COMMIT_RESERVE, PAGE_READWRITE);
      break;
    case 'read':
      win32.ReadProcessMemory(handle, SOMEWHERE, new Uint8Array(16), 16);
      break;
    case 'write':
      win32.WriteProcessMemory(handle, SOMEWHERE, Uint8Array.of(0x90), 1);
      break;
    case 'map-section': {
      const section = win32.CreateFileMapping(PAGE);
      win32.MapViewOfFile2(section, handle, 0n, 0n, PAGE, PAGE_READWRITE);
      win32.CloseHandle(section);
      break;
    }
    case 'set-context':
      win32.SetThreadContext(handle, { rip: ROUTINE });
      break;
    case 'debug':
      if (win32.DebugActiveProcess(held.pid)) win32.DebugActiveProcessStop(held.pid);
      break;
    case 'dump':
      win32.MiniDumpWriteDump(handle, held.pid);
      break;
    case 'set-windows-hook':
      win32.SetWindowsHookEx(WH_KEYBOARD, ROUTINE, win32.GetModuleHandle('kernel32.dll'), held.tid ?? 0);
      break;
    case 'set-information':
      win32.SetProcessInformation(handle, INSTRUMENTATION_CALLBACK, new Uint8Array(16));
      break;
    case 'suspend':
      win32.SuspendThread(handle);
      win32.ResumeThread(handle);
      break;
    case 'terminate':
      win32.TerminateProcess(handle, 1);
      break;
    case 'duplicate-handle':
      win32.DuplicateHandle(handle, 0x1234n, win32.GetCurrentProcess(), [0n], 0, false, 2);
      break;
  }
};
