/**
 * Guest virtual to guest physical, as the processor does it for a VTL and as HvCallTranslateVirtualAddress reports it
 * (facts/vsm.md 1.5): page tables first, then the rights of the page they name.
 *
 * What the facts leave open is decided here: a page right is looked at only for the kinds of access that are validated; nothing
 * is written unless the whole translation succeeds; a non-canonical address is not present; legacy and 5-level paging are not
 * emulated and answer INVALID_PAGE_TABLE_FLAGS; a fetch the host refuses answers GPA_NO_READ_ACCESS, having no code of its own.
 */
import { pageWritten } from './guest-access.js';
import { type Mapping, type UsedEntry, type Walk, walkPageTables } from './page-table-walk.js';
import { neededRight, type PageAccess, PageRight } from './rights.js';
import { type AccessOutcome, checkPage, isMapped, overlaySeen, type Slat } from './slat.js';

/** HV_TRANSLATE_GVA_RESULT_CODE (facts/vsm.md 1.5). 9, an unaccepted page, does not arise: it is a confidential VM's. */
export const TranslationCode = {
  SUCCESS: 0,
  PAGE_NOT_PRESENT: 1,
  PRIVILEGE_VIOLATION: 2,
  INVALID_PAGE_TABLE_FLAGS: 3,
  GPA_UNMAPPED: 4,
  GPA_NO_READ_ACCESS: 5,
  GPA_NO_WRITE_ACCESS: 6,
  GPA_ILLEGAL_OVERLAY_ACCESS: 7,
  INTERCEPT: 8,
} as const;

/** The registers of the VTL whose address it is. */
export interface PagingRegisters {
  readonly cr0: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  readonly efer: bigint;
  readonly rflags: bigint;
  readonly pat: bigint;
  /** Current privilege level, 0 … 3. */
  readonly cpl: number;
  /** MBEC is on for this VTL on this VP. */
  readonly mbec: boolean;
  /** As in `ExecutionMode`: whether SMEP is in force where MBEC asks for it. */
  readonly smep: boolean;
}

export interface TranslationOptions {
  /** Kinds of access to validate. Without any, only the mapping is looked up. */
  readonly accesses: readonly PageAccess[];
  /** Whose access it is: the registers' CPL, user, supervisor, both, or one that U/S, SMEP and SMAP do not bind. */
  readonly privilege: 'current' | 'user' | 'supervisor' | 'both' | 'exempt';
  /** SMAP by RFLAGS.AC, as if AC were clear, or not at all. */
  readonly smap: 'registers' | 'enforce' | 'override';
  /** Set accessed and dirty bits, as the processor does. */
  readonly setTableBits: boolean;
}

/** Where a translation was refused. */
export interface Refused {
  readonly page: number;
  /** Of the table's entry or the address, within the page. */
  readonly offset: number;
  readonly access: PageAccess;
  readonly outcome: AccessOutcome;
}

export interface Translation {
  readonly code: number;
  /** The guest-physical page; 0 unless `code` is SUCCESS. */
  readonly page: number;
  /** Memory type by the PAT: 0 UC, 1 WC, 4 WT, 5 WP, 6 WB (facts/vsm.md 1.5). */
  readonly cacheType: number;
  /** The page is one of this VTL's overlays. */
  readonly overlay: boolean;
  /** The page whose rights ended the translation, a table's or the mapped one. */
  readonly refused: Refused | null;
}

const CR0_WP = 1n << 16n;
const CR0_PG = 1n << 31n;
const CR4_LA57 = 1n << 12n;
const CR4_SMEP = 1n << 20n;
const CR4_SMAP = 1n << 21n;
const EFER_LMA = 1n << 10n;
const EFER_NXE = 1n << 11n;
const RFLAGS_AC = 1n << 18n;
const ACCESSED = 0x20;
const DIRTY = 0x40;
const WRITE_BACK = 6;

/** Decodes the control flags of HvCallTranslateVirtualAddress (facts/vsm.md 1.5), bits 10:0. */
export const translationOptions = (flags: number): TranslationOptions => {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const kinds: readonly (readonly [number, PageAccess])[] = [
    [0x1, 'read'],
    [0x2, 'write'],
    [0x4, 'execute'],
  ];
  const named = has(0x40) ? (has(0x80) ? 'both' : 'supervisor') : has(0x80) ? 'user' : 'current';
  return {
    accesses: kinds.filter(([bit]) => has(bit)).map(([, access]) => access),
    privilege: has(0x8) ? 'exempt' : named,
    smap: has(0x100) ? 'enforce' : has(0x200) ? 'override' : 'registers',
    setTableBits: has(0x10),
  };
};

const failed = (code: number, refused: Translation['refused'] = null): Translation => ({
  code,
  page: 0,
  cacheType: 0,
  overlay: false,
  refused,
});

const refusedBy = (page: number, offset: number, access: PageAccess, outcome: AccessOutcome): Translation => {
  const noAccess = access === 'write' ? TranslationCode.GPA_NO_WRITE_ACCESS : TranslationCode.GPA_NO_READ_ACCESS;
  const codes: Readonly<Record<AccessOutcome['kind'], number>> = {
    allowed: TranslationCode.SUCCESS,
    intercept: TranslationCode.INTERCEPT,
    'host-denied': noAccess,
    unmapped: TranslationCode.GPA_UNMAPPED,
    'overlay-denied': TranslationCode.GPA_ILLEGAL_OVERLAY_ACCESS,
  };
  return failed(codes[outcome.kind], { page, offset, access, outcome });
};

/** Modes a translation must be right for; true is user. */
const modesOf = (privilege: TranslationOptions['privilege'], cpl: number): readonly boolean[] => {
  if (privilege === 'both') return [true, false];
  return [privilege === 'user' || (privilege === 'current' && cpl === 3)];
};

