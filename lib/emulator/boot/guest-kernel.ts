/**
 * The hypercalls a kernel makes, as it makes them: input in a page of its own, then the instruction. The same code serves the NT
 * kernel in VTL0 and the secure kernel in VTL1; what each may do is the hypervisor's matter.
 */
import { CallCode } from '../hypervisor/call-codes.js';
import { HV_PARTITION_ID_SELF, HV_VP_INDEX_SELF } from '../hypervisor/constants.js';
import { HvStatus } from '../hypervisor/hv-status.js';
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { RegisterName } from '../hypervisor/register-names.js';
import { getValue128, setValue128 } from '../hypervisor/wide-values.js';
import { PAGE_SIZE } from '../memory/page-numbers.js';

/** Where a kernel starts in 64-bit mode: what it needs of an initial context (facts/vsm.md 1.5). */
export interface KernelStart {
  readonly rip: bigint;
  readonly rsp: bigint;
  readonly cr3: bigint;
}

/** 64-bit kernel mode: PE, ET, NE, WP, PG; PAE, SMEP and SMAP; LME, LMA, NXE, SCE. */
const CR0 = 0x8001_0031n;
const CR4 = 0x30_0020n;
const EFER = 0xd01n;
const PAT = 0x0007_0406_0007_0406n;
/** Code and data segments of 64-bit kernel mode, as one value each: limit, selector, attributes. */
const CODE = (0xa09bn << 112n) | (0x10n << 96n) | (0xffff_ffffn << 64n);
const DATA = (0xc093n << 112n) | (0x18n << 96n) | (0xffff_ffffn << 64n);
const TASK = (0x008bn << 112n) | (0x40n << 96n) | (0x67n << 64n);
const LOCAL_TABLE = 0x0082n << 112n;
const CONTEXT_SIZE = 224;
const HEADER_SIZE = 16;
const USE_TARGET_VTL = 0x10;
/** GPAs that fit the input page beside the header (facts/vsm.md 1.5). */
const PAGES_PER_CALL = 510;
/** Where in the page outputs go: no call with an output has an input this long. */
const OUTPUT = 2048;

/** An initial context as the calls take it. */
const contextBytes = ({ rip, rsp, cr3 }: KernelStart): Uint8Array => {
  const view = new DataView(new ArrayBuffer(CONTEXT_SIZE));
  view.setBigUint64(0, rip, true);
  view.setBigUint64(8, rsp, true);
  view.setBigUint64(16, 2n, true);
  setValue128(view, 24, CODE);
  for (const offset of [40, 56, 72, 88, 104]) setValue128(view, offset, DATA);
  setValue128(view, 120, TASK);
  setValue128(view, 136, LOCAL_TABLE);
  view.setBigUint64(184, EFER, true);
  view.setBigUint64(192, CR0, true);
  view.setBigUint64(200, cr3, true);
  view.setBigUint64(208, CR4, true);
  view.setBigUint64(216, PAT, true);
  return new Uint8Array(view.buffer);
};

/** The registers of `KernelStart`, for a processor whose own firmware starts it. */
export const startRegisters = ({ rip, rsp, cr3 }: KernelStart): readonly (readonly [name: number, value: bigint])[] => [
  [RegisterName.Rip, rip],
  [RegisterName.Rsp, rsp],
  [RegisterName.Cs, CODE],
  [RegisterName.Ss, DATA],
  [RegisterName.Cr4, CR4],
  [RegisterName.Cr3, cr3],
  [RegisterName.Efer, EFER],
  [RegisterName.Cr0, CR0],
];

export class GuestKernel {
  readonly #hypervisor: Hypervisor;
  /** Guest-physical address of the page for inputs. */
  readonly #input: number;

  /** @param inputPage a page of this kernel's own */
  constructor(hypervisor: Hypervisor, inputPage: number) {
    this.#hypervisor = hypervisor;
    this.#input = inputPage * PAGE_SIZE;
  }

