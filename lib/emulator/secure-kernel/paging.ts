/**
 * A trustlet's page, kept by NT: encrypted under a key of VTL1's and bound to the trustlet, the address and this one paging out, so
 * that a page that was altered, exchanged for another or kept from before does not come in again.
 */
import { Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { endProcess } from '../nt/life-cycle.js';
import { type AddressSpace, type PagedOutPage, regionAt } from '../nt/memory.js';
import type { ProcessObject } from '../nt/objects.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { nextGeneration, type SealedFor, seal, unseal } from './derived-keys.js';
import { pageAddress } from './exchange.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { readVtl0, writeVtl0 } from './vtl0-memory.js';

/** STATUS_IN_PAGE_ERROR: what a process ends with whose page cannot be brought back. */
const IN_PAGE_ERROR = 0xc000_0006;

const sealedFor = ({ handle }: SecureProcess, page: number, generation: bigint): SealedFor => ({
  use: 'paging',
  generation,
  words: [handle, BigInt(page), generation],
});

/** In VTL1: NT wants a page of a trustlet's back. @param address in the trustlet @returns NTSTATUS */
export const pageOut = (system: NtSystem, secure: SecureProcess, process: ProcessObject, address: number): number => {
  const { memory } = system;
  const space = ensureAddressSpace(memory, process);
  const page = Math.floor(address / PAGE_SIZE);
  const physical = space.pages.get(page);
  if (physical === undefined || regionAt(space, address)?.owner !== 1) return Status.INVALID_PARAMETER;
  const content = new Uint8Array(PAGE_SIZE);
  memory.copy(1, physical, 0, content, 'read');
  const generation = nextGeneration(system);
  const { ciphertext, tag } = seal(system, sealedFor(secure, page, generation), content);
  content.fill(0);
  const ntPage = memory.takePage(0);
  writeVtl0(system, pageAddress(ntPage), ciphertext);
  space.pages.delete(page);
  memory.releasePages([physical], 1);
  space.pagedOut.set(page, { ntPage, generation, tag });
  system.secureKernel.log({ kind: 'trustlet', pid: process.pid, step: 'paged-out', status: Status.SUCCESS });
  return Status.SUCCESS;
};

/** In VTL1: the page comes back. @returns its physical page; null where it is not what went out: then the trustlet has ended */
export const pageIn = (
  system: NtSystem,
  secure: SecureProcess,
  process: ProcessObject,
  space: AddressSpace,
  page: number,
  { ntPage, generation, tag }: PagedOutPage,
): number | null => {
  const ciphertext = readVtl0(system, pageAddress(ntPage), PAGE_SIZE);
  const content = ciphertext === null ? null : unseal(system, sealedFor(secure, page, generation), { ciphertext, tag });
  const log = (step: 'paged-in' | 'page-refused', status: number): void => {
    system.secureKernel.log({ kind: 'trustlet', pid: process.pid, step, status });
  };
  if (content === null) {
    log('page-refused', IN_PAGE_ERROR);
    endProcess(system, process, IN_PAGE_ERROR);
    return null;
  }
  const physical = system.memory.takePage(1);
  system.memory.copy(1, physical, 0, content, 'write');
  content.fill(0);
  space.pagedOut.delete(page);
  space.pages.set(page, physical);
  system.memory.releasePages([ntPage], 0);
  log('paged-in', Status.SUCCESS);
  return physical;
};