const violates = (
  mapping: Mapping,
  registers: PagingRegisters,
  { privilege, smap }: TranslationOptions,
  access: PageAccess,
  user: boolean,
): boolean => {
  const userPage = mapping.user && privilege !== 'exempt';
  if (user && !userPage) return true;
  if (access === 'execute') return mapping.noExecute || (!user && userPage && (registers.cr4 & CR4_SMEP) !== 0n);
  if (access === 'write' && !mapping.writable && (user || (registers.cr0 & CR0_WP) !== 0n)) return true;
  if (user || !userPage || (registers.cr4 & CR4_SMAP) === 0n || smap === 'override') return false;
  return smap === 'enforce' || (registers.rflags & RFLAGS_AC) === 0n;
};

const WALK_CODES: Readonly<Record<'not-present' | 'invalid-flags', number>> = {
  'not-present': TranslationCode.PAGE_NOT_PRESENT,
  'invalid-flags': TranslationCode.INVALID_PAGE_TABLE_FLAGS,
};

/** Paging is off: an address is its own physical address and the tables' rights do not exist. */
const IDENTITY = { writable: true, user: true, noExecute: false, patIndex: null, entries: [] } as const;
/** A mapping of an address, with its offset in the page. */
type Found = Omit<Mapping, 'patIndex'> & { readonly patIndex: number | null; readonly offset: number };

const walk = (slat: Slat, vtl: number, registers: PagingRegisters, address: bigint): Walk => {
  const { cr3, cr4, efer } = registers;
  if ((efer & EFER_LMA) === 0n || (cr4 & CR4_LA57) !== 0n) return { kind: 'invalid-flags' };
  if (BigInt.asIntN(48, address) !== BigInt.asIntN(64, address)) return { kind: 'not-present' };
  const table = Number((cr3 >> 12n) & 0xff_ffff_ffffn);
  const split = { low: Number(address & 0xffff_ffffn), high: Number((address >> 32n) & 0xffff_ffffn) };
  return walkPageTables(slat, vtl, table, split, (efer & EFER_NXE) !== 0n);
};

const cacheTypeOf = (patIndex: number | null, pat: bigint): number => {
  if (patIndex === null) return WRITE_BACK;
  const type = Number((pat >> BigInt(patIndex * 8)) & 7n);
  // UC- is reported as UC: the numbering of facts/vsm.md 1.5 has no 7.
  return type === 7 ? 0 : type;
};

/**
 * Translates an address of a VTL.
 * @param address guest virtual, 64 bits
 * @returns codes and pages; never throws for what a guest has set up
 */
export const translateAddress = (
  slat: Slat,
  vtl: number,
  registers: PagingRegisters,
  address: bigint,
  options: TranslationOptions,
): Translation => {
  const offset = Number(address & 0xfffn);
  if ((registers.cr0 & CR0_PG) === 0n) {
    const page = Number(BigInt.asUintN(64, address) >> 12n);
    return finish(slat, vtl, registers, { ...IDENTITY, page, offset }, options);
  }
  const walked = walk(slat, vtl, registers, address);
  if (walked.kind === 'table-refused') return refusedBy(walked.page, walked.offset, 'read', walked.outcome);
  if (walked.kind !== 'mapped') return failed(WALK_CODES[walked.kind]);
  for (const user of modesOf(options.privilege, registers.cpl)) {
    for (const access of options.accesses) {
      if (violates(walked.mapping, registers, options, access, user))
        return failed(TranslationCode.PRIVILEGE_VIOLATION);
    }
  }
  return finish(slat, vtl, registers, { ...walked.mapping, offset }, options);
};

/** The second level: the mapped page's rights, then the accessed and dirty bits. */
const finish = (
  slat: Slat,
  vtl: number,
  registers: PagingRegisters,
  found: Found,
  options: TranslationOptions,
): Translation => {
  const { page, offset } = found;
  if (!isMapped(slat, vtl, page)) return refusedBy(page, offset, options.accesses[0] ?? 'read', { kind: 'unmapped' });
  for (const user of modesOf(options.privilege, registers.cpl)) {
    for (const access of options.accesses) {
      const right = neededRight(access, { cpl: user ? 3 : 0, mbec: registers.mbec, smep: registers.smep });
      const outcome = checkPage(slat, vtl, page, right);
      if (outcome.kind !== 'allowed') return refusedBy(page, offset, access, outcome);
    }
  }
  const refused = options.setTableBits
    ? setTableBits(slat, vtl, found.entries, options.accesses.includes('write'))
    : null;
  if (refused !== null) return refused;
  const overlay = overlaySeen(slat, vtl, page) !== undefined;
  return {
    code: TranslationCode.SUCCESS,
    page,
    cacheType: cacheTypeOf(found.patIndex, registers.pat),
    overlay,
    refused,
  };
};

/** @returns what refused; then nothing was written */
const setTableBits = (slat: Slat, vtl: number, entries: readonly UsedEntry[], dirty: boolean): Translation | null => {
  const bitsOf = (index: number): number => (dirty && index === entries.length - 1 ? ACCESSED | DIRTY : ACCESSED);
  const changed = entries
    .map((entry, index) => ({ ...entry, bits: bitsOf(index) }))
    .filter(({ low, bits }) => (low & bits) !== bits);
  for (const { page, offset } of changed) {
    const outcome = checkPage(slat, vtl, page, PageRight.WRITE);
    if (outcome.kind !== 'allowed') return refusedBy(page, offset, 'write', outcome);
  }
  for (const { page, offset, low, bits } of changed) pageWritten(slat, vtl, page)[offset] = (low | bits) & 0xff;
  return null;
};
