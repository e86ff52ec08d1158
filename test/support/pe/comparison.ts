/** Compares what the reader says of a file with what two other readers say, field by field, and counts what was compared. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type ByteSource,
  inspectFile,
  type PeExport,
  type PeImage,
  type PeReport,
  readPe,
} from '../../../lib/pe/index.js';
import type { LlvmListing, ObjdumpListing } from './second-opinion.js';

/** llvm-readobj's names of the data directories, beside ours. */
const DIRECTORIES: readonly (readonly [string, string])[] = [
  ['export', 'ExportTable'],
  ['import', 'ImportTable'],
  ['resource', 'ResourceTable'],
  ['exception', 'ExceptionTable'],
  ['certificate', 'CertificateTable'],
  ['base-relocation', 'BaseRelocationTable'],
  ['debug', 'Debug'],
  ['architecture', 'Architecture'],
  ['global-pointer', 'GlobalPtr'],
  ['tls', 'TLSTable'],
  ['load-config', 'LoadConfigTable'],
  ['bound-import', 'BoundImport'],
  ['import-address', 'IAT'],
  ['delay-import', 'DelayImportDescriptor'],
  ['clr', 'CLRRuntimeHeader'],
  ['reserved', 'Reserved'],
];
const MACHINES: Readonly<Record<number, string>> = { 332: 'I386', 34404: 'AMD64', 43620: 'ARM64', 452: 'ARMNT' };
const SUBSYSTEMS: Readonly<Record<number, string>> = {
  1: 'NATIVE',
  2: 'WINDOWS_GUI',
  3: 'WINDOWS_CUI',
};

const withFile = <T>(path: string, use: (source: ByteSource) => T): T => {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return use({ size, read: (offset, target) => readSync(file, target, 0, target.byteLength, offset) });
  } finally {
    closeSync(file);
  }
};

export class Comparison {
  /** Fields by the part they belong to. */
  readonly counts: Record<'headers' | 'sections' | 'exports' | 'load config', number> = {
    headers: 0,
    sections: 0,
    exports: 0,
    'load config': 0,
  };

  /** Asserts that all agree on a file, and that nothing is wrong with what they agree on. @returns the whole report */
  compare(path: string, listing: LlvmListing, other: ObjdumpListing | undefined): PeReport {
    const report = inspectFile(path);
    this.#compareHeaders(path, report, listing, other);
    withFile(path, (source) => {
      const image = readPe(source);
      assert.ok(image !== null, path);
      this.#compareSections(path, image, listing);
      this.#compareExports(path, image, listing, other);
      this.#compareLoadConfig(path, image, listing);
      assert.deepEqual(image.diagnoses, [], path);
    });
    return report;
  }

  summary(files: number, what: string): string {
    const counts = Object.entries(this.counts).map(([part, count]) => `${count} of ${part}`);
    const fields = Object.values(this.counts).reduce((sum, count) => sum + count, 0);
    return `${files} ${what}: ${fields} fields agree with llvm-readobj and objdump (${counts.join(', ')})`;
  }

