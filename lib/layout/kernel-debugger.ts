/** SYSTEM_KERNEL_DEBUGGER_INFORMATION, class 35, and its Ex form, class 149: BOOLEANs (facts/nt.md 3.3). */
import { viewOf } from './bytes.js';

/** Class 35, by the structure's names. */
export interface KernelDebugger {
  readonly KernelDebuggerEnabled: boolean;
  readonly KernelDebuggerNotPresent: boolean;
}

/** Class 149, by the structure's names. */
export interface KernelDebuggerEx {
  readonly DebuggerAllowed: boolean;
  readonly DebuggerEnabled: boolean;
  readonly DebuggerPresent: boolean;
}

const SIZE = 2;
const SIZE_EX = 3;

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 2 bytes */
export const decodeKernelDebugger = (bytes: Uint8Array): KernelDebugger => {
  const view = viewOf(bytes, SIZE, 'SYSTEM_KERNEL_DEBUGGER_INFORMATION');
  return { KernelDebuggerEnabled: view.getUint8(0) !== 0, KernelDebuggerNotPresent: view.getUint8(1) !== 0 };
};

/** @returns 2 bytes */
export const encodeKernelDebugger = (info: KernelDebugger): Uint8Array =>
  Uint8Array.of(Number(info.KernelDebuggerEnabled), Number(info.KernelDebuggerNotPresent));

/** @throws TrustletError ERR_TRUSTLET_FORMAT for fewer than 3 bytes */
export const decodeKernelDebuggerEx = (bytes: Uint8Array): KernelDebuggerEx => {
  const view = viewOf(bytes, SIZE_EX, 'SYSTEM_KERNEL_DEBUGGER_INFORMATION_EX');
  return {
    DebuggerAllowed: view.getUint8(0) !== 0,
    DebuggerEnabled: view.getUint8(1) !== 0,
    DebuggerPresent: view.getUint8(2) !== 0,
  };
};

/** @returns 3 bytes */
export const encodeKernelDebuggerEx = (info: KernelDebuggerEx): Uint8Array =>
  Uint8Array.of(Number(info.DebuggerAllowed), Number(info.DebuggerEnabled), Number(info.DebuggerPresent));