  /** @returns HV_STATUS */
  enablePartitionVtl(vp: number, vtl: number, mbec: boolean): number {
    return this.#simple(vp, CallCode.EnablePartitionVtl, 16, (view) => {
      view.setUint8(8, vtl);
      view.setUint8(9, mbec ? 1 : 0);
    });
  }

  enableVpVtl(vp: number, target: number, vtl: number, start: KernelStart): number {
    return this.#withContext(vp, CallCode.EnableVpVtl, target, vtl, start);
  }

  startVirtualProcessor(vp: number, target: number, vtl: number, start: KernelStart): number {
    return this.#withContext(vp, CallCode.StartVirtualProcessor, target, vtl, start);
  }

  /** Sets a register of a VTL on the VP itself. */
  setRegister(vp: number, name: number, value: bigint, vtl: number): number {
    return this.#call(vp, CallCode.SetVpRegisters, 1, HEADER_SIZE + 32, (view) => {
      view.setUint32(8, HV_VP_INDEX_SELF, true);
      view.setUint8(12, USE_TARGET_VTL | vtl);
      view.setUint32(HEADER_SIZE, name, true);
      setValue128(view, HEADER_SIZE + 16, value);
    });
  }

  /** A register of a VTL on the VP itself; null where the hypervisor refuses. */
  register(vp: number, name: number, vtl: number): bigint | null {
    const status = this.#call(vp, CallCode.GetVpRegisters, 1, HEADER_SIZE + 4, (view) => {
      view.setUint32(8, HV_VP_INDEX_SELF, true);
      view.setUint8(12, USE_TARGET_VTL | vtl);
      view.setUint32(HEADER_SIZE, name, true);
    });
    const address = BigInt(this.#input + OUTPUT);
    const read = this.#hypervisor.access(vp, { access: 'read', address, length: 16, physical: true, cpl: 0 });
    if (status !== HvStatus.SUCCESS || read.kind !== 'done') return null;
    const view = new DataView(read.data.buffer, read.data.byteOffset, 16);
    return getValue128(view, 0);
  }

  /** What VTLs below the caller may do with pages: bits 1 read, 2 write, 4 kernel and 8 user execute. */
  protect(vp: number, pages: readonly number[], mask: number): number {
    for (let done = 0; done < pages.length; done += PAGES_PER_CALL) {
      const part = pages.slice(done, done + PAGES_PER_CALL);
      const size = HEADER_SIZE + part.length * 8;
      const status = this.#call(vp, CallCode.ModifyVtlProtectionMask, part.length, size, (view) => {
        view.setUint32(8, mask, true);
        part.forEach((page, index) => {
          view.setBigUint64(HEADER_SIZE + index * 8, BigInt(page), true);
        });
      });
      if (status !== HvStatus.SUCCESS) return status;
    }
    return HvStatus.SUCCESS;
  }

  #withContext(vp: number, code: number, target: number, vtl: number, start: KernelStart): number {
    return this.#simple(vp, code, HEADER_SIZE + CONTEXT_SIZE, (view) => {
      view.setUint32(8, target, true);
      view.setUint8(12, vtl);
      new Uint8Array(view.buffer).set(contextBytes(start), HEADER_SIZE);
    });
  }

  #simple(vp: number, code: number, size: number, fill: (view: DataView) => void): number {
    return this.#call(vp, code, 0, size, fill);
  }

  #call(vp: number, code: number, reps: number, size: number, fill: (view: DataView) => void): number {
    const view = new DataView(new ArrayBuffer(size));
    view.setBigUint64(0, HV_PARTITION_ID_SELF, true);
    fill(view);
    const address = BigInt(this.#input);
    const data = new Uint8Array(view.buffer);
    this.#hypervisor.access(vp, { access: 'write', address, data, physical: true, cpl: 0 });
    const control = BigInt(code) | (BigInt(reps) << 32n);
    let result = this.#hypervisor.hypercall(vp, { control, input: address, output: address + BigInt(OUTPUT) });
    while (result.kind === 'continued') result = this.#hypervisor.hypercallAgain(vp);
    // A kernel that could not even make its call is refused like one whose call was.
    return result.kind === 'completed' ? result.status : HvStatus.OPERATION_FAILED;
  }
}
