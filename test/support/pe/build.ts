/**
 * Builds a PE file byte by byte from a description, and says where each field went (Microsoft, "PE Format").
 * It shares nothing with the reader that it tests.
 */
import { withCertificates } from './certificate-table.js';
import { checksumOf } from './checksum.js';
import { writeDebug, writeEnclave, writeLoadConfig, writePolicyStrings } from './data-parts.js';
import {
  DIRECTORIES,
  type DirectoryName,
  type ExportDescription,
  FILE,
  MACHINE,
  type PeDescription,
  type SectionDescription,
} from './describe.js';
import { alignUp, ImageWriter } from './image-writer.js';
import { type BuiltPe, Layout } from './layout.js';
import { writeExports, writePolicy } from './table-parts.js';

const CODE = 0x6000_0020;
const READABLE_DATA = 0x4000_0040;
const SECTION_HEADER_BYTES = 40;

interface Section {
  readonly name: string;
  readonly characteristics: number;
  readonly virtualAddress: number;
  readonly virtualSize: number;
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** Each section of the file and what writes its content. */
interface Plan {
  readonly name: string;
  readonly characteristics: number;
  readonly virtualSize?: number | undefined;
  readonly write: () => void;
}

type Directories = Map<DirectoryName, { address: number; size: number }>;

const imageBaseOf = ({ bits, isDll, imageBase }: PeDescription): bigint =>
  imageBase ?? (bits === 32 ? 0x1000_0000n : isDll === false ? 0x1_4000_0000n : 0x1_8000_0000n);

/** The exports that a description asks for, those of policy and enclave included. */
const exportsOf = ({ policy, enclave, exports }: PeDescription): readonly ExportDescription[] => {
  const functions = [...(exports?.functions ?? [])];
  const symbol = policy === undefined ? null : policy.symbol === undefined ? 's_IumPolicyMetadata' : policy.symbol;
  if (symbol !== null) functions.push({ name: symbol, target: 'policy' });
  if (enclave !== undefined && enclave.isExported !== false)
    functions.push({ name: '__enclave_config', target: 'enclave' });
  return functions;
};

/** What each section holds, in the order in which later ones name addresses of earlier ones. */
const planOf = (description: PeDescription, writer: ImageWriter, directories: Directories): readonly Plan[] => {
  const { policy, enclave, debug, exports } = description;
  const addresses: Partial<Record<'policy' | 'enclave', number>> = {};
  let strings: ReadonlyMap<number, number> = new Map();
  let code = 0;
  const text: Plan = {
    name: '.text',
    characteristics: CODE,
    write: () => {
      code = writer.rva;
      writer.bytes('code', Uint8Array.of(0xc3));
    },
  };
  const data: Plan = {
    name: '.rdata',
    characteristics: READABLE_DATA,
    write: () => {
      writer.bytes('content/.rdata', new Uint8Array(16));
      strings = writePolicyStrings(writer, policy?.entries ?? []);
      if (enclave !== undefined) addresses.enclave = writeEnclave(writer, enclave);
      const loadConfig = description.loadConfig ?? (enclave === undefined ? undefined : {});
      const configuration = addresses.enclave === undefined ? 0n : writer.va(addresses.enclave);
      if (loadConfig !== undefined) directories.set('loadConfig', writeLoadConfig(writer, loadConfig, configuration));
      if (debug !== undefined) directories.set('debug', writeDebug(writer, debug));
    },
  };
  const plans = [text, data];
  if (policy !== undefined) {
    plans.push({
      name: policy.section ?? '.tPolicy',
      characteristics: policy.characteristics ?? READABLE_DATA,
      write: () => {
        addresses.policy = writePolicy(writer, policy, strings);
      },
    });
  }
  const functions = exportsOf(description);
  const targetOf = ({ target = 'code' }: ExportDescription): number =>
    typeof target === 'number' ? target : target === 'code' ? code : (addresses[target] ?? 0);
  if (functions.length > 0 || exports !== undefined) {
    const write = (): void => {
      directories.set('export', writeExports(writer, { ...exports, functions }, targetOf));
    };
    plans.push({ name: '.edata', characteristics: READABLE_DATA, write });
  }
  const more = (each: SectionDescription): Plan => ({
    name: each.name,
    characteristics: each.characteristics ?? READABLE_DATA,
    virtualSize: each.virtualSize,
    write: () => writer.bytes(`content/${each.name}`, each.content ?? new Uint8Array(16)),
  });
  return [...plans, ...(description.sections ?? []).map(more)];
};

/** DOS header, NT headers, data directories and section headers. */
const writeHeaders = (
  writer: ImageWriter,
  description: PeDescription,
  sections: readonly Section[],
  directories: Directories,
): void => {
  const is64 = writer.bits === 64;
  const { isDll = true, isLargeAddressAware = is64, sectionAlignment = 4096, fileAlignment = 512 } = description;
  const { ntHeaders = 0x80, directoryCount = 16 } = description;
  writer.seek(0);
  writer.u16('dos/magic', 0x5a4d);
  writer.seek(0x3c);
  writer.u32('dos/ntHeaders', ntHeaders);
  writer.seek(ntHeaders);
  writer.u32('nt/signature', 0x4550);
  writer.u16('coff/machine', description.machine ?? (is64 ? MACHINE.AMD64 : MACHINE.I386));
  writer.u16('coff/numberOfSections', sections.length);
  writer.u32('coff/timeDateStamp', description.timeDateStamp ?? 0);
  writer.u32('coff/pointerToSymbolTable', 0);
  writer.u32('coff/numberOfSymbols', 0);
  writer.u16('coff/sizeOfOptionalHeader', (is64 ? 112 : 96) + 8 * directoryCount);
  const machineBits = is64 ? 0 : FILE.MACHINE_32BIT;
  const kind = (isDll ? FILE.DLL : 0) | (isLargeAddressAware ? FILE.LARGE_ADDRESS_AWARE : 0);
  writer.u16('coff/characteristics', FILE.EXECUTABLE_IMAGE | machineBits | kind);

  const start = writer.offset;
  const last = sections.at(-1);
  const sizeOf = (name: string): number => sections.find((section) => section.name === name)?.fileSize ?? 0;
  writer.u16('optional/magic', is64 ? 0x20b : 0x10b);
  writer.u8('optional/majorLinkerVersion', 14);
  writer.u8('optional/minorLinkerVersion', 0);
  writer.u32('optional/sizeOfCode', sizeOf('.text'));
  writer.u32('optional/sizeOfInitializedData', sizeOf('.rdata'));
  writer.u32('optional/sizeOfUninitializedData', 0);
  writer.u32('optional/entryPoint', description.entryPoint ?? sections[0]?.virtualAddress ?? 0);
  writer.u32('optional/baseOfCode', sections[0]?.virtualAddress ?? 0);
  if (!is64) writer.u32('optional/baseOfData', sections[1]?.virtualAddress ?? 0);
  writer.pointer('optional/imageBase', writer.imageBase);
  writer.u32('optional/sectionAlignment', sectionAlignment);
  writer.u32('optional/fileAlignment', fileAlignment);
  for (const version of ['OperatingSystem', 'Image', 'Subsystem']) {
    writer.u16(`optional/major${version}Version`, 10);
    writer.u16(`optional/minor${version}Version`, 0);
  }
  writer.u32('optional/win32VersionValue', 0);
  const sizeOfImage = last === undefined ? sectionAlignment : last.virtualAddress + last.virtualSize;
  writer.u32('optional/sizeOfImage', alignUp(sizeOfImage, sectionAlignment));
  writer.u32('optional/sizeOfHeaders', sections[0]?.fileOffset ?? fileAlignment);
  writer.u32('optional/checksum', 0);
  writer.u16('optional/subsystem', description.subsystem ?? 3);
  writer.u16('optional/dllCharacteristics', description.dllCharacteristics ?? 0x160);
  for (const size of ['stackReserve', 'stackCommit', 'heapReserve', 'heapCommit'])
    writer.pointer(`optional/${size}`, 0x10_0000n);
  writer.u32('optional/loaderFlags', 0);
  writer.u32('optional/numberOfDirectories', directoryCount);
  for (const name of DIRECTORIES.slice(0, directoryCount)) {
    const directory = description.directories?.[name] ?? directories.get(name);
    writer.u32(`directory/${name}/address`, directory?.address ?? 0);
    writer.u32(`directory/${name}/size`, directory?.size ?? 0);
  }
  writer.name('optional', start);
  for (const section of sections) {
    const name = `section/${section.name}`;
    const at = writer.offset;
    writer.bytes(`${name}/name`, Buffer.from(section.name.padEnd(8, '\0').slice(0, 8), 'latin1'));
    writer.u32(`${name}/virtualSize`, section.virtualSize);
    writer.u32(`${name}/virtualAddress`, section.virtualAddress);
    writer.u32(`${name}/sizeOfRawData`, section.fileSize);
    writer.u32(`${name}/pointerToRawData`, section.fileOffset);
    writer.u32(`${name}/pointerToRelocations`, 0);
    writer.u32(`${name}/pointerToLineNumbers`, 0);
    writer.u16(`${name}/numberOfRelocations`, 0);
    writer.u16(`${name}/numberOfLineNumbers`, 0);
    writer.u32(`${name}/characteristics`, section.characteristics);
    writer.name(name, at);
  }
};

/** Builds the file; one and the same description gives one and the same bytes. */
export const buildPe = (description: PeDescription = {}): BuiltPe => {
  const { bits = 64, sectionAlignment = 4096, fileAlignment = 512, ntHeaders = 0x80 } = description;
  const { directoryCount = 16 } = description;
  const imageBase = imageBaseOf(description);
  const writer = new ImageWriter(bits, imageBase);
  const directories: Directories = new Map();
  const plans = planOf(description, writer, directories);
  const headers = ntHeaders + 24 + (bits === 64 ? 112 : 96) + 8 * directoryCount + SECTION_HEADER_BYTES * plans.length;
  writer.seek(alignUp(headers, fileAlignment));
  let virtualAddress = alignUp(headers, sectionAlignment);
  const sections = plans.map((plan): Section => {
    const fileOffset = writer.offset;
    const start = virtualAddress;
    writer.mapAt(start);
    plan.write();
    const virtualSize = plan.virtualSize ?? writer.offset - fileOffset;
    writer.align(fileAlignment);
    const fileSize = writer.offset - fileOffset;
    virtualAddress = alignUp(start + Math.max(virtualSize, fileSize, 1), sectionAlignment);
    const { name, characteristics } = plan;
    return { name, characteristics, virtualAddress: start, virtualSize, fileOffset, fileSize };
  });
  if (description.overlay !== undefined) writer.bytes('overlay', description.overlay);
  writeHeaders(writer, description, sections, directories);
  const built = { bytes: writer.finish(), layout: new Layout(writer.fields), bits, imageBase };
  const whole = description.certificates === undefined ? built : withCertificates(built, description.certificates);
  const checksumAt = whole.layout.offset('optional/checksum');
  const view = new DataView(whole.bytes.buffer);
  view.setUint32(checksumAt, description.checksum ?? checksumOf(whole.bytes, checksumAt), true);
  return whole;
};
