/** The emulated hypervisor of one partition, as a program drives it. */
import { requireId, requireObject, show } from '../../arguments.js';
import { requireBuffer } from '../call-arguments.js';
import { transferByDevice } from '../memory/dma.js';
import { accessMemory, checkAccess, requireAccess } from '../memory/guest-access.js';
import { memoryInUse, readMemory, writeMemory, zeroPages } from '../memory/guest-memory.js';
import { misuse, pageOfAddress, requirePage } from '../memory/page-numbers.js';
import { type ExecutionMode, KERNEL_MODE, type PageAccess } from '../memory/rights.js';
import { type AccessOutcome, forEachProtection, protectionOf, slatBytes } from '../memory/slat.js';

import {
  requireLength,
  requireOneOf,
  requireOptions,
  requireState,
  requireUnsigned,
  requireXmm,
} from './edge-arguments.js';
import { type EventAbove, eventsLost, type LoggedEvent, loggedEvents } from './event-log.js';
import { accessGuestMemory, useIoPort, writeGuestRegister } from './guest-instructions.js';
import { executeHypercall } from './hypercall-interface.js';
import { FIRST_INTERRUPT_VECTOR, requestInterrupt, signalEnd, takeEvent } from './interrupts.js';
import { readMsr, writeMsr } from './msrs.js';
import type { AccessResult, GuestEvent, HypercallResult, InstructionResult } from './outcomes.js';
import { configOf } from './partition.js';
import type { Profile } from './profile.js';
import { RegisterName, registerNameText, xmmName } from './register-names.js';
import { registerRow } from './registers.js';
import {
  createState,
  getRegister,
  type HypervisorOptions,
  type HypervisorState,
  log,
  resetState,
  setRegister,
  vpOf,
} from './state.js';
import { privilegeLevel, type VirtualProcessor, vtlOf } from './virtual-processor.js';

/** The registers a guest loads before the hypercall instruction (facts/vsm.md 1.2). */
export interface HypercallRequest {
  /** RCX: the control word. */
  readonly control: bigint;
  /** RDX: input address, or the first fast word. */
  readonly input?: bigint;
  /** R8: output address, or the second fast word. */
  readonly output?: bigint;
  /** XMM0 and on, 128 bits each. */
  readonly xmm?: readonly bigint[];
}

export interface MemoryRequest {
  readonly access: PageAccess;
  /** Guest virtual address; guest-physical with `physical`. */
  readonly address: bigint;
  /** What a write stores. */
  readonly data?: Uint8Array;
  /** Bytes that a read or fetch wants; 8 unless given. */
  readonly length?: number;
  readonly physical?: boolean;
  /** Privilege level; that of the VTL unless given. */
  readonly cpl?: 0 | 3;
  /** The instruction's bytes, for an intercept's message. */
  readonly instruction?: Uint8Array;
}

/** What a partition is like now, for a person or a picture. */
export interface HypervisorDescription {
  readonly profile: string;
  readonly enabledVtls: readonly number[];
  readonly processors: readonly {
    readonly index: number;
    readonly running: boolean;
    readonly activeVtl: number;
    readonly enabledVtls: readonly number[];
  }[];
  /** VTL1 protects memory from VTL0. */
  readonly protecting: boolean;
  readonly iommu: boolean;
  /** Bytes of guest memory in use, and bytes spent on rights. */
  readonly memoryBytes: number;
  readonly rightsBytes: number;
  readonly events: number;
  readonly eventsLost: number;
}

/** A hypervisor's state at one moment. */
export interface HypervisorSnapshot {
  readonly state: HypervisorState;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

const bits = (set: number): readonly number[] =>
  Array.from({ length: 16 }, (_, bit) => bit).filter((bit) => (set & (1 << bit)) !== 0);

/**
 * One partition under an emulated hypervisor (facts/vsm.md 1). Deterministic: no clock, no random source, no I/O; the same calls
 * in the same order give the same answers and the same log.
 *
 * A method stands for an instruction that a VP executes in its active VTL; what the guest gets wrong comes back as a value (a status,
 * a fault, an intercept). Only a caller's own mistakes throw: ERR_TRUSTLET_ARGUMENT, for a VP that does not exist or does not run, or
 * a value of the wrong kind.
 */
export class Hypervisor {
  #state: HypervisorState;

