/** DOS, NT and section headers. Structures and offsets: Microsoft's "PE Format" page. */
import { Damage, type Diagnoses, hex } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import { DIRECTORY_NAMES, FileCharacteristic, machineName, subsystemName } from './header-values.js';
import { PE_LIMITS } from './limits.js';
import type { PeDirectory, PeHeaders, PeSection } from './report.js';

const DOS_HEADER_BYTES = 64;
const DOS_MAGIC = 0x5a4d;
const LFANEW = 0x3c;
const PE_MAGIC = 0x4550;
const COFF_BYTES = 24;
const SECTION_BYTES = 40;
const PE32 = 0x10b;
const PE32_PLUS = 0x20b;
/** Offset of the data directories within the optional header. */
const DIRECTORIES = { [PE32]: 96, [PE32_PLUS]: 112 } as const;
const DIRECTORY_BYTES = 8;

/** What the two bytes in the place of `PE` say of older formats. */
const OLDER_FORMATS: Readonly<Record<number, string>> = {
  17742: 'a 16-bit program (NE)',
  17740: 'a VxD or OS/2 program (LE)',
  22604: 'an OS/2 program (LX)',
};

/** The headers, and what else of them the reader needs. */
export interface NtHeaders {
  readonly headers: PeHeaders;
  readonly dllCharacteristics: number;
  readonly sectionAlignment: number;
  /** In the file. */
  readonly sectionTable: number;
  readonly sectionCount: number;
  /** Where that count stands in the file. */
  readonly sectionCountAt: number;
  /** Of the optional header's data directories, in the file. */
  readonly directoryTable: number;
}

/** @throws Damage where there is no DOS header to follow */
export const findNtHeaders = (file: FileBytes, notes: Diagnoses): number => {
  if (file.size < 2 || file.view(0, 2, 'the DOS header').getUint16(0, true) !== DOS_MAGIC) {
    throw new Damage('malformed', 0, "It does not begin with 'MZ': it is no Windows program.");
  }
  file.require(0, DOS_HEADER_BYTES, 'the DOS header');
  const offset = file.u32(LFANEW, 'the DOS header');
  if (offset < DOS_HEADER_BYTES) {
    notes.note('dos-header', 'overlap', LFANEW, `The NT headers begin at ${hex(offset)}, inside the DOS header.`);
  }
  if (offset + COFF_BYTES > file.size) {
    throw new Damage(
      'out-of-range',
      LFANEW,
      `The NT headers are said to be at ${hex(offset)}; the file ends at ${hex(file.size)}. It may be a DOS program.`,
    );
  }
  return offset;
};

const requirePeMagic = (coff: DataView, at: number): void => {
  if (coff.getUint32(0, true) === PE_MAGIC) return;
  const older = OLDER_FORMATS[coff.getUint16(0, true)];
  throw new Damage(
    'malformed',
    at,
    `There is no 'PE' signature at ${hex(at)}${older === undefined ? '' : `: it is ${older}`}.`,
  );
};

const readDirectories = (
  file: FileBytes,
  notes: Diagnoses,
  table: number,
  announced: number,
  room: number,
): PeDirectory[] => {
  if (announced > DIRECTORY_NAMES.length) {
    notes.note(
      'nt-headers',
      'too-many',
      table - 4,
      `It announces ${announced} data directories; there are ${DIRECTORY_NAMES.length}.`,
    );
  }
  const count = Math.min(announced, DIRECTORY_NAMES.length, Math.max(0, Math.floor(room / DIRECTORY_BYTES)));
  const view = file.view(table, count * DIRECTORY_BYTES, 'the table of data directories');
  return DIRECTORY_NAMES.slice(0, count)
    .map((name, index) => ({
      name,
      address: view.getUint32(index * DIRECTORY_BYTES, true),
      size: view.getUint32(index * DIRECTORY_BYTES + 4, true),
    }))
    .filter(({ address, size }) => address !== 0 || size !== 0);
};

