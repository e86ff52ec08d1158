/** What stands in `.rdata`: strings of the policy, enclave configuration, load configuration, debug directory. */
import type {
  DebugDescription,
  EnclaveDescription,
  EnclaveImportDescription,
  LoadConfigDescription,
  PolicyDescription,
} from './describe.js';
import type { ImageWriter } from './image-writer.js';

const POLICY_ANSI = 10;
const ID_BYTES = 16;
const AUTHOR_ID_BYTES = 32;
/** IMAGE_ENCLAVE_IMPORT (facts/nt.md 5.5). */
const IMPORT_BYTES = 80;

/** @returns the RVA of each string, by the entry's index */
export const writePolicyStrings = (
  writer: ImageWriter,
  entries: NonNullable<PolicyDescription['entries']>,
): ReadonlyMap<number, number> => {
  const addresses = new Map<number, number>();
  entries.forEach(({ type, value }, index) => {
    if (typeof value !== 'string') return;
    writer.align(2);
    addresses.set(index, writer.rva);
    if (type === POLICY_ANSI) writer.ansi(`policy/strings/${index}`, value);
    else writer.wide(`policy/strings/${index}`, value);
  });
  return addresses;
};

const fixed = (bytes: Uint8Array | undefined, size: number): Uint8Array => {
  const whole = new Uint8Array(size);
  whole.set(bytes ?? []);
  return whole;
};

const writeImport = (
  writer: ImageWriter,
  index: number,
  each: EnclaveImportDescription,
  nameAddress: number,
  entrySize: number,
): void => {
  const name = `enclave/imports/${index}`;
  const start = writer.offset;
  writer.u32(`${name}/matchType`, each.matchType ?? 0);
  writer.u32(`${name}/minimumSecurityVersion`, each.minimumSecurityVersion ?? 0);
  writer.bytes(`${name}/uniqueOrAuthorId`, fixed(each.uniqueOrAuthorId, AUTHOR_ID_BYTES));
  writer.bytes(`${name}/familyId`, fixed(each.familyId, ID_BYTES));
  writer.bytes(`${name}/imageId`, fixed(each.imageId, ID_BYTES));
  writer.u32(`${name}/importName`, nameAddress);
  writer.u32(`${name}/reserved`, 0);
  writer.seek(start + entrySize);
  writer.name(name, start);
};

/** @returns the RVA of the configuration */
export const writeEnclave = (writer: ImageWriter, enclave: EnclaveDescription): number => {
  const imports = enclave.imports ?? [];
  const entrySize = enclave.importEntrySize ?? IMPORT_BYTES;
  const names = imports.map(({ name }, index) => {
    if (name === null) return 0;
    const at = writer.rva;
    writer.ansi(`enclave/imports/${index}/name`, name);
    return at;
  });
  writer.align(8);
  const list = writer.rva;
  const listStart = writer.offset;
  imports.forEach((each, index) => {
    writeImport(writer, index, each, names[index] ?? 0, entrySize);
  });
  writer.name('enclave/imports', listStart);
  const whole = writer.bits === 64 ? 80 : 76;
  const withoutFlags = whole - 4;
  writer.align(8);
  const start = writer.offset;
  const { rva } = writer;
  writer.u32('enclave/size', enclave.size ?? (enclave.enclaveFlags === null ? withoutFlags : whole));
  writer.u32('enclave/minimumRequiredConfigSize', enclave.minimumRequiredConfigSize ?? withoutFlags);
  writer.u32('enclave/policyFlags', enclave.policyFlags ?? 0);
  writer.u32('enclave/numberOfImports', imports.length);
  writer.u32('enclave/importList', imports.length === 0 ? 0 : list);
  writer.u32('enclave/importEntrySize', entrySize);
  writer.bytes('enclave/familyId', fixed(enclave.familyId, ID_BYTES));
  writer.bytes('enclave/imageId', fixed(enclave.imageId, ID_BYTES));
  writer.u32('enclave/imageVersion', enclave.imageVersion ?? 0);
  writer.u32('enclave/securityVersion', enclave.securityVersion ?? 0);
  writer.pointer('enclave/enclaveSize', enclave.enclaveSize ?? 0x1000_0000n);
  writer.u32('enclave/numberOfThreads', enclave.numberOfThreads ?? 1);
  if (enclave.enclaveFlags !== null) writer.u32('enclave/enclaveFlags', enclave.enclaveFlags ?? 0);
  writer.name('enclave', start);
  return rva;
};

/** Offsets in IMAGE_LOAD_CONFIG_DIRECTORY32 and 64 (winnt.h; the last one: facts/nt.md 5.5). */
const LOAD_CONFIG = {
  64: { cookie: 0x58, functionTable: 0x80, functionCount: 0x88, guardFlags: 0x90, enclave: 0xf8, length: 0x140 },
  32: { cookie: 0x3c, functionTable: 0x50, functionCount: 0x54, guardFlags: 0x58, enclave: 0x9c, length: 0xc0 },
} as const;

/** @returns where it is, for the data directory */
export const writeLoadConfig = (
  writer: ImageWriter,
  description: LoadConfigDescription,
  enclave: bigint,
): { address: number; size: number } => {
  const at = LOAD_CONFIG[writer.bits];
  const length = description.length ?? at.length;
  writer.align(8);
  const start = writer.offset;
  const { rva } = writer;
  const field = (name: string, offset: number, size: number, value: bigint): void => {
    if (offset + size > length) return;
    writer.seek(start + offset);
    if (size === 4) writer.u32(`loadConfig/${name}`, Number(BigInt.asUintN(32, value)));
    else writer.u64(`loadConfig/${name}`, value);
  };
  const pointer = writer.pointerSize;
  field('size', 0, 4, BigInt(description.size ?? length));
  field('securityCookie', at.cookie, pointer, description.securityCookie ?? 0n);
  field('guardCfFunctionTable', at.functionTable, pointer, description.guardCfFunctionTable ?? 0n);
  field('guardCfFunctionCount', at.functionCount, pointer, description.guardCfFunctionCount ?? 0n);
  field('guardFlags', at.guardFlags, 4, BigInt(description.guardFlags ?? 0));
  field('enclaveConfiguration', at.enclave, pointer, description.enclaveConfiguration ?? enclave);
  writer.seek(start + length);
  writer.name('loadConfig', start);
  return { address: rva, size: description.directorySize ?? length };
};

/** @returns where the directory is */
export const writeDebug = (
  writer: ImageWriter,
  entries: readonly DebugDescription[],
): { address: number; size: number } => {
  const places = entries.map(({ data }, index) => {
    writer.align(4);
    const { rva, offset } = writer;
    writer.bytes(`debug/${index}/data`, data);
    return { rva, offset };
  });
  writer.align(4);
  const { rva, offset } = writer;
  entries.forEach(({ type, data }, index) => {
    const name = `debug/${index}`;
    const start = writer.offset;
    writer.u32(`${name}/characteristics`, 0);
    writer.u32(`${name}/timeDateStamp`, 0);
    writer.u16(`${name}/majorVersion`, 0);
    writer.u16(`${name}/minorVersion`, 0);
    writer.u32(`${name}/type`, type);
    writer.u32(`${name}/sizeOfData`, data.length);
    writer.u32(`${name}/addressOfRawData`, places[index]?.rva ?? 0);
    writer.u32(`${name}/pointerToRawData`, places[index]?.offset ?? 0);
    writer.name(name, start);
  });
  writer.name('debug', offset);
  return { address: rva, size: writer.offset - offset };
};
