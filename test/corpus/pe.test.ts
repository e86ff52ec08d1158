/**
 * Real PE files: what the reader says of headers, sections, exports and load configuration is what two other readers say, llvm-readobj
 * and GNU objdump, field by field. Agreement shows that the format was read as others read it; it shows nothing of what Windows does.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type ByteSource,
  inspectFile,
  type PeExport,
  type PeImage,
  type PeReport,
  readPe,
} from '../../lib/pe/index.js';
import { filesOfRepository, filesOfWine } from '../support/pe/real-files.js';
import { type LlvmListing, llvmListings, type ObjdumpListing, objdumpListings } from '../support/pe/second-opinion.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

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

const which = (program: string): string =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).stdout.trim();

/** A source over an open file that is small enough to be read whole by no one. */
const withFile = <T>(path: string, use: (source: ByteSource) => T): T => {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    return use({ size, read: (offset, target) => readSync(file, target, 0, target.byteLength, offset) });
  } finally {
    closeSync(file);
  }
};

/** Compared fields by the part they belong to. */
const compared = { headers: 0, sections: 0, exports: 0, 'load config': 0 };

const same = (part: keyof typeof compared, path: string, ours: unknown, theirs: Record<string, unknown>): void => {
  assert.deepEqual(ours, theirs, `${part} of ${path}`);
  compared[part] += Object.keys(theirs).length;
};

const compareHeaders = (
  path: string,
  report: PeReport,
  listing: LlvmListing,
  other: ObjdumpListing | undefined,
): void => {
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
  same(
    'headers',
    path,
    { ...headers, imageBase: headers.imageBase, dllCharacteristics: mitigations.raw, sections: report.sections.length },
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
};

const compareSections = (path: string, image: PeImage, listing: LlvmListing): void => {
  assert.equal(image.sections.length, listing.sections.length, path);
  image.sections.forEach((section, index) => {
    const listed = listing.sections[index];
    assert.ok(listed !== undefined);
    const { nameBytes, ...rest } = listed;
    same('sections', path, section, {
      name: Buffer.from(nameBytes, 'hex').toString('latin1').replace(/\0.*$/s, ''),
      virtualAddress: rest.virtualAddress,
      virtualSize: rest.virtualSize,
      fileOffset: rest.pointerToRawData,
      fileSize: rest.rawDataSize,
      characteristics: rest.characteristics,
    });
  });
};

const compareExports = (
  path: string,
  image: PeImage,
  { exports: listed }: LlvmListing,
  other: ObjdumpListing | undefined,
): void => {
  const all: readonly PeExport[] = [...(image.exports?.all() ?? [])];
  const named = all.filter(({ name }) => name !== null);
  const byName = new Map(named.map((each) => [each.name, each]));
  const byOrdinal = new Map(all.map((each) => [each.ordinal, each]));
  assert.ok(listed !== null || other !== undefined, `nobody else reads the exports of ${path}`);
  // llvm-readobj gives each ordinal one name, of those that it has.
  for (const each of listed ?? []) {
    if (each.rva === 0) continue;
    const ours = each.name === null ? byOrdinal.get(each.ordinal) : byName.get(each.name);
    same('exports', path, { name: ours?.name, ordinal: ours?.ordinal, rva: ours?.rva }, { ...each });
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
    compared.exports += 1;
  }
  for (const each of named.filter((_, index) => index % 11 === 0)) {
    assert.deepEqual(image.exports?.find(each.name ?? ''), each, path);
  }
};

const compareLoadConfig = (path: string, { loadConfig }: PeImage, { loadConfig: listed }: LlvmListing): void => {
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
    same('load config', path, { [name]: value === null ? null : BigInt(value) }, { [name]: theirs });
  }
};

describe('real PE files', () => {
  const { fromNpm, built } = filesOfRepository(root);
  const wine = filesOfWine(root, which('wineserver'));
  const all = [...fromNpm, ...built, ...wine];
  let listings: Map<string, LlvmListing> = new Map();
  let others: Map<string, ObjdumpListing> = new Map();
  before(() => {
    listings = llvmListings(all);
    others = objdumpListings(all);
  });

  test('are there: what npm brings for four machines, and Wine’s modules', () => {
    const names = fromNpm.map((path) => path.slice(join(root, 'scripts/wine/node_modules').length + 1));
    for (const name of [
      'node20/bin/node.exe',
      'node22/bin/node.exe',
      '@koromix/koffi-win32-x64/win32_x64/koffi.node',
      '@koromix/koffi-win32-ia32/win32_ia32/koffi.node',
      '@koromix/koffi-win32-arm64/win32_arm64/koffi.node',
      'ps-list/vendor/fastlist-0.3.0-x64.exe',
      'ps-list/vendor/fastlist-0.3.0-x86.exe',
    ])
      assert.ok(names.includes(name), `${name} is missing`);
    assert.ok(wine.length > 600, `Wine has ${wine.length}`);
  });

  test('are each read by a second reader too', () => {
    assert.deepEqual(
      all.filter((path) => !listings.has(path)),
      [],
    );
    // GNU objdump for x86 does not read ARM64.
    assert.deepEqual(
      [...new Set(all.filter((path) => !others.has(path)).map((path) => basename(path)))],
      ['koffi.node'],
    );
    const unreadable = all.filter((path) => listings.get(path)?.exports === null);
    assert.ok(unreadable.length < 20, unreadable.join(' '));
  });

  test('have the headers, sections, exports and load configuration that the other readers list', (context) => {
    for (const path of all) {
      const listing = listings.get(path);
      assert.ok(listing !== undefined);
      const other = others.get(path);
      const report = inspectFile(path);
      assert.deepEqual(report.diagnoses, [], path);
      compareHeaders(path, report, listing, other);
      withFile(path, (source) => {
        const image = readPe(source);
        assert.ok(image !== null, path);
        compareSections(path, image, listing);
        compareExports(path, image, listing, other);
        compareLoadConfig(path, image, listing);
        assert.deepEqual(image.diagnoses, [], path);
      });
    }
    const fields = Object.values(compared).reduce((sum, count) => sum + count, 0);
    context.diagnostic(`${all.length} files, ${fields} fields: ${JSON.stringify(compared)}`);
    assert.ok(all.length > 620);
    assert.ok(compared.headers > 9000 && compared.sections > 30_000);
    assert.ok(compared.exports > 300_000 && compared['load config'] >= 24);
  });
});
