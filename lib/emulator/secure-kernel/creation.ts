/** Trustlets come and end, in VTL1 (facts/vsm.md 3.6): NT asks for each step, and the secure kernel checks what NT says. */
import { Status } from '../../ntstatus.js';
import { randomBytes } from '../lsa/secret-page.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { endProcess } from '../nt/life-cycle.js';
import type { NtSystem } from '../nt/system.js';
import { parseStatus } from '../status-names.js';
import { ATTRIBUTES_BYTES, parseAttributes, toHex } from './creation-attributes.js';
import { forget } from './kept-data.js';
import type { SecureImage, SecureProcess } from './secure-kernel-state.js';
import { factsOf, type ImageFacts, type ImageReader } from './trustlet-image.js';
import { readVtl0 } from './vtl0-memory.js';

/** What a service of the secure kernel answers. */
export interface ServiceAnswer {
  /** NTSTATUS. */
  readonly status: number;
  readonly results: readonly bigint[];
}

export const answer = (status: number, ...results: readonly bigint[]): ServiceAnswer => ({
  status: status >>> 0,
  results,
});

const INSTANCE_BYTES = 16;
/** An image's pages, as the secure kernel takes them: 4 MiB. */
const MAX_IMAGE_PAGES = 1024;

const nextHandle = (system: NtSystem): bigint => {
  const { secureKernel } = system.state;
  const handle = secureKernel.nextHandle;
  secureKernel.nextHandle += 4n;
  return handle;
};

export const acceptImage = (system: NtSystem, facts: ImageFacts): SecureImage => {
  const image = { ...facts, handle: nextHandle(system) };
  system.state.secureKernel.images.set(image.handle, image);
  return image;
};

/** The image's pages by a list of page numbers that NT passes, each copied once. */
const collectImage = (system: NtSystem, list: bigint, count: number, size: number): Uint8Array | null => {
  const numbers = readVtl0(system, list, count * 8);
  if (numbers === null) return null;
  const view = new DataView(numbers.buffer);
  const image = new Uint8Array(count * PAGE_SIZE);
  for (let index = 0; index < count; index++) {
    const page = readVtl0(system, view.getBigUint64(index * 8, true) * BigInt(PAGE_SIZE), PAGE_SIZE);
    if (page === null) return null;
    image.set(page, index * PAGE_SIZE);
  }
  return image.subarray(0, size);
};

/** CREATE_SECURE_IMAGE: address of a list of page numbers, how many, and the image's size in bytes. */
export const createSecureImage = (system: NtSystem, read: ImageReader, args: readonly bigint[]): ServiceAnswer => {
  const [list = 0n, count = 0n, size = 0n] = args;
  if (count < 1n || count > BigInt(MAX_IMAGE_PAGES) || size > count * BigInt(PAGE_SIZE)) {
    return answer(Status.INVALID_PARAMETER);
  }
  const bytes = collectImage(system, list, Number(count), Number(size));
  if (bytes === null) return answer(Status.ACCESS_VIOLATION);
  system.secureKernel.hooks.afterRead('image');
  const facts = factsOf(read(bytes));
  if (facts === null) return answer(parseStatus(system.outcome('N14')));
  return answer(Status.SUCCESS, acceptImage(system, facts).handle);
};

/** CREATE_PROCESS: an image's handle, and the pid NT has given. NT names a process that it has made as a secure one. */
export const createSecureProcess = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [imageHandle = 0n, pid = 0n] = args;
  const { images, processes } = system.state.secureKernel;
  const image = images.get(imageHandle);
  if (image === undefined) return answer(Status.INVALID_HANDLE);
  const process = system.process(Number(pid));
  if (process === undefined || !process.secure || processes.has(process.pid)) return answer(Status.INVALID_CID);
  const created: SecureProcess = {
    handle: nextHandle(system),
    pid: process.pid,
    sequenceNumber: process.sequenceNumber,
    image,
    identity: null,
    threads: [],
    isDebugEnabled: false,
    isDebugged: false,
    everDebugged: false,
    challenge: null,
    argumentPages: [],
    exchangePages: [],
    ntPages: [],
    ntHandles: new Set(),
    mailboxKey: null,
    mailbox: new Map(),
  };
  processes.set(created.pid, created);
  images.delete(imageHandle);
  return answer(Status.SUCCESS, created.handle);
};

