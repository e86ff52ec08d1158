/**
 * The pages of NT's that a normal call travels in: a header and the data behind it, over pages that NT gave one by one (ALLOCATE_VM,
 * facts/vsm.md 3.3). The layout is the emulator's own.
 */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { NtSystem } from '../nt/system.js';
import type { SecureProcess } from './secure-kernel-state.js';
import { isExchangePage, readVtl0, writeVtl0 } from './vtl0-memory.js';

const HEADER = 16;
const MAX_PAGES = 16;

/** Bytes that a call can carry in either direction. */
export const EXCHANGE_CAPACITY: number = MAX_PAGES * PAGE_SIZE - HEADER;

/** A request, or a reply, as it lies in the pages. */
export interface ExchangedData {
  /** NTSTATUS of a reply. */
  readonly status: number;
  /** The length it claims. */
  readonly length: number;
  readonly data: Uint8Array;
}

export const pageAddress = (page: number): bigint => BigInt(page) * BigInt(PAGE_SIZE);

/** The pages that a header and so many bytes take. */
export const pagesFor = (length: number): number => Math.ceil((HEADER + length) / PAGE_SIZE);

/** Puts header and data into pages, by whoever `write` stands for. @returns false once a page refuses */
const spread = (
  pages: readonly number[],
  { status, length, data }: ExchangedData,
  write: (page: number, bytes: Uint8Array) => boolean,
): boolean => {
  const bytes = new Uint8Array(HEADER + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, status, true);
  view.setUint32(4, length >>> 0, true);
  bytes.set(data, HEADER);
  const parts = Math.ceil(bytes.length / PAGE_SIZE);
  for (let index = 0; index < parts; index++) {
    const page = pages[index];
    if (page === undefined || !write(page, bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE))) return false;
  }
  return true;
};

/** Takes header and data together out of pages: each byte once. @returns null once a page refuses */
const collect = (
  pages: readonly number[],
  length: number,
  read: (page: number, length: number) => Uint8Array | null,
): ExchangedData | null => {
  const bytes = new Uint8Array(HEADER + length);
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const page = pages[at / PAGE_SIZE];
    const part = page === undefined ? null : read(page, Math.min(PAGE_SIZE, bytes.length - at));
    if (part === null) return null;
    bytes.set(part, at);
  }
  const view = new DataView(bytes.buffer);
  return { status: view.getUint32(0, true), length: view.getUint32(4, true), data: bytes.subarray(HEADER) };
};

/** The secure kernel writes a request. */
export const writeRequest = (system: NtSystem, pages: readonly number[], data: Uint8Array): boolean =>
  spread(pages, { status: 0, length: data.length, data }, (page, bytes) => writeVtl0(system, pageAddress(page), bytes));

/** NT reads the request, with VTL0's rights. */
export const readRequest = (system: NtSystem, pages: readonly number[], length: number): Uint8Array =>
  collect(pages, length, (page, size) => {
    const bytes = new Uint8Array(size);
    return system.memory.copy(0, page, 0, bytes, 'read') ? bytes : null;
  })?.data ?? new Uint8Array(0);

/** NT writes the reply, with VTL0's rights: as much as the pages take. */
export const writeReply = (system: NtSystem, pages: readonly number[], reply: ExchangedData): void => {
  const room = pages.length * PAGE_SIZE - HEADER;
  spread(pages, { ...reply, data: reply.data.subarray(0, room) }, (page, bytes) =>
    system.memory.copy(0, page, 0, bytes, 'write'),
  );
};

/** The secure kernel copies the reply, and as much behind its header as the trustlet has room for. */
export const readReply = (system: NtSystem, pages: readonly number[], length: number): ExchangedData | null =>
  collect(pages, length, (page, size) => readVtl0(system, pageAddress(page), size));

/** What a call carried is left to nobody who comes by the pages later. VTL0 may have taken a copy while it was there. */
export const wipeExchange = (system: NtSystem, pages: readonly number[], length: number): void => {
  writeRequest(system, pages, new Uint8Array(length));
};

/** Whether the pages the trustlet has are still VTL0's to use, and enough. */
export const hasExchange = (system: NtSystem, { exchangePages }: SecureProcess, length: number): boolean =>
  exchangePages.length >= pagesFor(length) && exchangePages.every((page) => isExchangePage(system, page));
