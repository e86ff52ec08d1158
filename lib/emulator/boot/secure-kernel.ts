/**
 * The secure kernel's part in VTL1 that the hypervisor sees: its start on a processor, the memory it keeps from VTL0, and what it
 * does about an intercept (facts/vsm.md 2, 3.1). Every method runs in VTL1 on a VP; the caller has entered it.
 */
import { encodeFields, Sint, VsmPartitionConfig, VsmVina, VsmVpSecureConfig } from '../hypervisor/bit-layouts.js';
import { HvStatus } from '../hypervisor/hv-status.js';
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { MessageType } from '../hypervisor/intercept-messages.js';
import { SUPPORTED_CR_INTERCEPTS } from '../hypervisor/intercepts.js';
import { MSR_REGISTERS, Msr } from '../hypervisor/msr-names.js';
import { RegisterName } from '../hypervisor/register-names.js';
import { MESSAGE_HEADER_SIZE, MESSAGE_SIZE } from '../hypervisor/synic.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';
import { GuestKernel } from './guest-kernel.js';
import { VTL1_HYPERCALL_INPUT, VTL1_OVERLAYS } from './physical-layout.js';

/** Interrupts of VTL1: intercepts (facts/vsm.md 3.1, public captures) and VINA. */
const INTERCEPT_VECTOR = 0xf0;
export const VINA_VECTOR = 0x30;
/** A value that is not 0; nothing reads more into it. */
const GUEST_OS_ID = 0x1n;
const INTERRUPTS_ON = 0x202n;
const OVERLAYS_PER_VP = 2;
/** PendingEvent0: pending, with error code 0, vector 13. */
const GENERAL_PROTECTION = (13n << 16n) | (1n << 8n) | 1n;
/** Offsets of an intercept message (facts/vsm.md 1.13). */
const INSTRUCTION_LENGTH = MESSAGE_HEADER_SIZE + 4;
const INSTRUCTION_POINTER = MESSAGE_HEADER_SIZE + 0x18;
const REGISTER_NAME = MESSAGE_HEADER_SIZE + 0x2c;
const REGISTER_VALUE = MESSAGE_HEADER_SIZE + 0x30;
const MSR_NUMBER = MESSAGE_HEADER_SIZE + 0x28;
const MSR_HIGH = MESSAGE_HEADER_SIZE + 0x30;
const MSR_LOW = MESSAGE_HEADER_SIZE + 0x38;
const ASSIST_RAX = 16n;

/** What VTL0 may not turn off: CR0.PE, WP and PG; CR4.SMEP and SMAP. */
const CR0_WATCHED = 0x8001_0001n;
const CR4_WATCHED = 0x30_0000n;

const { Rax, Rcx, Rdx, R8 } = RegisterName;

/** Registers that VTLs share and the secure kernel uses for its hypercalls. */
interface CallRegisters {
  readonly rax: bigint;
  readonly rcx: bigint;
  readonly rdx: bigint;
  readonly r8: bigint;
}

/** What the secure kernel is to do, decided before it starts. */
export interface SecureKernelSettings {
  readonly mbec: boolean;
  /** Rights of VTL0 on pages nobody has said anything about. */
  readonly defaultMask: number;
}

const overlay = (vp: number, index: number): bigint =>
  BigInt((VTL1_OVERLAYS.firstPage + 1 + vp * OVERLAYS_PER_VP + index) * PAGE_SIZE);

export class SecureKernel {
  readonly #hypervisor: Hypervisor;
  readonly #kernel: GuestKernel;

  constructor(hypervisor: Hypervisor) {
    this.#hypervisor = hypervisor;
    this.#kernel = new GuestKernel(hypervisor, VTL1_HYPERCALL_INPUT);
  }

  /** Its hypercalls. */
  get calls(): GuestKernel {
    return this.#kernel;
  }

  /** Once for the partition: from here on memory is protected. */
  protectPartition(vp: number, { defaultMask }: SecureKernelSettings): void {
    const config = encodeFields(VsmPartitionConfig, {
      enableVtlProtection: 1,
      defaultVtlProtectionMask: defaultMask,
      zeroMemoryOnReset: 1,
      denyLowerVtlStartup: 1,
    });
    this.#hypervisor.writeMsr(vp, Msr.GUEST_OS_ID, GUEST_OS_ID);
    this.#hypervisor.writeMsr(vp, Msr.HYPERCALL, BigInt(VTL1_OVERLAYS.firstPage * PAGE_SIZE) | 1n);
    this.#kernel.setRegister(vp, RegisterName.VsmPartitionConfig, config, 1);
  }

  /** On every processor: assist page, SynIC with SINT0, VINA, MBEC, interrupts on. */
  initialiseProcessor(vp: number, { mbec }: SecureKernelSettings): void {
    const hypervisor = this.#hypervisor;
    hypervisor.writeMsr(vp, Msr.VP_ASSIST_PAGE, overlay(vp, 0) | 1n);
    hypervisor.writeMsr(vp, Msr.SIMP, overlay(vp, 1) | 1n);
    hypervisor.writeMsr(vp, Msr.SCONTROL, 1n);
    hypervisor.writeMsr(vp, Msr.SINT0, encodeFields(Sint, { vector: INTERCEPT_VECTOR, autoEoi: 1 }));
    const vina = encodeFields(VsmVina, { vector: VINA_VECTOR, enabled: 1, autoReset: 1, autoEoi: 1 });
    this.#kernel.setRegister(vp, RegisterName.VsmVina, vina, 1);
    const secureConfig = encodeFields(VsmVpSecureConfig, { mbecEnabled: mbec ? 1 : 0 });
    this.#kernel.setRegister(vp, RegisterName.VsmVpSecureConfigVtl0, secureConfig, 1);
    hypervisor.writeRegister(vp, RegisterName.Rflags, INTERRUPTS_ON);
  }

