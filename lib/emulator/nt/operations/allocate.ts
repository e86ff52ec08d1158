/** NtAllocateVirtualMemory and NtQueryVirtualMemory. */
import { ProcessAccess } from '../../../guard/operations.js';
import { Status } from '../../../ntstatus.js';
import { isLive, TERMINATING } from '../life-cycle.js';
import { type AddressSpace, addRegion, type Region, regionAt } from '../memory.js';
import type { ProcessObject } from '../objects.js';
import { type Acted, effect, type OperationCall, operateOnHandle, refuse, vtl0Only } from '../operate.js';
import { ensureAddressSpace } from '../process-memory.js';
import { type Caller, type NtSystem, statusOutcome } from '../system.js';
import { leavesUserRange } from './copy-memory.js';

const ALLOCATE: OperationCall = {
  operation: 'allocate',
  api: 'VirtualAllocEx',
  call: 'NtAllocateVirtualMemory',
  injects: true,
};

/** MEM_COMMIT and MEM_RESERVE (winnt.h). */
const AllocationType = { COMMIT: 0x1000, RESERVE: 0x2000 } as const;

/** Longest allocation the emulator takes: a terabyte is no test, it is a mistake. */
const LARGEST = 2 ** 40;

export interface AllocationRequest {
  /** 0 leaves the place to the kernel. */
  readonly address: number;
  readonly size: number;
  readonly type: number;
  readonly protection: number;
}

/** Committing inside a reservation commits all of it: the emulator does not split regions. */
const commitReserved = (space: AddressSpace, { address, protection }: AllocationRequest): Region | null => {
  const region = regionAt(space, address);
  if (region === undefined || region.owner === 1) return null;
  region.committed = true;
  region.protection = protection;
  return region;
};

const allocate = (system: NtSystem, process: ProcessObject, request: AllocationRequest): Region | null => {
  const space = ensureAddressSpace(system.memory, process);
  const { address, size, type, protection } = request;
  if ((type & AllocationType.RESERVE) === 0 && address !== 0) return commitReserved(space, request);
  const committed = (type & AllocationType.COMMIT) !== 0;
  // Whatever is allocated from here belongs to VTL0, in a trustlet too: VTL1 never sees it (facts/nt.md 0.6).
  return addRegion(space, { base: address, size, kind: 'private', owner: 0, protection, committed });
};

/** @returns the NTSTATUS, and the base address where it succeeded (0 otherwise) */
export const ntAllocateVirtualMemory = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
  request: AllocationRequest,
): { readonly status: number; readonly base: number } => {
  const { address, size, type } = request;
  const badType = (type & (AllocationType.COMMIT | AllocationType.RESERVE)) === 0;
  if (badType || size <= 0 || size > LARGEST || leavesUserRange(address, size)) {
    return { status: Status.INVALID_PARAMETER, base: 0 };
  }
  let base = 0;
  const act = (target: ProcessObject): Acted => {
    if (!isLive(target)) return refuse(TERMINATING);
    const refusal = target.secure ? statusOutcome(system.onTrustlet('B41')) : null;
    if (refusal !== null) return refuse(refusal);
    const region = allocate(system, target, request);
    if (region === null) return refuse(Status.CONFLICTING_ADDRESSES);
    base = address === 0 ? region.base : address - (address % 4096);
    return target.secure ? vtl0Only() : effect();
  };
  const status = operateOnHandle(system, caller, ALLOCATE, handle, 'process', ProcessAccess.VM_OPERATION, act);
  return { status, base };
};