export const secureProcessOf = (system: NtSystem, handle: bigint): SecureProcess | undefined => {
  for (const process of system.state.secureKernel.processes.values()) {
    if (process.handle === handle) return process;
  }
  return undefined;
};

/** INITIALIZE_PROCESS: handle, address and length of its attributes. The identity must be the one that the image declares. */
export const initialiseProcess = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, address = 0n, length = 0n] = args;
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  if (process.identity !== null) return answer(Status.INVALID_PARAMETER);
  const bytes = length > BigInt(ATTRIBUTES_BYTES) ? null : readVtl0(system, address, Number(length));
  const attributes = bytes === null ? null : parseAttributes(bytes);
  if (attributes === null) return answer(Status.INVALID_PARAMETER);
  const { applicationId, isIdOverridable, securityVersion } = process.image;
  if (attributes.trustletId !== applicationId && !isIdOverridable) return answer(parseStatus(system.outcome('N14')));
  process.identity = {
    trustletId: attributes.trustletId,
    instance: attributes.instance ?? toHex(randomBytes(system, 1, INSTANCE_BYTES)),
    collaborationId: attributes.collaborationId,
    securityVersion,
  };
  process.mailboxKey = attributes.mailboxKey;
  return answer(Status.SUCCESS);
};

/** CREATE_THREAD: handle and tid. @returns the thread's cookie */
export const createSecureThread = (system: NtSystem, args: readonly bigint[]): ServiceAnswer => {
  const [handle = 0n, tid = 0n] = args;
  const process = secureProcessOf(system, handle);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  const isNts = system.state.threadOwners.get(Number(tid))?.pid === process.pid;
  if (process.identity === null || !isNts || process.threads.some((each) => each.tid === Number(tid))) {
    return answer(Status.INVALID_PARAMETER);
  }
  const { secureKernel } = system.state;
  const cookie = secureKernel.nextCookie;
  secureKernel.nextCookie += 1;
  process.threads.push({ cookie, tid: Number(tid) });
  return answer(Status.SUCCESS, BigInt(cookie));
};

/** What VTL1 kept for a process goes; what it stored under a collaboration id stays (facts/vsm.md 3.8). */
export const rundown = (system: NtSystem, process: SecureProcess): void => {
  const { processes, storage } = system.state.secureKernel;
  processes.delete(process.pid);
  system.memory.releasePages(process.argumentPages.splice(0), 1);
  system.memory.releasePages(process.ntPages.splice(0), 0);
  // A call that is under way goes nowhere: the pages may be another's already.
  process.exchangePages.length = 0;
  for (const kept of process.mailbox.values()) forget(system, kept);
  const own = `instance ${process.identity?.instance ?? ''} `;
  for (const [key, kept] of storage) {
    if (!key.startsWith(own)) continue;
    forget(system, kept);
    storage.delete(key);
  }
};

/**
 * RUNDOWN_PROCESS: handle. Its memory goes with it: or VTL0 could end a trustlet and make another, with a policy of its choice, over the
 * memory of the first.
 */
export const rundownProcess = (system: NtSystem, [handle = 0n]: readonly bigint[]): ServiceAnswer => {
  const secure = secureProcessOf(system, handle);
  const process = secure === undefined ? undefined : system.process(secure.pid);
  if (process === undefined) return answer(Status.INVALID_HANDLE);
  endProcess(system, process, Status.SUCCESS);
  return answer(Status.SUCCESS);
};

/** IS_TRUSTLET_RUNNING: trustlet ID. */
export const isTrustletRunning = (system: NtSystem, [trustletId = 0n]: readonly bigint[]): ServiceAnswer => {
  const isRunning = [...system.state.secureKernel.processes.values()].some(
    ({ identity, threads }) => identity?.trustletId === trustletId && threads.length > 0,
  );
  return answer(Status.SUCCESS, isRunning ? 1n : 0n);
};
