/** Where the two kernels start on a processor. */
import { PAGE_SIZE } from '../memory/page-numbers.js';
import type { KernelStart } from './guest-kernel.js';
import {
  KERNEL_BASE,
  NT_CODE,
  NT_DATA,
  NT_PAGE_TABLES,
  SECURE_KERNEL_CODE,
  SECURE_KERNEL_DATA,
  VTL1_PAGE_TABLES,
} from './physical-layout.js';

const STACK_SIZE = 0x8000n;

const addressOf = (page: number): bigint => BigInt(page * PAGE_SIZE);

const start = (code: number, data: number, tables: number): KernelStart => ({
  rip: KERNEL_BASE + addressOf(code),
  rsp: KERNEL_BASE + addressOf(data) + STACK_SIZE,
  cr3: addressOf(tables),
});

export const NT_START: KernelStart = start(NT_CODE.firstPage, NT_DATA.firstPage, NT_PAGE_TABLES.firstPage);
export const SECURE_KERNEL_START: KernelStart = start(
  SECURE_KERNEL_CODE,
  SECURE_KERNEL_DATA,
  VTL1_PAGE_TABLES.firstPage,
);
