/** The arguments of a trustlet's system call, captured by the secure kernel in pages of VTL1 before anything is done with them. */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import type { SecureProcess } from './secure-kernel-state.js';

const partsOf = (pages: readonly number[], bytes: Uint8Array, act: (page: number, part: Uint8Array) => void): void => {
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const page = pages[at / PAGE_SIZE];
    if (page !== undefined) act(page, bytes.subarray(at, at + PAGE_SIZE));
  }
};

export const captureArguments = (system: NtSystem, { argumentPages }: SecureProcess, bytes: Uint8Array): void => {
  while (argumentPages.length * PAGE_SIZE < bytes.length) argumentPages.push(system.memory.takePage(1));
  partsOf(argumentPages, bytes, (page, part) => {
    system.memory.copy(1, page, 0, part, 'write');
  });
};

/** A copy of the first bytes captured, for the caller to wipe. */
export const copyCaptured = (system: NtSystem, { argumentPages }: SecureProcess, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  partsOf(argumentPages, bytes, (page, part) => {
    system.memory.copy(1, page, 0, part, 'read');
  });
  return bytes;
};

/** What was captured is nobody's any more. */
export const wipeCaptured = (system: NtSystem, { argumentPages }: SecureProcess): void => {
  const zeroes = new Uint8Array(PAGE_SIZE);
  for (const page of argumentPages) system.memory.copy(1, page, 0, zeroes, 'write');
};
