/**
 * A normal call: the secure kernel has NT serve a trustlet's system call (facts/vsm.md 3.3). What is declared of the arguments is
 * copied into pages of NT's, the shared registers are scrubbed, VTL1 returns to VTL0 and is called again; the reply is copied once and
 * believed in nothing.
 */
import { isSuccess, Status } from '../../ntstatus.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import { copyCaptured } from './argument-capture.js';
import {
  type ExchangedData,
  hasExchange,
  pageAddress,
  pagesFor,
  readReply,
  readRequest,
  wipeExchange,
  writeReply,
  writeRequest,
} from './exchange.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { loadVectorRegisters, writeSharedRegisters } from './shared-registers.js';
import type { EnabledCall } from './system-calls.js';
import type { NtServiceReply, SystemCallResult } from './trustlet-system-calls.js';
import { isExchangePage } from './vtl0-memory.js';

/** The processor that trustlets run on here. */
export const VP = 0;

const NOTHING: Uint8Array = new Uint8Array(0);
const failed = (status: number): SystemCallResult => ({ status: status >>> 0, output: NOTHING });

/** What RAX tells NT to do, as VTL1 returns for it. */
const REQUEST = 1n;

/**
 * VTL1 returns to VTL0 for a request and is called again. Emulated: nothing else happens on this processor meanwhile.
 * @returns false where VTL0 has left the processor so that VTL1 cannot go on
 * @throws TrustletError ERR_TRUSTLET_BACKEND where VTL0 has brought the machine down
 */
const inVtl0 = (system: NtSystem, act: () => void): boolean => {
  const { platform } = system;
  writeSharedRegisters(platform.hypervisor, VP);
  platform.leaveVtl1(VP, REQUEST);
  act();
  system.requireRunning();
  return platform.enterVtl1(VP);
};

/** A page of NT's, to be freed with the process. */
const takeNtPage = (system: NtSystem, { ntPages }: SecureProcess): number => {
  const page = system.memory.takePage(0);
  ntPages.push(page);
  return page;
};

/** ALLOCATE_VM: NT gives a page, and the secure kernel takes none that VTL0 could not use itself. */
const allocatePage = (system: NtSystem, process: SecureProcess): number => {
  const request = { service: 'ALLOCATE_VM', pid: process.pid, input: NOTHING, outputLength: 0, pages: [] };
  let page: number | null = null;
  let answered: number = Status.SUCCESS;
  const back = inVtl0(system, () => {
    const lie = system.secureKernel.hooks.lie(request);
    answered = (lie.status ?? Status.SUCCESS) >>> 0;
    if (isSuccess(answered)) page = lie.page ?? takeNtPage(system, process);
  });
  if (!back) return Status.UNSUCCESSFUL;
  const isUsable = page !== null && isExchangePage(system, page);
  const status = !isSuccess(answered) || isUsable ? answered : Status.ACCESS_DENIED;
  if (page !== null && isUsable) process.exchangePages.push(page);
  system.secureKernel.log({
    kind: 'normal-call',
    vp: VP,
    pid: process.pid,
    service: 'ALLOCATE_VM',
    inputBytes: 0,
    outputBytes: 0,
    status,
  });
  return status;
};

/** @returns NTSTATUS */
const ensureExchange = (system: NtSystem, process: SecureProcess, length: number): number => {
  if (hasExchange(system, process, length)) return Status.SUCCESS;
  // Pages that VTL0 can no longer use are VTL1's by now, or nobody's: data goes there no more.
  const usable = process.exchangePages.filter((page) => isExchangePage(system, page));
  process.exchangePages.splice(0, Number.POSITIVE_INFINITY, ...usable);
  while (process.exchangePages.length < pagesFor(length)) {
    const status = allocatePage(system, process);
    if (!isSuccess(status)) return status;
  }
  return Status.SUCCESS;
};

/** NT's part, in VTL0. */
const serve = (system: NtSystem, process: SecureProcess, service: string, length: number, room: number): void => {
  const pages = process.exchangePages;
  const input = readRequest(system, pages, length);
  const { pid } = process;
  const lie = system.secureKernel.hooks.lie({
    service,
    pid,
    input,
    outputLength: room,
    pages: pages.map(pageAddress),
  });
  const honest: NtServiceReply = system.ntServices.get(service)?.(input, pid, room) ?? {
    status: Status.NOT_IMPLEMENTED,
    output: NOTHING,
  };
  const data = lie.output ?? honest.output;
  writeReply(system, pages, {
    status: (lie.status ?? honest.status) >>> 0,
    length: lie.length ?? data.length,
    data,
  });
};

const handleIn = (output: Uint8Array): bigint | null =>
  output.length < 8 ? null : new DataView(output.buffer, output.byteOffset).getBigUint64(0, true);

/** A handle that NT names twice would make two objects of the trustlet's one; 0 and what is no multiple of 4 names none. */
const isNewHandle = ({ ntHandles }: SecureProcess, handle: bigint): boolean =>
  handle !== 0n && handle % 4n === 0n && !ntHandles.has(handle);

/** What the trustlet gets of a reply. */
const validate = (process: SecureProcess, call: EnabledCall, reply: ExchangedData, room: number): SystemCallResult => {
  if (!isSuccess(reply.status)) return failed(reply.status);
  if (reply.length > room) return failed(Status.INFO_LENGTH_MISMATCH);
  const output = reply.data.slice(0, reply.length);
  if (call.output === 'handle') {
    const handle = handleIn(output);
    if (handle === null || !isNewHandle(process, handle)) return failed(Status.INVALID_HANDLE);
    process.ntHandles.add(handle);
  }
  return { status: reply.status, output };
};

/**
 * Has NT serve a call. VTL1 is active on the processor, and is so again afterwards unless VTL0 prevents it.
 * @param length of the declared arguments, captured already
 */
export const normalCall = (
  system: NtSystem,
  process: SecureProcess,
  service: string,
  call: EnabledCall,
  length: number,
  room: number,
): SystemCallResult => {
  const { platform, secureKernel } = system;
  // B19: a secure kernel that copied by the page would hand NT what lies behind the arguments as well.
  const copied = system.outcome('B19') === 'declared-bytes' ? length : Math.max(length, PAGE_SIZE - 16);
  const prepared = ensureExchange(system, process, Math.max(copied, room));
  if (!isSuccess(prepared)) return failed(prepared);
  const declared = copyCaptured(system, process, copied);
  loadVectorRegisters(platform.hypervisor, VP, declared);
  const written = writeRequest(system, process.exchangePages, declared);
  declared.fill(0);
  if (!written) return failed(Status.ACCESS_VIOLATION);
  let reply: ExchangedData | null = null;
  try {
    if (!inVtl0(system, () => serve(system, process, service, length, room))) return failed(Status.UNSUCCESSFUL);
    reply = readReply(system, process.exchangePages, room);
    secureKernel.hooks.afterRead('reply');
  } finally {
    // Also where a test's own exception passes through: VTL0 keeps nothing of a call that is over.
    wipeExchange(system, process.exchangePages, Math.max(copied, room));
  }
  const result = reply === null ? failed(Status.ACCESS_VIOLATION) : validate(process, call, reply, room);
  secureKernel.log({
    kind: 'normal-call',
    vp: VP,
    pid: process.pid,
    service,
    inputBytes: copied,
    outputBytes: result.output.length,
    status: result.status,
  });
  return result;
};