  /** @throws TrustletError ERR_TRUSTLET_ARGUMENT for options out of range */
  constructor(options: HypervisorOptions = {}) {
    this.#state = createState(requireOptions(options));
  }

  get profile(): Profile {
    return this.#state.profile;
  }

  /** The events still held, oldest first; `eventText` renders one. */
  get events(): readonly LoggedEvent[] {
    return loggedEvents(this.#state.log);
  }

  /** Puts an event of what runs above into the log, in its place. */
  record(event: EventAbove): void {
    log(this.#state, event);
  }

  /** Whether a VTL is enabled for the partition. */
  hasVtl(vtl: number): boolean {
    return (this.#state.partition.enabledVtls & (1 << vtl)) !== 0;
  }

  /** The VTL a VP is in. */
  activeVtl(vp: number): number {
    return vpOf(this.#state, vp).activeVtl;
  }

  /** The hypercall instruction. Registers that the request leaves out keep their values. */
  hypercall(vp: number, request: HypercallRequest): HypercallResult {
    const running = this.#running(vp);
    requireObject('request', request);
    const { control, input, output, xmm = [] } = request;
    this.#load(running, RegisterName.Rcx, requireUnsigned('control', control));
    if (input !== undefined) this.#load(running, RegisterName.Rdx, requireUnsigned('input', input));
    if (output !== undefined) this.#load(running, RegisterName.R8, requireUnsigned('output', output));
    requireXmm(xmm).forEach((value, index) => {
      this.#load(running, xmmName(index), value);
    });
    return executeHypercall(this.#state, running);
  }

  /** The hypercall instruction once more, with the registers as they are: after `continued` or `waiting`. */
  hypercallAgain(vp: number): HypercallResult {
    return executeHypercall(this.#state, this.#running(vp));
  }

  /** HvCallVtlCall as the hypercall page makes it: RAX is the call's input, RCX its control word. */
  vtlCall(vp: number, input = 0n): HypercallResult {
    return this.#vtlSwitch(vp, 0x11n, input);
  }

  /** HvCallVtlReturn. @param input 0, or 1 to leave RAX and RCX alone */
  vtlReturn(vp: number, input = 0n): HypercallResult {
    return this.#vtlSwitch(vp, 0x12n, input);
  }

  /** A read, write or fetch. Cost: one page walk for each page where paging is on. */
  access(vp: number, request: MemoryRequest): AccessResult {
    const running = this.#running(vp);
    requireObject('request', request);
    const { access, address, data, length, physical, cpl, instruction } = request;
    requireAccess(access);
    return accessGuestMemory(this.#state, running, {
      access,
      address: requireUnsigned('address', address),
      buffer:
        access === 'write'
          ? requireBuffer('data', data ?? NO_BYTES)
          : new Uint8Array(requireLength('length', length ?? 8)),
      physical: physical ?? false,
      cpl: cpl ?? privilegeLevel(running, running.activeVtl),
      bytes: instruction ?? NO_BYTES,
    });
  }

  /**
   * Whether a VTL may use the page of a guest-physical address, and who refuses. No event, no intercept. Over 20 million calls a
   * second (docs/bench.md).
   */
  check(vtl: number, address: bigint, access: PageAccess, mode: ExecutionMode = KERNEL_MODE): AccessOutcome {
    return checkAccess(this.#state.slat, vtl, address, access, mode);
  }

  /** A register as the active VTL has it. */
  readRegister(vp: number, name: number): bigint {
    const { activeVtl } = vpOf(this.#state, vp);
    return getRegister(this.#state, vpOf(this.#state, vp), activeVtl, this.#known(name));
  }

  /** The active VTL writes a register. A higher VTL may intercept it. */
  writeRegister(vp: number, name: number, value: bigint, instruction: Uint8Array = NO_BYTES): InstructionResult {
    const unsigned = requireUnsigned('value', value, registerRow(this.#known(name))?.mask);
    return writeGuestRegister(this.#state, this.#running(vp), name, unsigned, instruction);
  }

  readMsr(vp: number, msr: number): InstructionResult {
    return readMsr(this.#state, this.#running(vp), requireId('msr', msr));
  }

  writeMsr(vp: number, msr: number, value: bigint, instruction: Uint8Array = NO_BYTES): InstructionResult {
    return writeMsr(
      this.#state,
      this.#running(vp),
      requireId('msr', msr),
      requireUnsigned('value', value),
      instruction,
    );
  }

  /** IN or OUT. @param size bytes: 1, 2 or 4 */
  ioPort(
    vp: number,
    port: number,
    access: 'read' | 'write',
    size: 1 | 2 | 4 = 1,
    instruction: Uint8Array = NO_BYTES,
  ): InstructionResult {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
      throw misuse(`An I/O port is a whole number from 0 to 65535; got ${show(port)}.`);
    }
    requireOneOf('access', access, ['read', 'write']);
    requireOneOf('size', size, [1, 2, 4]);
    return useIoPort(this.#state, this.#running(vp), port, access, size, instruction);
  }

  /** An interrupt from a device, for a VTL of a VP. @param vector 16 … 255 */
  raise(vp: number, vtl: number, vector: number): void {
    if (!Number.isInteger(vector) || vector < FIRST_INTERRUPT_VECTOR || vector > 0xff) {
      throw misuse(`An interrupt vector is a whole number from ${FIRST_INTERRUPT_VECTOR} to 255; got ${show(vector)}.`);
    }
    requestInterrupt(this.#state, vpOf(this.#state, vp), vtl, vector, 'device');
  }

  /** What the VP dispatches before its next instruction: an exception, an NMI or an interrupt. It counts as dispatched. */
  nextEvent(vp: number): GuestEvent | null {
    return takeEvent(this.#state, this.#running(vp));
  }

  endOfInterrupt(vp: number): void {
    signalEnd(this.#state, this.#running(vp));
  }

  /**
   * A device reads memory into the buffer, or writes the buffer to memory.
   * @param address guest-physical, bytes
   */
  transferByDevice(
    address: bigint,
    buffer: Uint8Array,
    direction: 'read' | 'write',
  ): 'allowed' | 'blocked' | 'unmapped' {
    const page = pageOfAddress(address);
    requireBuffer('buffer', buffer);
    requireOneOf('direction', direction, ['read', 'write']);
    const outcome = transferByDevice(this.#state.slat, Number(address), buffer, direction);
    log(this.#state, { kind: 'device-access', page, write: direction === 'write', outcome });
    return outcome;
  }

  /** The IOMMU that confines devices to VTL0's rights: on or off. */
  set iommu(on: boolean) {
    this.#state.slat.iommu = on;
  }

  /** Moves the time stamp counter. @param ticks see `tscFrequency` of the features */
  advanceTime(ticks: bigint): void {
    this.#state.tsc += requireUnsigned('ticks', ticks);
  }

  /** Guest memory as the host finds it, whatever rights VTLs have. @param address guest-physical */
  readPhysical(address: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(requireLength('length', length));
    const read = readMemory(this.#state.slat.memory, Number(requireUnsigned('address', address)), bytes);
    return bytes.subarray(0, read);
  }

  /** Puts bytes into guest memory as the host can. @returns how many found RAM */
  writePhysical(address: bigint, bytes: Uint8Array): number {
    return writeMemory(
      this.#state.slat.memory,
      Number(requireUnsigned('address', address)),
      requireBuffer('bytes', bytes),
    );
  }

  /**
   * Copies as a VTL in kernel mode: rights count, and a refusal is an answer and no intercept.
   * @param address guest-physical, below 2^44
   * @param direction `read` fills the buffer; `write` stores it
   */
  copy(vtl: number, address: number, buffer: Uint8Array, direction: 'read' | 'write'): AccessOutcome {
    requireOneOf('direction', direction, ['read', 'write']);
    return accessMemory(this.#state.slat, vtl, address, requireBuffer('buffer', buffer), direction, KERNEL_MODE)
      .outcome;
  }

  /** Zeroes a page of memory, whatever rights VTLs have. */
  zeroPage(page: number): void {
    zeroPages(this.#state.slat.memory, requirePage(page), 1);
  }

  /** Pages of memory that were written to, in order; every other one is zero. */
  pagesInUse(): readonly number[] {
    return [...this.#state.slat.memory.pages.keys()].sort((a, b) => a - b);
  }

  /** What a VTL leaves the VTLs below it on the page of an address: bits 1 read, 2 write, 4 kernel and 8 user execute. */
  protection(vtl: number, address: bigint): number {
    return protectionOf(this.#state.slat, vtl, pageOfAddress(address)).mask;
  }

  /** A VP's page of the hypervisor, whether or not the guest has it mapped: a copy. */
  page(vp: number, vtl: number, which: 'assist' | 'messages'): Uint8Array {
    requireOneOf('which', which, ['assist', 'messages']);
    const { assistPage, synic } = vtlOf(vpOf(this.#state, vp), vtl);
    return (which === 'assist' ? assistPage : synic.messages).slice();
  }

  /** Every page that a VTL has protected individually, in order. */
  protectedPages(vtl: number): readonly { readonly page: number; readonly mask: number }[] {
    const pages: { readonly page: number; readonly mask: number }[] = [];
    forEachProtection(this.#state.slat, vtl, (page, mask) => {
      pages.push({ page, mask });
    });
    return pages;
  }

  /** Resets the partition; what a higher VTL kept from VTL0 is zeroed if it asked for that (ZeroMemoryOnReset). */
  reset(): void {
    resetState(this.#state);
  }

  describe(): HypervisorDescription {
    const { profile, partition, vps, slat, log: events } = this.#state;
    return {
      profile: profile.name,
      enabledVtls: bits(partition.enabledVtls),
      processors: vps.map(({ index, startedVtls, activeVtl, enabledVtls }) => ({
        index,
        running: startedVtls !== 0,
        activeVtl,
        enabledVtls: bits(enabledVtls),
      })),
      protecting: configOf(partition, 1).enableVtlProtection === 1,
      iommu: slat.iommu,
      memoryBytes: memoryInUse(slat.memory),
      rightsBytes: slatBytes(slat),
      events: events.count,
      eventsLost: eventsLost(events),
    };
  }

  /** The whole state as a value. Cost: a deep copy of the pages in use and of the rights that were changed. */
  snapshot(): HypervisorSnapshot {
    return { state: structuredClone(this.#state) };
  }

  /** Puts a snapshot back, any number of times, also one of another hypervisor. */
  restore(snapshot: HypervisorSnapshot): void {
    this.#state = structuredClone(requireState(snapshot));
  }

  #running(index: number): VirtualProcessor {
    const vp = vpOf(this.#state, index);
    if (vp.startedVtls === 0) throw misuse(`VP ${index} has not been started; it can execute nothing.`);
    return vp;
  }

  #known(name: number): number {
    if (registerRow(name) !== undefined) return name;
    throw misuse(`There is no architectural register ${registerNameText(name)} here.`);
  }

  #load(vp: VirtualProcessor, name: number, value: bigint): void {
    setRegister(this.#state, vp, vp.activeVtl, name, value);
  }

  #vtlSwitch(vp: number, control: bigint, input: bigint): HypercallResult {
    const running = this.#running(vp);
    this.#load(running, RegisterName.Rax, requireUnsigned('input', input));
    return this.hypercall(vp, { control });
  }
}