  /** Watches the registers that VTL0 must not change any more (facts/vsm.md 3.1). */
  watchRegisters(vp: number): void {
    this.#kernel.setRegister(vp, RegisterName.CrInterceptCr0Mask, CR0_WATCHED, 1);
    this.#kernel.setRegister(vp, RegisterName.CrInterceptCr4Mask, CR4_WATCHED, 1);
    this.#kernel.setRegister(vp, RegisterName.CrInterceptControl, SUPPORTED_CR_INTERCEPTS, 1);
  }

  /** @returns whether the hypervisor did it */
  protect(vp: number, pages: readonly number[], mask: number): boolean {
    return this.#kernel.protect(vp, pages, mask) === HvStatus.SUCCESS;
  }

  /**
   * What brought VTL1 in: deals with every message, then returns to VTL0, which finds its registers as they were.
   */
  answerInterrupts(vp: number): void {
    const read = (name: number): bigint => this.#hypervisor.readRegister(vp, name);
    const saved = { rax: read(Rax), rcx: read(Rcx), rdx: read(Rdx), r8: read(R8) };
    for (let event = this.#hypervisor.nextEvent(vp); event !== null; event = this.#hypervisor.nextEvent(vp)) {
      if (event.kind === 'interrupt' && event.vector === INTERCEPT_VECTOR) this.#answerMessage(vp);
    }
    this.#return(vp, saved);
  }

  /**
   * Returns from a secure call. The registers that VTLs share are scrubbed: they hold addresses of VTL1's (facts/vsm.md 1.9, 3.3).
   * @param result what VTL0 finds in RAX
   */
  leave(vp: number, result = 0n): void {
    this.#return(vp, { rax: result, rcx: 0n, rdx: 0n, r8: 0n });
  }

  /** RAX and RCX go through the assist page, from where the return loads them (facts/vsm.md 1.11). */
  #return(vp: number, { rax, rcx, rdx, r8 }: CallRegisters): void {
    this.#hypervisor.writeRegister(vp, Rdx, rdx);
    this.#hypervisor.writeRegister(vp, R8, r8);
    const data = new Uint8Array(16);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, rax, true);
    view.setBigUint64(8, rcx, true);
    this.#write(vp, overlay(vp, 0) + ASSIST_RAX, data);
    this.#hypervisor.vtlReturn(vp);
  }

  #write(vp: number, address: bigint, data: Uint8Array): void {
    this.#hypervisor.access(vp, { access: 'write', address, data, physical: true, cpl: 0 });
  }

  /** SINT0's slot; free again once answered. */
  #answerMessage(vp: number): void {
    const address = overlay(vp, 1);
    const read = this.#hypervisor.access(vp, { access: 'read', address, length: MESSAGE_SIZE, physical: true, cpl: 0 });
    if (read.kind !== 'done') return;
    const message = new DataView(read.data.buffer, read.data.byteOffset, MESSAGE_SIZE);
    if (!this.#allow(vp, message)) this.#kernel.setRegister(vp, RegisterName.PendingEvent0, GENERAL_PROTECTION, 0);
    this.#write(vp, address, new Uint8Array(4));
    this.#hypervisor.writeMsr(vp, Msr.EOM, 0n);
  }

  /**
   * Steps over the instruction where it writes what the register holds already, as kernels do; after PHASE3_INIT that is the value the
   * secure kernel knew when it began to watch. Anything else, and every violation of memory, is answered with #GP
   * (facts/vsm.md 1.13 verdict b, 2, 3.1).
   */
  #allow(vp: number, message: DataView): boolean {
    const written = registerWrite(message);
    if (written === null || this.#kernel.register(vp, written.name, 0) !== written.value) return false;
    const length = message.getUint8(INSTRUCTION_LENGTH) & 0xf;
    const rip = message.getBigUint64(INSTRUCTION_POINTER, true);
    this.#kernel.setRegister(vp, RegisterName.Rip, rip + BigInt(length), 0);
    return true;
  }
}

/** The register and the value of a register or MSR intercept; null for any other message. */
const registerWrite = (message: DataView): { readonly name: number; readonly value: bigint } | null => {
  const type = message.getUint32(0, true);
  if (type === MessageType.REGISTER_INTERCEPT) {
    const low = message.getBigUint64(REGISTER_VALUE, true);
    const high = message.getBigUint64(REGISTER_VALUE + 8, true);
    return { name: message.getUint32(REGISTER_NAME, true), value: low | (high << 64n) };
  }
  const name = type === MessageType.MSR_INTERCEPT ? MSR_REGISTERS.get(message.getUint32(MSR_NUMBER, true)) : undefined;
  if (name === undefined) return null;
  return { name, value: (message.getBigUint64(MSR_HIGH, true) << 32n) | message.getBigUint64(MSR_LOW, true) };
};