/** @param at where `findNtHeaders` found them */
export const readNtHeaders = (file: FileBytes, notes: Diagnoses, at: number): NtHeaders => {
  const coff = file.view(at, COFF_BYTES, 'the COFF header');
  requirePeMagic(coff, at);
  const characteristics = coff.getUint16(22, true);
  const optionalBytes = coff.getUint16(20, true);
  const optional = at + COFF_BYTES;
  const magic = file.view(optional, 2, 'the optional header').getUint16(0, true);
  if (magic !== PE32 && magic !== PE32_PLUS) {
    throw new Damage(
      'malformed',
      optional,
      `The optional header's magic ${hex(magic)} is neither PE32 (0x10b) nor PE32+ (0x20b).`,
    );
  }
  const fixed = DIRECTORIES[magic];
  if (optionalBytes < fixed) {
    throw new Damage(
      'malformed',
      at + 20,
      `The optional header is said to have ${optionalBytes} bytes; it takes at least ${fixed}.`,
    );
  }
  const view = file.view(optional, fixed, 'the optional header');
  const directoryTable = optional + fixed;
  return {
    headers: {
      machine: machineName(coff.getUint16(4, true)),
      bits: magic === PE32_PLUS ? 64 : 32,
      isDll: (characteristics & FileCharacteristic.DLL) !== 0,
      isLargeAddressAware: (characteristics & FileCharacteristic.LARGE_ADDRESS_AWARE) !== 0,
      characteristics,
      timeDateStamp: coff.getUint32(8, true),
      subsystem: subsystemName(view.getUint16(68, true)),
      entryPoint: view.getUint32(16, true),
      imageBase: magic === PE32_PLUS ? view.getBigUint64(24, true) : BigInt(view.getUint32(28, true)),
      sizeOfImage: view.getUint32(56, true),
      sizeOfHeaders: view.getUint32(60, true),
      checksum: view.getUint32(64, true),
      directories: readDirectories(file, notes, directoryTable, view.getUint32(fixed - 4, true), optionalBytes - fixed),
    },
    dllCharacteristics: view.getUint16(70, true),
    sectionAlignment: view.getUint32(32, true),
    sectionTable: optional + optionalBytes,
    sectionCount: coff.getUint16(6, true),
    sectionCountAt: at + 6,
    directoryTable,
  };
};

const sectionName = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString('latin1');
};

/** @returns the sections in the table's order; more than `PE_LIMITS.sections` are not read */
export const readSections = (file: FileBytes, notes: Diagnoses, nt: NtHeaders): PeSection[] => {
  const { sectionTable, sectionCount } = nt;
  const count = Math.min(sectionCount, PE_LIMITS.sections);
  if (count < sectionCount) {
    const text = `It announces ${sectionCount} sections; Windows loads images of at most ${PE_LIMITS.sections}, and no more were read.`;
    notes.note('sections', 'too-many', nt.sectionCountAt, text);
  }
  const table = file.view(sectionTable, count * SECTION_BYTES, 'the section table');
  return Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_BYTES;
    return {
      name: sectionName(new Uint8Array(table.buffer, table.byteOffset + at, 8)),
      virtualSize: table.getUint32(at + 8, true),
      virtualAddress: table.getUint32(at + 12, true),
      fileSize: table.getUint32(at + 16, true),
      fileOffset: table.getUint32(at + 20, true),
      characteristics: table.getUint32(at + 36, true),
    };
  });
};

interface Range {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Of its section header, in the file. */
  readonly header: number;
}

const noteOverlaps = (notes: Diagnoses, ranges: readonly Range[], where: string): void => {
  const sorted = ranges.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  let widest: Range | undefined;
  for (const range of sorted) {
    if (widest !== undefined && range.from < widest.to) {
      const text = `Sections '${widest.name}' and '${range.name}' both claim the bytes from ${hex(range.from)} on ${where}.`;
      notes.note('sections', 'overlap', range.header, text);
    }
    if (widest === undefined || range.to > widest.to) widest = range;
  }
};

/** Notes sections that reach beyond the file, or claim what another one claims. */
export const checkSections = (
  file: FileBytes,
  notes: Diagnoses,
  nt: NtHeaders,
  sections: readonly PeSection[],
): void => {
  const headerOf = (index: number): number => nt.sectionTable + index * SECTION_BYTES;
  for (const [index, { name, fileOffset, fileSize }] of sections.entries()) {
    if (fileSize > 0 && fileOffset + fileSize > file.size) {
      const text = `Section '${name}' takes ${fileSize} bytes from ${hex(fileOffset)} on, and the file ends at ${hex(file.size)}.`;
      notes.note('sections', 'truncated', headerOf(index), text);
    }
    if (fileSize > 0 && fileOffset < nt.headers.sizeOfHeaders) {
      const text = `Section '${name}' and the headers both claim the bytes from ${hex(fileOffset)} on of the file.`;
      notes.note('sections', 'overlap', headerOf(index), text);
    }
  }
  noteOverlaps(
    notes,
    sections.map(({ name, virtualAddress, virtualSize, fileSize }, index) => ({
      name,
      from: virtualAddress,
      to: virtualAddress + (virtualSize === 0 ? fileSize : virtualSize),
      header: headerOf(index),
    })),
    'of the image',
  );
  noteOverlaps(
    notes,
    sections.map(({ name, fileOffset, fileSize }, index) => ({
      name,
      from: fileOffset,
      to: fileOffset + fileSize,
      header: headerOf(index),
    })),
    'of the file',
  );
};
