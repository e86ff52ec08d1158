/**
 * The machine beneath the operating systems: a partition under the hypervisor, brought up state by state (facts/vsm.md 2), and its
 * memory, given to NT and to VTL1.
 */
import { requireId, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { requireBuffer } from '../call-arguments.js';
import { HvStatus } from '../hypervisor/hv-status.js';
import { Hypervisor } from '../hypervisor/hypervisor.js';
import { Msr } from '../hypervisor/msr-names.js';
import type { ProfileName } from '../hypervisor/profile.js';
import { RegisterName } from '../hypervisor/register-names.js';
import { misuse, PAGE_SIZE } from '../memory/page-numbers.js';
import { ALL_RIGHTS, PageRight } from '../memory/rights.js';
import { type BootRules, defaultMask } from './boot-rules.js';
import { type BootStateName, bootStates } from './boot-states.js';
import { GuestKernel, startRegisters } from './guest-kernel.js';
import { NT_START, SECURE_KERNEL_START } from './kernel-starts.js';
import { addSecurePages, pagesOf, takeBlock, takeNtPage, takeSecurePage } from './page-owners.js';
import { writePageTables } from './page-tables.js';
import {
  BUNDLE_PAGES,
  NT_CODE,
  NT_DATA,
  NT_HYPERCALL_INPUT,
  NT_PAGE_TABLES,
  type PageBlock,
  RAM,
  SECURE_KERNEL,
  SECURE_KERNEL_CODE,
  SECURE_KERNEL_DATA,
  VTL0_OVERLAYS,
  VTL1_PAGE_TABLES,
} from './physical-layout.js';
import { createPlatformState, type PlatformSnapshot, type PlatformState } from './platform-state.js';
import { SecureKernel, type SecureKernelSettings } from './secure-kernel.js';

export type { PlatformSnapshot };

export interface PlatformOptions {
  /** The hypervisor runs. */
  readonly hypervisor: boolean;
  /** VSM is configured: the boot goes for VTL1. */
  readonly vsm: boolean;
  /** Hypervisor-enforced code integrity. */
  readonly hvci: boolean;
  readonly mbec?: boolean;
  /** 1 … 16; 2 unless given. */
  readonly processors?: number;
  /** Devices are confined to VTL0's rights; on where VSM is, unless given. */
  readonly iommu?: boolean;
  readonly profile?: ProfileName;
  readonly rules: BootRules;
}

const MAX_PROCESSORS = 16;
const BSP = 0;
const NT_GUEST_OS_ID = 0x0001_0000_0000_0000n;
const addressOf = (page: number): bigint => BigInt(page * PAGE_SIZE);

/** STATUS_INVALID_IMAGE_HASH, as a driver whose signature does not hold gets it. */
const INVALID_IMAGE_HASH = 0xc000_0428;

/**
 * A machine, from power on. `advance` takes it to its next state by the hypercalls the real one makes; each method of a kernel is
 * refused where the machine has not come far enough. Deterministic.
 */
export class Platform {
  readonly hypervisor: Hypervisor;
  readonly #secureKernel: SecureKernel;
  readonly #nt: GuestKernel;
  readonly #options: PlatformOptions;
  readonly #rules: BootRules;
  readonly #settings: SecureKernelSettings;
  readonly #processors: number;
  #state: PlatformState = createPlatformState('FIRMWARE');
  /** The VP on which the secure kernel is at work for a caller. */
  #entered: number | null = null;

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a number of processors out of range */
  constructor(options: PlatformOptions) {
    const { processors = 2, mbec = true, hvci, profile, iommu = options.vsm } = options;
    if (!Number.isInteger(processors) || processors < 1 || processors > MAX_PROCESSORS) {
      throw misuse(`A platform has 1 to ${MAX_PROCESSORS} processors; got ${show(processors)}.`);
    }
    this.#options = options;
    this.#rules = options.rules;
    this.#processors = processors;
    this.#settings = { mbec, defaultMask: defaultMask(hvci, mbec) };
    this.hypervisor = new Hypervisor({
      ram: [RAM],
      processors,
      iommu,
      features: { mbec, vsm: options.hypervisor || !this.#rules.hypervisorNeeded },
      ...(profile === undefined ? {} : { profile }),
    });
    this.#secureKernel = new SecureKernel(this.hypervisor);
    this.#nt = new GuestKernel(this.hypervisor, NT_HYPERCALL_INPUT);
  }

  get boot(): BootStateName {
    return this.#state.boot;
  }

  /** VTL1 is there. */
  get hasVtl1(): boolean {
    return this.hypervisor.hasVtl(1);
  }

  /** The partition was reset since it came up with VTL1, by its owner or by the guest: what ran on it runs no more. */
  get isDown(): boolean {
    return this.boot === 'RESET' || (this.#state.cameUpWithVtl1 && !this.hasVtl1);
  }

  /** VTL0's root page table as the secure kernel noted it; 0 before S3. */
  get notedRoot(): bigint {
    return this.#state.notedRoot;
  }

  /**
   * One state on. A machine without VSM goes from HV_RUNNING (or, without a hypervisor, from WINLOAD) to RUNNING; one whose
   * hypervisor refuses VTL1 does so from SK_IN_VTL0. From RUNNING it goes on by `reset` alone.
   * @returns the state reached
   */
  advance(): BootStateName {
    this.#state.boot = this.#next(this.#state.boot);
    if (this.boot === 'RUNNING') this.#state.cameUpWithVtl1 = this.hasVtl1;
    return this.boot;
  }

  /** Advances until the machine is in this state or cannot go on. */
  advanceTo(state: BootStateName): BootStateName {
    if (!bootStates.some(({ name }) => name === state)) throw misuse(`There is no state ${show(state)} of the boot.`);
    while (this.boot !== state && this.boot !== 'RUNNING') this.advance();
    return this.boot;
  }

  #next(from: BootStateName): BootStateName {
    const { vsm, hypervisor } = this.#options;
    switch (from) {
      case 'FIRMWARE':
        return this.#load();
      case 'WINLOAD':
        return hypervisor || vsm ? this.#launchHypervisor() : 'RUNNING';
      case 'HV_RUNNING':
        return vsm ? this.#enterSecureKernelInVtl0() : 'RUNNING';
      case 'SK_IN_VTL0':
        return this.#enablePartition();
      case 'PARTITION_VTL1':
        return this.#enableFirstProcessor();
      case 'BSP_VTL1':
        this.hypervisor.vtlCall(BSP);
        return 'VTL1_RUNNING';
      case 'VTL1_RUNNING':
        return this.#initialiseSecureKernel();
      case 'SK_INIT':
        return this.#phase3();
      case 'NT_PHASE0':
        return this.#phase4();
      case 'NT_IO_INIT':
        return this.#startProcessors();
      case 'RESET':
        return 'FIRMWARE';
      default:
        return 'RUNNING';
    }
  }

  /** S1: images, page tables. The bytes are markers, for whoever looks whether they can be read. */
  #load(): BootStateName {
    const text = new TextEncoder();
    const { hypervisor } = this;
    hypervisor.writePhysical(addressOf(NT_CODE.firstPage), text.encode('ntoskrnl.exe code'));
    hypervisor.writePhysical(addressOf(NT_DATA.firstPage), text.encode('ntoskrnl.exe data'));
    if (this.#options.vsm) {
      hypervisor.writePhysical(addressOf(SECURE_KERNEL_CODE), text.encode('securekernel.exe code'));
      hypervisor.writePhysical(addressOf(SECURE_KERNEL_DATA), text.encode('securekernel.exe data'));
      writePageTables(hypervisor, VTL1_PAGE_TABLES);
    }
    writePageTables(hypervisor, NT_PAGE_TABLES);
    for (const [name, value] of startRegisters(NT_START)) hypervisor.writeRegister(BSP, name, value);
    return 'WINLOAD';
  }

  /** S2: VTL0 gets its hypercall page. */
  #launchHypervisor(): BootStateName {
    this.hypervisor.writeMsr(BSP, Msr.GUEST_OS_ID, NT_GUEST_OS_ID);
    this.hypervisor.writeMsr(BSP, Msr.HYPERCALL, addressOf(VTL0_OVERLAYS.firstPage) | 1n);
    return 'HV_RUNNING';
  }

  /** S3: still in VTL0, with VTL0's rights. */
  #enterSecureKernelInVtl0(): BootStateName {
    this.#state.notedRoot = this.hypervisor.readRegister(BSP, RegisterName.Cr3);
    return 'SK_IN_VTL0';
  }

  /** S4. A hypervisor that refuses leaves a machine without VTL1. */
  #enablePartition(): BootStateName {
    const { highestVtl } = this.#rules;
    const status = this.#nt.enablePartitionVtl(BSP, highestVtl, this.#settings.mbec);
    return status === HvStatus.SUCCESS ? 'PARTITION_VTL1' : 'RUNNING';
  }

  /** S5. */
  #enableFirstProcessor(): BootStateName {
    this.#nt.enableVpVtl(BSP, BSP, 1, SECURE_KERNEL_START);
    return 'BSP_VTL1';
  }

  /** S7, in VTL1 since S6. */
  #initialiseSecureKernel(): BootStateName {
    const kernel = this.#secureKernel;
    kernel.protectPartition(BSP, this.#settings);
    kernel.initialiseProcessor(BSP, this.#settings);
    if (this.#options.hvci) kernel.protect(BSP, pagesOf(NT_CODE), this.#rules.validatedCode);
    kernel.protect(BSP, pagesOf(SECURE_KERNEL), PageRight.READ);
    kernel.leave(BSP);
    return 'SK_INIT';
  }

  /** S8: PHASE3_INIT. */
  #phase3(): BootStateName {
    this.#secureCall(BSP, (kernel) => {
      kernel.protect(BSP, pagesOf(SECURE_KERNEL), this.#rules.secureKernelPages);
      kernel.watchRegisters(BSP);
    });
    return 'NT_PHASE0';
  }

  /** S9: PHASE4_INIT. The first bundle for trustlets: a block that is VTL1's alone. */
  #phase4(): BootStateName {
    this.#giveBundle();
    return 'NT_IO_INIT';
  }

  /** S10: the secure kernel starts each processor in VTL1, and it comes to NT from there. */
  #startProcessors(): BootStateName {
    for (let vp = 1; vp < this.#processors; vp++) {
      this.#secureCall(BSP, (kernel) => {
        kernel.calls.enableVpVtl(BSP, vp, 1, SECURE_KERNEL_START);
        kernel.calls.startVirtualProcessor(BSP, vp, 1, SECURE_KERNEL_START);
        kernel.calls.startVirtualProcessor(BSP, vp, 0, NT_START);
      });
      this.#secureKernel.initialiseProcessor(vp, this.#settings);
      this.#secureKernel.watchRegisters(vp);
      this.#secureKernel.leave(vp);
    }
    return 'AP_START';
  }

  /**
   * VTL0 calls the secure kernel, which acts and returns.
   * @throws TrustletError ERR_TRUSTLET_BACKEND where VTL0 has brought the processor into a state that makes no VTL call
   */
  #secureCall<T>(vp: number, act: (kernel: SecureKernel) => T): T {
    // The secure kernel, at work for a caller already, needs more memory: NT gives it, and it goes on.
    if (vp === this.#entered && this.hypervisor.activeVtl(vp) === 1) return act(this.#secureKernel);
    if (!this.enterVtl1(vp)) {
      throw new TrustletError(
        'ERR_TRUSTLET_BACKEND',
        `VP ${vp} of the emulated machine makes no VTL call: it is in VTL1, in user mode or in real mode. Bring it back to VTL0's kernel, or restore a snapshot.`,
      );
    }
    const result = act(this.#secureKernel);
    this.leaveVtl1(vp);
    return result;
  }

  /** VTL0's kernel makes a VTL call. @returns false where it cannot: no VTL1, or the VP is not in VTL0's kernel */
  enterVtl1(vp: number): boolean {
    const { hypervisor } = this;
    if (!this.hasVtl1 || hypervisor.activeVtl(vp) !== 0 || hypervisor.vtlCall(vp).kind !== 'vtl-switch') return false;
    this.#entered = vp;
    return true;
  }

  /** The secure kernel returns to VTL0's kernel. @param result what VTL0 finds in RAX */
  leaveVtl1(vp: number, result = 0n): void {
    this.#entered = null;
    if (this.hypervisor.activeVtl(vp) === 1) this.#secureKernel.leave(vp, result);
  }

  /** A bundle for VTL1's pages: usable once it is protected. */
  #giveBundle(): void {
    const { protectsLater, trustletPages } = this.#rules;
    const rights = this.boot === 'RUNNING' && !protectsLater ? ALL_RIGHTS : trustletPages;
    addSecurePages(this.#state.owners, this.exclusiveBlock(BUNDLE_PAGES, rights));
  }

  /**
   * A page for NT, zero.
   * @throws TrustletError ERR_TRUSTLET_BACKEND when the machine's 16 GiB are in use
   */
  takeNtPage(): number {
    return takeNtPage(this.#state.owners);
  }

  /** A page of VTL1's, zero and out of VTL0's reach. Cost: for every 256 pages one secure call with one hypercall. @throws as `takeNtPage` */
  takeSecurePage(): number {
    const page = takeSecurePage(this.#state.owners);
    if (page !== null) return page;
    this.#giveBundle();
    return this.takeSecurePage();
  }

  /** Pages that are no longer in use: zeroed and, VTL1's to VTL1, ready to be taken again. */
  releasePages(pages: readonly number[], owner: 0 | 1): void {
    const { freeNtPages, freeSecurePages } = this.#state.owners;
    for (const page of pages) {
      this.hypervisor.zeroPage(page);
      (owner === 1 ? freeSecurePages : freeNtPages).push(page);
    }
  }

  /**
   * Memory that is VTL1's alone but for the rights it leaves to VTL0 (facts/vsm.md 5, B13 to B15).
   * @param rights bits 1 read, 2 write, 4 kernel and 8 user execute
   * @throws TrustletError ERR_TRUSTLET_UNSUPPORTED without VTL1, ERR_TRUSTLET_ARGUMENT for rights that the hypervisor refuses
   */
  exclusiveBlock(pageCount: number, rights: number): PageBlock {
    this.#requireVtl1('an exclusive block');
    if (!Number.isInteger(pageCount) || pageCount < 1 || pageCount > RAM.pageCount) {
      throw misuse(`pageCount is a whole number from 1 to ${RAM.pageCount}; got ${show(pageCount)}.`);
    }
    requireId('rights', rights);
    const block = takeBlock(this.#state.owners, pageCount);
    if (this.#secureCall(BSP, (kernel) => kernel.protect(BSP, pagesOf(block), rights))) return block;
    throw misuse(`The hypervisor does not take the rights 0x${rights.toString(16)} for pages of VTL1.`);
  }

  /** VTL1's memory beside the secure kernel's own. */
  get secureBlocks(): readonly PageBlock[] {
    return [...this.#state.owners.blocks];
  }

  /**
   * NT loads a driver. With HVCI the secure kernel validates its code before VTL0 may run it, and from then on VTL0 cannot write it
   * (facts/vsm.md 2).
   * @param code at most one page of machine code
   * @param signed whether its signature holds
   * @returns STATUS_SUCCESS and the page, or STATUS_INVALID_IMAGE_HASH and null
   */
  loadDriver(code: Uint8Array, signed: boolean): { readonly status: number; readonly page: number | null } {
    if (requireBuffer('code', code).length > PAGE_SIZE) {
      throw misuse(`A driver’s code is at most ${PAGE_SIZE} bytes here; got ${code.length}.`);
    }
    const page = this.takeNtPage();
    const address = addressOf(page);
    this.hypervisor.access(BSP, { access: 'write', address, data: code, physical: true, cpl: 0 });
    if (!this.#options.hvci || !this.hasVtl1) return { status: 0, page };
    if (!signed) {
      this.releasePages([page], 0);
      return { status: INVALID_IMAGE_HASH, page: null };
    }
    this.#secureCall(BSP, (kernel) => kernel.protect(BSP, [page], this.#rules.validatedCode));
    return { status: 0, page };
  }

  /** Lets the secure kernel deal with what brought VTL1 in on a VP, if anything did. @returns whether something had */
  answerInterrupts(vp: number): boolean {
    if (this.hypervisor.activeVtl(vp) === 0) return false;
    this.#secureKernel.answerInterrupts(vp);
    return true;
  }

  /** S12: VTL1 is gone and what it kept from VTL0 is zero. The next `advance` is power on again. */
  reset(): void {
    this.hypervisor.reset();
    this.#state = createPlatformState('RESET');
  }

  /** Everything as a value. Cost: a deep copy. */
  snapshot(): PlatformSnapshot {
    return { hypervisor: this.hypervisor.snapshot(), state: structuredClone(this.#state) };
  }

  /** Puts a snapshot of a platform with the same options back. */
  restore({ hypervisor, state }: PlatformSnapshot): void {
    this.hypervisor.restore(hypervisor);
    this.#state = structuredClone(state);
  }

  #requireVtl1(what: string): void {
    if (this.hasVtl1) return;
    throw new TrustletError(
      'ERR_TRUSTLET_UNSUPPORTED',
      `This machine has no VTL1 for ${what}: it is in state ${this.boot}, with VSM ${this.#options.vsm ? 'on' : 'off'}.`,
    );
  }
}
