/** Instructions of the active VTL that touch memory, registers or ports: what the second level and higher VTLs make of them. */
import { type Translation, TranslationCode, translateAddress } from '../memory/address-translation.js';
import { accessMemory } from '../memory/guest-access.js';
import { pageParts } from '../memory/guest-memory.js';
import { PAGE_SIZE, pageOfAddress } from '../memory/page-numbers.js';
import type { PageAccess } from '../memory/rights.js';
import type { AccessOutcome } from '../memory/slat.js';
import { Vector } from './constants.js';
import type { InterceptedInstruction } from './intercept-messages.js';
import { interceptIoPort, interceptMemory, interceptRegisterWrite } from './intercepts.js';
import { evaluateInterrupts } from './interrupts.js';
import {
  type AccessResult,
  done,
  type Fault,
  fault,
  type HostDenied,
  type InstructionResult,
  type Intercepted,
} from './outcomes.js';
import { pagingRegisters } from './paging.js';
import { RegisterName } from './register-names.js';
import { canHold } from './registers.js';
import { type HypervisorState, log, modeOf, setRegister } from './state.js';
import type { VirtualProcessor } from './virtual-processor.js';

const CR0_PG = 1n << 31n;

/** One access to memory by an instruction. */
export interface MemoryInstruction {
  readonly access: PageAccess;
  /** Guest virtual, or guest-physical with `physical`. */
  readonly address: bigint;
  /** What a write stores; for a read or a fetch as many bytes as are wanted. */
  readonly buffer: Uint8Array;
  /** The address is guest-physical: as if the VTL's own page tables allowed everything. */
  readonly physical: boolean;
  readonly cpl: number;
  /** The instruction's own bytes, for the message of an intercept. */
  readonly bytes: Uint8Array;
}

/** A part of an access in one page of guest-physical memory. */
interface PhysicalPart {
  readonly address: number;
  readonly start: number;
  readonly length: number;
  readonly cacheType: number;
}

const WRITE_BACK = 6;

const raise = (state: HypervisorState, vp: VirtualProcessor, vector: number, errorCode: number, why: string): Fault => {
  log(state, { kind: 'fault', vp: vp.index, vtl: vp.activeVtl, vector, why });
  return fault(vector, errorCode);
};

/** P 0, W 1, U 2, reserved bit 3, fetch 4. */
const pageFaultCode = (code: number, { access, cpl }: MemoryInstruction): number =>
  (code === TranslationCode.PRIVILEGE_VIOLATION || code === TranslationCode.INVALID_PAGE_TABLE_FLAGS ? 1 : 0) |
  (access === 'write' ? 2 : 0) |
  (cpl === 3 ? 4 : 0) |
  (code === TranslationCode.INVALID_PAGE_TABLE_FLAGS ? 8 : 0) |
  (access === 'execute' ? 16 : 0);

const hostDenied = (outcome: AccessOutcome, page: number): HostDenied => ({
  kind: 'host',
  reason: outcome.kind === 'unmapped' || outcome.kind === 'overlay-denied' ? outcome.kind : 'host-denied',
  page,
});

/** What a refusal by the second level comes to. @param gpa of the first byte refused */
const refusedAt = (
  state: HypervisorState,
  vp: VirtualProcessor,
  outcome: AccessOutcome,
  instruction: InterceptedInstruction,
  gpa: bigint,
  cacheType: number,
): Intercepted | HostDenied =>
  outcome.kind === 'intercept'
    ? interceptMemory(state, vp, outcome.vtl, instruction, gpa, cacheType)
    : hostDenied(outcome, pageOfAddress(gpa));

/** A translation that ended early. A page fault leaves its address in CR2. */
const untranslated = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: MemoryInstruction,
  address: bigint,
  { code, refused }: Translation,
): Exclude<AccessResult, { kind: 'done' }> => {
  if (refused === null) {
    setRegister(state, vp, vp.activeVtl, RegisterName.Cr2, address);
    const why = `page fault at 0x${address.toString(16)}`;
    return raise(state, vp, Vector.PAGE_FAULT, pageFaultCode(code, instruction), why);
  }
  const gpa = BigInt(refused.page * PAGE_SIZE + refused.offset);
  const bytes = { access: refused.access, bytes: instruction.bytes };
  return refusedAt(state, vp, refused.outcome, bytes, gpa, WRITE_BACK);
};

