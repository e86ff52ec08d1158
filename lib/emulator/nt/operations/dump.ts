/** MiniDumpWriteDump: a minidump of the pages VTL0 can read. */
import { ProcessAccess } from '../../../guard/operations.js';
import { isLive, TERMINATING } from '../life-cycle.js';
import { copyMemory, PAGE_SIZE, protectionAllows, regionAt } from '../memory.js';
import type { ProcessObject } from '../objects.js';
import { type Acted, effect, type OperationCall, operateOnHandle, refuse, vtl0Only } from '../operate.js';
import { ensureAddressSpace, ownVtl } from '../process-memory.js';
import { type Caller, type NtSystem, statusOutcome } from '../system.js';

const DUMP: OperationCall = { operation: 'dump', api: 'MiniDumpWriteDump', call: 'NtReadVirtualMemory' };

/** MINIDUMP_HEADER, one MINIDUMP_DIRECTORY, MINIDUMP_MEMORY64_LIST (minidumpapiset.h). */
const HEADER_SIZE = 32;
const DIRECTORY_SIZE = 12;
const LIST_HEADER_SIZE = 16;
const DESCRIPTOR_SIZE = 16;
const MEMORY64_LIST_STREAM = 9;
const SIGNATURE = 0x504d_444d;
const VERSION = 0xa793;

interface DumpedPage {
  readonly address: number;
  readonly bytes: Uint8Array;
}

const readablePages = (system: NtSystem, process: ProcessObject): readonly DumpedPage[] => {
  const { memory } = system;
  const space = ensureAddressSpace(memory, process);
  // For a debugger it has let in the secure kernel reads.
  const vtl = process.debugger === null ? 0 : ownVtl(process);
  return [...space.pages.keys()]
    .map((page) => page * PAGE_SIZE)
    .filter((address) => {
      const region = regionAt(space, address);
      const readable = region?.committed === true && protectionAllows(region.protection, 'read');
      const reachable =
        process.debugger !== null || system.isolation.access(process, address, PAGE_SIZE, 'read') === PAGE_SIZE;
      return readable && reachable;
    })
    .sort((a, b) => a - b)
    .map((address) => {
      const bytes = new Uint8Array(PAGE_SIZE);
      copyMemory(memory, vtl, space, address, bytes, 'read');
      return { address, bytes };
    });
};

const encodeDump = (pages: readonly DumpedPage[]): Uint8Array => {
  const listAt = HEADER_SIZE + DIRECTORY_SIZE;
  const listSize = LIST_HEADER_SIZE + pages.length * DESCRIPTOR_SIZE;
  const dataAt = listAt + listSize;
  const dump = new Uint8Array(dataAt + pages.length * PAGE_SIZE);
  const view = new DataView(dump.buffer);
  view.setUint32(0, SIGNATURE, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, HEADER_SIZE, true);
  view.setUint32(HEADER_SIZE, MEMORY64_LIST_STREAM, true);
  view.setUint32(HEADER_SIZE + 4, listSize, true);
  view.setUint32(HEADER_SIZE + 8, listAt, true);
  view.setBigUint64(listAt, BigInt(pages.length), true);
  view.setBigUint64(listAt + 8, BigInt(dataAt), true);
  pages.forEach(({ address, bytes }, index) => {
    const at = listAt + LIST_HEADER_SIZE + index * DESCRIPTOR_SIZE;
    view.setBigUint64(at, BigInt(address), true);
    view.setBigUint64(at + 8, BigInt(PAGE_SIZE), true);
    dump.set(bytes, dataAt + index * PAGE_SIZE);
  });
  return dump;
};

/** Process rights QUERY_INFORMATION and VM_READ (facts/nt.md 6.2). @returns the dump, null on failure */
export const writeMiniDump = (
  system: NtSystem,
  caller: Caller,
  handle: bigint,
): { readonly status: number; readonly dump: Uint8Array | null } => {
  let dump: Uint8Array | null = null;
  const access = ProcessAccess.QUERY_INFORMATION | ProcessAccess.VM_READ;
  const act = (target: ProcessObject): Acted => {
    if (!isLive(target)) return refuse(TERMINATING);
    const refusal = target.secure ? statusOutcome(system.onTrustlet('N05')) : null;
    if (refusal !== null) return refuse(refusal);
    dump = encodeDump(readablePages(system, target));
    return target.secure ? vtl0Only() : effect();
  };
  return { status: operateOnHandle(system, caller, DUMP, handle, 'process', access, act), dump };
};
