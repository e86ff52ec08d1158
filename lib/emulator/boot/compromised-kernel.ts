/**
 * VTL0's kernel in the hands of an attacker: everything ring 0 of VTL0 can do, on emulated memory alone (facts/vsm.md 5, B05, B22).
 * It shows what isolation withstands; there is nothing in it for a real machine.
 */
import type { HypercallRequest, Hypervisor } from '../hypervisor/hypervisor.js';
import type { AccessResult, HypercallResult } from '../hypervisor/outcomes.js';
import { RegisterName } from '../hypervisor/register-names.js';
import { misuse, PAGE_SIZE, requirePage } from '../memory/page-numbers.js';
import type { PageAccess } from '../memory/rights.js';
import { GuestKernel } from './guest-kernel.js';
import { pagesOf } from './page-owners.js';
import { NT_HYPERCALL_INPUT, type PageBlock, VTL0_OVERLAYS } from './physical-layout.js';
import type { Platform } from './platform.js';
import { registerBytes, runsOf, SHARED_REGISTERS, StolenBytes, type StolenPiece } from './stolen-bytes.js';

/** What an attempt came to, in VTL0's eyes. */
export interface Attempt {
  /** It did what it was to do. */
  readonly succeeded: boolean;
  /** `intercepted`: VTL1 was told; the attacker got #GP, or its register write was undone. */
  readonly outcome: 'done' | 'intercepted' | 'fault' | 'host-refused' | 'blocked' | 'unmapped';
  /** What was read; empty where nothing was. */
  readonly data: Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);
const SUCCEEDED = { succeeded: true, outcome: 'done' } as const;

export class CompromisedKernel {
  readonly #platform: Platform;
  readonly #hypervisor: Hypervisor;
  readonly #index: number;
  /** Its hypercalls, with inputs wherever VTL0's own kernel has them. */
  readonly calls: GuestKernel;
  readonly #messages: readonly Uint8Array[];

