/** A trustlet in a dump: by its image's CrashDump policy none of its pages, or all of them encrypted (facts/vsm.md 3.10). */
import { Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { copyMemory, PageProtection, regionAt } from '../nt/memory.js';
import { ensureAddressSpace } from '../nt/process-memory.js';
import type { NtSystem } from '../nt/system.js';
import { answer, type ServiceAnswer, secureProcessOf } from './creation.js';
import { nextGeneration, seal } from './derived-keys.js';
import { writeVtl0 } from './vtl0-memory.js';

const TAG_BYTES = 16;
/** A page as it goes into a dump: tag, and as many bytes as the page has. */
export const DUMPED_BYTES: number = TAG_BYTES + PAGE_SIZE;

/**
 * LIVEDUMP_CAPTURE_PROCESS: handle, the number of a page in the dump from 0, and the address of `DUMPED_BYTES` bytes.
 * @returns the page's address in the trustlet, and the number its encryption is made with
 */
export const captureForDump = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, index = 0n, buffer = 0n] = args;
  const secure = secureProcessOf(system, handle);
  const process = secure === undefined ? undefined : system.process(secure.pid);
  if (secure === undefined || process === undefined) return answer(Status.INVALID_HANDLE);
  const isPlain = system.outcome('B30') === 'plaintext';
  if (secure.image.policies.crashDump === 'none' && !isPlain) return answer(Status.NO_MORE_ENTRIES);
  const { memory } = system;
  const space = ensureAddressSpace(memory, process);
  const addresses = [...space.pages.keys()]
    .map((page) => page * PAGE_SIZE)
    .filter(
      (address) =>
        regionAt(space, address)?.owner === 1 && regionAt(space, address)?.protection !== PageProtection.NOACCESS,
    )
    .sort((a, b) => a - b);
  const address = addresses[Number(index < BigInt(addresses.length) ? index : BigInt(addresses.length))];
  if (address === undefined) return answer(Status.NO_MORE_ENTRIES);
  const bytes = new Uint8Array(PAGE_SIZE);
  copyMemory(memory, 1, space, address, bytes, 'read');
  const generation = nextGeneration(system);
  const sealed = isPlain
    ? { tag: new Uint8Array(TAG_BYTES), ciphertext: bytes.slice() }
    : seal(system, { use: 'crash dump', generation, words: [secure.handle, BigInt(address)] }, bytes);
  bytes.fill(0);
  const record = new Uint8Array(DUMPED_BYTES);
  record.set(sealed.tag);
  record.set(sealed.ciphertext, TAG_BYTES);
  if (!writeVtl0(system, buffer, record)) return answer(Status.ACCESS_VIOLATION);
  return answer(Status.SUCCESS, BigInt(address), generation);
};