  #same(part: keyof Comparison['counts'], path: string, ours: unknown, theirs: Record<string, unknown>): void {
    assert.deepEqual(ours, theirs, `${part} of ${path}`);
    this.counts[part] += Object.keys(theirs).length;
  }

  #compareHeaders(path: string, report: PeReport, listing: LlvmListing, other: ObjdumpListing | undefined): void {
    const { headers, mitigations } = report;
    assert.ok(headers !== null && mitigations !== null, path);
    const header = (key: string): number => {
      const value = listing.headers.get(key);
      assert.ok(value !== undefined, `llvm-readobj lists no ${key} of ${path}`);
      return Number(value);
    };
    const directories = DIRECTORIES.flatMap(([name, theirs]) => {
      const address = header(`DataDirectory.${theirs}RVA`);
      const size = header(`DataDirectory.${theirs}Size`);
      return address === 0 && size === 0 ? [] : [{ name, address, size }];
    });
    const characteristics = header('ImageFileHeader.Characteristics');
    this.#same(
      'headers',
      path,
      {
        ...headers,
        imageBase: headers.imageBase,
        dllCharacteristics: mitigations.raw,
        sections: report.sections.length,
      },
      {
        machine: MACHINES[header('ImageFileHeader.Machine')],
        bits: header('ImageOptionalHeader.Magic') === 0x20b ? 64 : 32,
        isDll: (characteristics & 0x2000) !== 0,
        isLargeAddressAware: (characteristics & 0x20) !== 0,
        characteristics,
        timeDateStamp: header('ImageFileHeader.TimeDateStamp'),
        subsystem: SUBSYSTEMS[header('ImageOptionalHeader.Subsystem')],
        entryPoint: header('ImageOptionalHeader.AddressOfEntryPoint'),
        imageBase: listing.headers.get('ImageOptionalHeader.ImageBase'),
        sizeOfImage: header('ImageOptionalHeader.SizeOfImage'),
        sizeOfHeaders: header('ImageOptionalHeader.SizeOfHeaders'),
        // llvm-readobj does not list it, and objdump does not know ARM64.
        checksum: other === undefined ? headers.checksum : other.checksum,
        directories,
        dllCharacteristics: header('ImageOptionalHeader.Characteristics'),
        sections: header('ImageFileHeader.SectionCount'),
      },
    );
    if (other !== undefined) assert.equal(mitigations.raw, other.dllCharacteristics, path);
  }

  #compareSections(path: string, image: PeImage, listing: LlvmListing): void {
    assert.equal(image.sections.length, listing.sections.length, path);
    image.sections.forEach((section, index) => {
      const listed = listing.sections[index];
      assert.ok(listed !== undefined);
      const { nameBytes, ...rest } = listed;
      this.#same('sections', path, section, {
        name: Buffer.from(nameBytes, 'hex').toString('latin1').replace(/\0.*$/s, ''),
        virtualAddress: rest.virtualAddress,
        virtualSize: rest.virtualSize,
        fileOffset: rest.pointerToRawData,
        fileSize: rest.rawDataSize,
        characteristics: rest.characteristics,
      });
    });
  }

  #compareExports(
    path: string,
    image: PeImage,
    { exports: listed }: LlvmListing,
    other: ObjdumpListing | undefined,
  ): void {
    const all: readonly PeExport[] = [...(image.exports?.all() ?? [])];
    const named = all.filter(({ name }) => name !== null);
    const byName = new Map(named.map((each) => [each.name, each]));
    const byOrdinal = new Map(all.map((each) => [each.ordinal, each]));
    assert.ok(listed !== null || other !== undefined, `nobody else reads the exports of ${path}`);
    // llvm-readobj gives each ordinal one name, of those that it has.
    for (const each of listed ?? []) {
      if (each.rva === 0) continue;
      const ours = each.name === null ? byOrdinal.get(each.ordinal) : byName.get(each.name);
      this.#same('exports', path, { name: ours?.name, ordinal: ours?.ordinal, rva: ours?.rva }, { ...each });
    }
    if (listed !== null) assert.equal(byOrdinal.size, listed.filter(({ rva }) => rva !== 0).length, path);
    if (other === undefined) return;
    assert.deepEqual(
      named.map(({ name }) => name),
      other.names,
      path,
    );
    assert.deepEqual(new Set(byOrdinal.keys()), new Set(other.exports.keys()), path);
    for (const { ordinal, rva, forwarder } of all) {
      assert.deepEqual({ rva, forwarder }, other.exports.get(ordinal), `${ordinal} of ${path}`);
      this.counts.exports += 1;
    }
    for (const each of named.filter((_, index) => index % 11 === 0)) {
      assert.deepEqual(image.exports?.find(each.name ?? ''), each, path);
    }
  }

  #compareLoadConfig(path: string, { loadConfig }: PeImage, { loadConfig: listed }: LlvmListing): void {
    assert.equal(loadConfig === null, listed === null, path);
    if (loadConfig === null || listed === null) return;
    const { size, securityCookie, guardCfFunctionTable, guardCfFunctionCount, guardFlags } = loadConfig;
    const ours: Readonly<Record<string, number | bigint | null>> = {
      Size: size,
      SecurityCookie: securityCookie,
      GuardCFFunctionTable: guardCfFunctionTable,
      GuardCFFunctionCount: guardCfFunctionCount,
      GuardFlags: guardFlags,
      EnclaveConfigurationPointer: loadConfig.enclaveConfiguration,
    };
    // llvm-readobj lists members by groups, and none of a group that the structure does not hold as a whole.
    for (const [name, value] of Object.entries(ours)) {
      const theirs = listed.get(`LoadConfig.${name}`);
      if (theirs === undefined) continue;
      this.#same('load config', path, { [name]: value === null ? null : BigInt(value) }, { [name]: theirs });
    }
  }
}