  /**
   * @param vp the processor it runs on, in VTL0
   * @param messages what it has recorded of channels in VTL0
   * @throws TrustletError ERR_TRUSTLET_ARGUMENT for a processor there is not
   */
  constructor(platform: Platform, vp = 0, messages: readonly Uint8Array[] = []) {
    this.#messages = messages;
    this.#platform = platform;
    this.#hypervisor = platform.hypervisor;
    this.#hypervisor.activeVtl(vp);
    this.#index = vp;
    this.calls = new GuestKernel(this.#hypervisor, NT_HYPERCALL_INPUT);
  }

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT while the processor runs VTL1: VTL0 does nothing there */
  #vtl0(): number {
    if (this.#hypervisor.activeVtl(this.#index) === 0) return this.#index;
    throw misuse(
      `VP ${this.#index} runs VTL1 at this moment, so VTL0 does nothing on it. Let VTL0 act on another: compromisedKernel(1).`,
    );
  }

  /** Reads guest-physical memory, as with a mapping of its own. @param length bytes */
  read(address: bigint, length: number): Attempt {
    return this.#access('read', address, { length });
  }

  write(address: bigint, data: Uint8Array): Attempt {
    return this.#access('write', address, { data });
  }

  /** Jumps there in kernel mode. */
  execute(address: bigint): Attempt {
    return this.#access('execute', address, { length: 1 });
  }

  /** Reads through page tables that it edits first: maps a page at an address of its choice. */
  mapAndRead(page: number, length: number): Attempt {
    requirePage(page);
    const table = Number(this.#hypervisor.readRegister(this.#vtl0(), RegisterName.Cr3)) + PAGE_SIZE;
    // An entry that is not present is put to use: 1 GiB that holds the page.
    const gib = Math.floor((page * PAGE_SIZE) / 2 ** 30);
    const entry = new DataView(new ArrayBuffer(8));
    entry.setBigUint64(0, BigInt(gib * 2 ** 30) | 0x83n, true);
    const mapped = this.write(BigInt(table + 511 * 8), new Uint8Array(entry.buffer));
    if (!mapped.succeeded) return mapped;
    const offset = BigInt((page * PAGE_SIZE) % 2 ** 30);
    return this.#finish(
      this.#hypervisor.access(this.#vtl0(), { access: 'read', address: (511n << 30n) + offset, length, cpl: 0 }),
    );
  }

  /** Lets a device do it. @param direction `read`: memory into the buffer */
  dma(address: bigint, buffer: Uint8Array, direction: 'read' | 'write'): Attempt {
    const outcome = this.#hypervisor.transferByDevice(address, buffer, direction);
    if (outcome === 'allowed') return { ...SUCCEEDED, data: direction === 'read' ? buffer : NOTHING };
    return { succeeded: false, outcome, data: NOTHING };
  }

  /**
   * Everything that VTL0 has: each page in use that it may read, or where no IOMMU confines devices each page in use; what it recorded;
   * the general and XMM registers of its processor, which VTLs share. Cost: a copy of those pages; no intercept, as it leaves out what it
   * may not read.
   */
  readEverything(): StolenBytes {
    const hypervisor = this.#hypervisor;
    const byDevice = !hypervisor.describe().iommu;
    const isReadable = (page: number): boolean =>
      byDevice || hypervisor.check(0, BigInt(page) * BigInt(PAGE_SIZE), 'read').kind === 'allowed';
    const pages = new Set([...pagesOf(VTL0_OVERLAYS), ...hypervisor.pagesInUse()]);
    const registers = SHARED_REGISTERS.map((name) => hypervisor.readRegister(this.#vtl0(), name));
    return new StolenBytes([
      ...runsOf([...pages].filter(isReadable)).map((run) => this.#memoryOf(run, byDevice)),
      ...this.#messages.map((bytes): StolenPiece => ({ source: 'message', address: null, bytes: bytes.slice() })),
      { source: 'registers', address: null, bytes: registerBytes(registers) },
    ]);
  }

  #memoryOf({ firstPage, pageCount }: PageBlock, byDevice: boolean): StolenPiece {
    const bytes = new Uint8Array(pageCount * PAGE_SIZE);
    if (byDevice) this.dma(BigInt(firstPage * PAGE_SIZE), bytes, 'read');
    else this.#hypervisor.copy(0, firstPage * PAGE_SIZE, bytes, 'read');
    return { source: 'memory', address: BigInt(firstPage * PAGE_SIZE), bytes };
  }

  /** Any hypercall at all. */
  hypercall(request: HypercallRequest): HypercallResult {
    const result = this.#hypervisor.hypercall(this.#vtl0(), request);
    this.#platform.answerInterrupts(this.#index);
    return result;
  }

  /** MOV to a control register, LGDT and their like. @returns whether the register has the value now */
  writeRegister(name: number, value: bigint): boolean {
    this.#hypervisor.writeRegister(this.#vtl0(), name, value);
    this.#settle();
    return this.#hypervisor.readRegister(this.#vtl0(), name) === value;
  }

  /** WRMSR. @returns whether the MSR has the value now */
  writeMsr(msr: number, value: bigint): boolean {
    this.#hypervisor.writeMsr(this.#vtl0(), msr, value);
    this.#settle();
    const now = this.#hypervisor.readMsr(this.#vtl0(), msr);
    return now.kind === 'done' && now.value === value;
  }

  /** The secure kernel answers, and the exception it injects is taken: the attacker goes on. */
  #settle(): void {
    if (this.#platform.answerInterrupts(this.#index)) this.#hypervisor.nextEvent(this.#index);
  }

  #access(access: PageAccess, address: bigint, what: { data?: Uint8Array; length?: number }): Attempt {
    return this.#finish(this.#hypervisor.access(this.#vtl0(), { access, address, physical: true, cpl: 0, ...what }));
  }

  #finish(result: AccessResult): Attempt {
    this.#settle();
    switch (result.kind) {
      case 'done':
        return { ...SUCCEEDED, data: result.data };
      case 'intercept':
        return { succeeded: false, outcome: 'intercepted', data: NOTHING };
      case 'host':
        return { succeeded: false, outcome: 'host-refused', data: NOTHING };
      case 'fault':
        return { succeeded: false, outcome: 'fault', data: NOTHING };
    }
  }
}
