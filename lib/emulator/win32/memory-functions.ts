/** Reading, writing, allocating and mapping another process's memory. */
import { requireId } from '../../arguments.js';
import { ProcessAccess } from '../../guard/operations.js';
import { Status } from '../../ntstatus.js';
import { type Out, requireAddress, requireBuffer, requireHandle, requireSize, requireText } from '../call-arguments.js';
import { referenceHandle } from '../nt/handles.js';
import { isLive, TERMINATING } from '../nt/life-cycle.js';
import { regionAt, USER_ADDRESS_END } from '../nt/memory.js';
import { ntAllocateVirtualMemory } from '../nt/operations/allocate.js';
import { type CopyResult, ntReadVirtualMemory, ntWriteVirtualMemory } from '../nt/operations/copy-memory.js';
import { ntCreateSection, ntMapViewOfSection } from '../nt/operations/map-view.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { SurfaceContext } from './context.js';

/** MEMORY_BASIC_INFORMATION, as far as the emulator models it. */
export interface MemoryBasicInformation {
  readonly BaseAddress: bigint;
  readonly RegionSize: bigint;
  readonly State: 'commit' | 'reserve' | 'free';
  readonly Protect: number;
  readonly Type: 'private' | 'mapped' | 'image' | null;
}

export interface MemoryFunctions {
  /** @param size bytes to read, at most `buffer.byteLength` @param bytesRead set to what was copied, on failure too */
  ReadProcessMemory(
    process: bigint,
    baseAddress: bigint,
    buffer: Uint8Array,
    size: number,
    bytesRead?: Out<number>,
  ): boolean;
  WriteProcessMemory(
    process: bigint,
    baseAddress: bigint,
    buffer: Uint8Array,
    size: number,
    bytesWritten?: Out<number>,
  ): boolean;
  /** @param address 0n leaves the place to the system @returns the base address, 0n on failure */
  VirtualAllocEx(process: bigint, address: bigint, size: number, allocationType: number, protect: number): bigint;
  /** @returns null on failure */
  VirtualQueryEx(process: bigint, address: bigint): MemoryBasicInformation | null;
  /** A pagefile-backed section of `size` bytes. @returns a handle, 0n on failure */
  CreateFileMapping(size: number): bigint;
  /** A section of a DLL's image (SEC_IMAGE): a view of it lists the module. @returns a handle */
  CreateImageMapping(imageName: string): bigint;
  /** @returns where the view begins, 0n on failure */
  MapViewOfFile2(
    section: bigint,
    process: bigint,
    offset: bigint,
    baseAddress: bigint,
    viewSize: number,
    protect: number,
  ): bigint;
}

const part = (buffer: Uint8Array, size: number): Uint8Array => {
  const bytes = requireBuffer('buffer', buffer);
  return bytes.subarray(0, Math.min(bytes.byteLength, requireSize('size', size)));
};

export const memoryFunctions = (context: SurfaceContext): MemoryFunctions => {
  const { system } = context;
  const finish = (result: CopyResult, count: Out<number> | undefined): boolean => {
    if (count !== undefined) count[0] = result.copied;
    return context.succeeded(result.status);
  };
  return {
    ReadProcessMemory(process, baseAddress, buffer, size, bytesRead) {
      const address = requireAddress('baseAddress', baseAddress);
      const handle = requireHandle('process', process);
      return finish(ntReadVirtualMemory(system, context.caller(), handle, address, part(buffer, size)), bytesRead);
    },
    WriteProcessMemory(process, baseAddress, buffer, size, bytesWritten) {
      const address = requireAddress('baseAddress', baseAddress);
      const handle = requireHandle('process', process);
      return finish(ntWriteVirtualMemory(system, context.caller(), handle, address, part(buffer, size)), bytesWritten);
    },
    VirtualAllocEx(process, address, size, allocationType, protect) {
      const { status, base } = ntAllocateVirtualMemory(system, context.caller(), requireHandle('process', process), {
        address: requireAddress('address', address),
        size: requireSize('size', size),
        type: requireId('allocationType', allocationType),
        protection: requireId('protect', protect),
      });
      return context.succeeded(status) ? BigInt(base) : 0n;
    },
    VirtualQueryEx(process, address) {
      const at = requireAddress('address', address);
      system.requireRunning();
      const right = ProcessAccess.QUERY_LIMITED_INFORMATION;
      const reference = referenceHandle(system, context.caller(), requireHandle('process', process), 'process', right);
      if (reference.object === null) {
        context.succeeded(reference.status);
        return null;
      }
      if (!isLive(reference.object) || at >= USER_ADDRESS_END) {
        context.succeeded(at >= USER_ADDRESS_END ? Status.INVALID_PARAMETER : TERMINATING);
        return null;
      }
      const space = ensureAddressSpace(system.memory, reference.object);
      const found = regionAt(space, at);
      // VTL0's view has no VTL1 regions: what the trustlet owns looks free from here (facts/vsm.md 3.9).
      const region = found?.owner === 1 ? undefined : found;
      if (region === undefined) {
        const next = space.regions.find((candidate) => candidate.base > at && candidate.owner === 0);
        const base = at - (at % 4096);
        const size = (next?.base ?? USER_ADDRESS_END) - base;
        return { BaseAddress: BigInt(base), RegionSize: BigInt(size), State: 'free', Protect: 1, Type: null };
      }
      return {
        BaseAddress: BigInt(region.base),
        RegionSize: BigInt(region.size),
        State: region.committed ? 'commit' : 'reserve',
        Protect: region.committed ? region.protection : 0,
        Type: region.kind,
      };
    },
    CreateFileMapping(size) {
      const { status, handle } = ntCreateSection(system, context.caller(), requireSize('size', size), null);
      return context.succeeded(status) ? handle : 0n;
    },
    CreateImageMapping: (imageName) =>
      ntCreateSection(system, context.caller(), 0, requireText('imageName', imageName)).handle,
    MapViewOfFile2(section, process, _offset, baseAddress, _viewSize, protect) {
      const { status, base } = ntMapViewOfSection(
        system,
        context.caller(),
        requireHandle('section', section),
        requireHandle('process', process),
        requireAddress('baseAddress', baseAddress),
        requireId('protect', protect),
      );
      return context.succeeded(status) ? BigInt(base) : 0n;
    },
  };
};