const isCanonical = (address: bigint): boolean => BigInt.asIntN(48, address) === BigInt.asIntN(64, address);

type Parts = { readonly kind: 'parts'; readonly parts: readonly PhysicalPart[] };

/** Guest-physical parts of the access, or what stopped it before anything was done. */
const physicalParts = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: MemoryInstruction,
): Parts | Exclude<AccessResult, { kind: 'done' }> => {
  const { access, address, buffer, physical, cpl } = instruction;
  const vtl = vp.activeVtl;
  if (physical) {
    const parts = [{ address: Number(address), start: 0, length: buffer.length, cacheType: WRITE_BACK }];
    return { kind: 'parts', parts };
  }
  const registers = pagingRegisters(state, vp, vtl, cpl);
  const last = address + BigInt(Math.max(buffer.length, 1) - 1);
  if ((registers.cr0 & CR0_PG) !== 0n && !(isCanonical(address) && isCanonical(last))) {
    return raise(state, vp, Vector.GENERAL_PROTECTION, 0, `address 0x${address.toString(16)} is not canonical`);
  }
  const options = { accesses: [access], privilege: 'current', smap: 'registers', setTableBits: true } as const;
  const parts: PhysicalPart[] = [];
  for (const { start, length } of pageParts(Number(address % BigInt(PAGE_SIZE)), buffer.length)) {
    const at = address + BigInt(start);
    const translation = translateAddress(state.slat, vtl, registers, at, options);
    if (translation.code !== TranslationCode.SUCCESS) return untranslated(state, vp, instruction, at, translation);
    const offset = Number(at % BigInt(PAGE_SIZE));
    parts.push({ address: translation.page * PAGE_SIZE + offset, start, length, cacheType: translation.cacheType });
  }
  return { kind: 'parts', parts };
};

/** The active VTL reads, writes or fetches. An access that any of its pages refuses has no effect at all. */
export const accessGuestMemory = (
  state: HypervisorState,
  vp: VirtualProcessor,
  instruction: MemoryInstruction,
): AccessResult => {
  const found = physicalParts(state, vp, instruction);
  if (found.kind !== 'parts') return found;
  const { access, buffer, bytes, cpl } = instruction;
  const mode = modeOf(state, vp, vp.activeVtl, cpl);
  const data = new Uint8Array(buffer);
  // Translated parts were checked with their translation, so that only a physical access, which is one part, can be refused here.
  for (const { address, start, length, cacheType } of found.parts) {
    const part = data.subarray(start, start + length);
    const { outcome, page } = accessMemory(state.slat, vp.activeVtl, address, part, access, mode);
    if (outcome.kind === 'allowed') continue;
    const gpa = BigInt(Math.max(page * PAGE_SIZE, address));
    return refusedAt(state, vp, outcome, { access, bytes }, gpa, cacheType);
  }
  return { kind: 'done', data, gpa: BigInt(found.parts[0]?.address ?? 0) };
};

/** MOV to a control or debug register, LGDT and their like. MSRs have their own instruction. */
export const writeGuestRegister = (
  state: HypervisorState,
  vp: VirtualProcessor,
  name: number,
  value: bigint,
  bytes: Uint8Array,
): InstructionResult => {
  const intercepted = interceptRegisterWrite(state, vp, name, value, bytes);
  if (intercepted !== null) return intercepted;
  if (!canHold(name, value)) {
    return raise(state, vp, Vector.GENERAL_PROTECTION, 0, `register 0x${name.toString(16)} cannot hold its new value`);
  }
  setRegister(state, vp, vp.activeVtl, name, value);
  // CR8 and RFLAGS.IF decide about interrupts.
  evaluateInterrupts(state, vp);
  return done(0n);
};

/** IN and OUT. No port has a device behind it: a read is all ones. @param size bytes: 1, 2 or 4 */
export const useIoPort = (
  state: HypervisorState,
  vp: VirtualProcessor,
  port: number,
  access: 'read' | 'write',
  size: number,
  bytes: Uint8Array,
): InstructionResult =>
  interceptIoPort(state, vp, port, access, size, bytes) ?? done(access === 'read' ? (1n << BigInt(size * 8)) - 1n : 0n);
