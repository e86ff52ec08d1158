/** The injector of the tests: it acts on emulated processes, and cannot act on anything else. */
// README emulated-injector
import type { Win32Surface } from 'trustlet/emulator';
import type { Injector } from './injector.js';

const MONITOR = new TextEncoder().encode('monitor.dll\0');

export const emulatedInjector =
  (win32: Win32Surface): Injector =>
  (held) => {
    const page = win32.VirtualAllocEx(held.handle, 0n, 4096, 0x3000, 0x04); // MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE
    if (page === 0n || !win32.WriteProcessMemory(held.handle, page, MONITOR, MONITOR.length))
      throw new Error(`pid ${held.pid} was not reached: error ${win32.GetLastError()}`);
  };
// README end
