import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withFields } from '../../support/pe/corrupt.js';
import type { PeDescription } from '../../support/pe/describe.js';

const inspected = (description: PeDescription) => inspectBytes(buildPe(description).bytes);

describe('headers of an image', () => {
  test('are read from a 64-bit DLL', () => {
    const { headers, sections, diagnoses, size, trust } = inspected({
      timeDateStamp: 0x5f00_1122,
      subsystem: 2,
      checksum: 0x0badcafe,
      entryPoint: 0x1234,
      imageBase: 0x1_8abc_0000n,
      overlay: new Uint8Array(100),
    });
    assert.deepEqual(headers, {
      machine: 'AMD64',
      bits: 64,
      isDll: true,
      isLargeAddressAware: true,
      characteristics: 0x2022,
      timeDateStamp: 0x5f00_1122,
      subsystem: 'WINDOWS_GUI',
      entryPoint: 0x1234,
      imageBase: 0x1_8abc_0000n,
      sizeOfImage: 0x3000,
      sizeOfHeaders: 0x200,
      checksum: 0x0badcafe,
      directories: [],
    });
    assert.deepEqual(sections, [
      {
        name: '.text',
        virtualAddress: 0x1000,
        virtualSize: 1,
        fileOffset: 0x200,
        fileSize: 0x200,
        characteristics: 0x6000_0020,
      },
      {
        name: '.rdata',
        virtualAddress: 0x2000,
        virtualSize: 16,
        fileOffset: 0x400,
        fileSize: 0x200,
        characteristics: 0x4000_0040,
      },
    ]);
    assert.deepEqual({ diagnoses, size, trust }, { diagnoses: [], size: 0x664, trust: 'not verified' });
  });

  test('are read from a 32-bit program, whose optional header has other offsets', () => {
    const { headers } = inspected({ bits: 32, isDll: false, imageBase: 0x40_0000n, subsystem: 1, checksum: 7 });
    assert.deepEqual(headers, {
      machine: 'I386',
      bits: 32,
      isDll: false,
      isLargeAddressAware: false,
      characteristics: 0x0102,
      timeDateStamp: 0,
      subsystem: 'NATIVE',
      entryPoint: 0x1000,
      imageBase: 0x40_0000n,
      sizeOfImage: 0x3000,
      sizeOfHeaders: 0x200,
      checksum: 7,
      directories: [],
    });
  });

  test('name machines and subsystems, and leave unknown ones their number', () => {
    const machines = [0x8664, 0xaa64, 0x14c, 0x1c4, 0x200];
    assert.deepEqual(
      machines.map((machine) => inspected({ machine }).headers?.machine),
      ['AMD64', 'ARM64', 'I386', 'ARMNT', 'unknown(512)'],
    );
    const subsystems = [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 16, 99];
    assert.deepEqual(
      subsystems.map((subsystem) => inspected({ subsystem }).headers?.subsystem),
      [
        'NATIVE',
        'WINDOWS_GUI',
        'WINDOWS_CUI',
        'OS2_CUI',
        'POSIX_CUI',
        'NATIVE_WINDOWS',
        'WINDOWS_CE_GUI',
        'EFI_APPLICATION',
        'EFI_BOOT_SERVICE_DRIVER',
        'EFI_RUNTIME_DRIVER',
        'EFI_ROM',
        'XBOX',
        'WINDOWS_BOOT_APPLICATION',
        'unknown(99)',
      ],
    );
  });

  test('have data directories in the order of their table, present ones only', () => {
    const { headers } = inspected({
      directories: {
        export: { address: 0x2000, size: 40 },
        tls: { address: 0x2100, size: 1 },
        reserved: { address: 0, size: 9 },
        clr: { address: 0x2200, size: 72 },
      },
    });
    assert.deepEqual(headers?.directories, [
      { name: 'export', address: 0x2000, size: 40 },
      { name: 'tls', address: 0x2100, size: 1 },
      { name: 'clr', address: 0x2200, size: 72 },
      { name: 'reserved', address: 0, size: 9 },
    ]);
  });

  test('may have fewer than sixteen directories', () => {
    const { headers, diagnoses } = inspected({
      directoryCount: 1,
      directories: { export: { address: 0x2000, size: 40 } },
    });
    assert.deepEqual(
      headers?.directories.map(({ name }) => name),
      ['export'],
    );
    assert.deepEqual(
      diagnoses.filter(({ part }) => part !== 'exports'),
      [],
    );
  });

  test('may begin anywhere in the file', () => {
    for (const ntHeaders of [0x40, 0x104, 0xff8, 0x1ffc]) {
      const { headers, diagnoses } = inspected({ ntHeaders });
      assert.deepEqual([headers?.machine, diagnoses], ['AMD64', []], `at ${ntHeaders}`);
    }
  });

  test('have section names of eight bytes at most, of any bytes', () => {
    const names = ['12345678', '', 'a', '\u00e9\u00ff'].map((name) => ({ name }));
    assert.deepEqual(
      inspected({ sections: names }).sections.map(({ name }) => name),
      ['.text', '.rdata', '12345678', '', 'a', '\u00e9\u00ff'],
    );
  });
});

describe('mitigations that an image asks for', () => {
  const extended = (data: Uint8Array, type = 20): PeDescription => ({
    debug: [
      { type: 2, data: Uint8Array.of(9) },
      { type, data },
    ],
  });

  test('are the bits of DllCharacteristics', () => {
    const { mitigations } = inspected({ dllCharacteristics: 0x5ce0 });
    assert.equal(mitigations?.raw, 0x5ce0);
    assert.equal(mitigations?.extendedRaw, null);
    assert.deepEqual(mitigations?.present, [
      'HIGH_ENTROPY_VA',
      'DYNAMIC_BASE',
      'FORCE_INTEGRITY',
      'NO_SEH',
      'APPCONTAINER',
      'GUARD_CF',
    ]);
    assert.deepEqual(mitigations?.absent.slice(0, 2), ['NX_COMPAT', 'CET_COMPAT']);
  });

  test('are extended by a debug directory entry of type 20', () => {
    const { mitigations, diagnoses } = inspected(extended(Uint8Array.of(0x41, 0, 0, 0)));
    assert.equal(mitigations?.extendedRaw, 0x41);
    assert.deepEqual(mitigations?.present.slice(-2), ['CET_COMPAT', 'FORWARD_CFI_COMPAT']);
    assert.deepEqual(diagnoses, []);
  });

  test('are not extended by an entry of another type, nor by one without data', () => {
    assert.equal(inspected(extended(Uint8Array.of(1, 0, 0, 0), 16)).mitigations?.extendedRaw, null);
    for (const length of [0, 1, 3]) {
      const { mitigations } = inspected(extended(new Uint8Array(length).fill(1)));
      assert.equal(mitigations?.extendedRaw, null, `${length} bytes`);
    }
  });

  test('do not stand in a debug directory that lies outside the file', () => {
    const built = buildPe(extended(Uint8Array.of(1, 0, 0, 0)));
    const { mitigations, diagnoses } = inspectBytes(
      withFields(built, { 'debug/1/pointerToRawData': 0x7fff_0000 }).bytes,
    );
    assert.equal(mitigations?.extendedRaw, null);
    // Nobody could read whether it is.
    assert.ok(!mitigations?.absent.includes('CET_COMPAT'));
    assert.ok(inspected({}).mitigations?.absent.includes('CET_COMPAT'));
    assert.deepEqual(
      diagnoses.map(({ part }) => part),
      ['debug-directory'],
    );
  });
});
