import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesSource, type PeImage, readPe } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { fieldValue, withField } from '../../support/pe/corrupt.js';
import type { ExportsDescription } from '../../support/pe/describe.js';
import type { BuiltPe } from '../../support/pe/layout.js';

const imageOf = ({ bytes }: BuiltPe): PeImage => {
  const image = readPe(bytesSource(bytes));
  assert.ok(image !== null);
  return image;
};
const tableOf = (exports: ExportsDescription) => imageOf(buildPe({ exports })).exports;

const CODE = 0x1000;

describe('the export table', () => {
  test('lists named exports in the order of the names, then those by ordinal alone', () => {
    const table = tableOf({
      moduleName: 'made.dll',
      ordinalBase: 5,
      functions: [
        { name: 'zeta' },
        { name: null, target: 0x1008 },
        { name: 'Alpha', target: 0x1004 },
        { name: null, target: 0 },
      ],
    });
    assert.equal(table?.name, 'made.dll');
    assert.equal(table?.ordinalBase, 5);
    assert.deepEqual(table?.counts, { names: 2, functions: 4 });
    assert.deepEqual(
      [...(table?.all() ?? [])],
      [
        { name: 'Alpha', ordinal: 7, rva: 0x1004, forwarder: null },
        { name: 'zeta', ordinal: 5, rva: CODE, forwarder: null },
        { name: null, ordinal: 6, rva: 0x1008, forwarder: null },
      ],
    );
  });

  test('tells forwarders by their place in the directory', () => {
    const table = tableOf({
      functions: [
        { name: 'f', forwarder: 'NTDLL.RtlThing' },
        { name: null, forwarder: 'X.#7' },
      ],
    });
    assert.deepEqual(
      [...(table?.all() ?? [])].map(({ name, forwarder }) => [name, forwarder]),
      [
        ['f', 'NTDLL.RtlThing'],
        [null, 'X.#7'],
      ],
    );
  });

  test('takes what begins where the directory ends for no forwarder', () => {
    const built = buildPe({ exports: { functions: [{ name: 'a' }, { name: 'b' }] } });
    const end = fieldValue(built, 'directory/export/address') + fieldValue(built, 'directory/export/size');
    assert.equal(imageOf(withField(built, 'exports/functions/1', end)).exports?.find('b')?.forwarder, null);
    const last = imageOf(withField(built, 'exports/functions/1', end - 1)).exports?.find('b');
    // The last byte of the directory is the NUL of its last string.
    assert.equal(last?.forwarder, '');
  });

  test('finds each name by halves, first and last included, and no other', () => {
    const names = ['A', 'B', 'Z', '_a', '__enclave_config', 's_IumPolicyMetadata', 'zz'];
    const table = tableOf({ functions: names.map((name, index) => ({ name, target: 0x1000 + index })) });
    names.forEach((name, index) => {
      assert.deepEqual(table?.find(name), { name, ordinal: index + 1, rva: 0x1000 + index, forwarder: null });
    });
    for (const name of ['', '@', 'AA', '__enclave_confih', 'zzz']) assert.equal(table?.find(name), null, name);
  });

  test('of names that are not sorted finds as the loader would, and lists them all', () => {
    const functions = ['m', 'z', 'b', 'a', 'q'].map((name) => ({ name }));
    const table = tableOf({ functions, order: 'as-given' });
    assert.deepEqual(
      [...(table?.all() ?? [])].map(({ name }) => name),
      ['m', 'z', 'b', 'a', 'q'],
    );
    assert.equal(table?.find('b')?.name, 'b');
    assert.equal(table?.find('z'), null);
  });

  test('may be empty, or absent', () => {
    const empty = tableOf({ functions: [] });
    assert.deepEqual(
      [empty?.counts, [...(empty?.all() ?? [])], empty?.find('a')],
      [{ names: 0, functions: 0 }, [], null],
    );
    assert.equal(imageOf(buildPe()).exports, null);
  });

  test('whose name lies nowhere is read all the same, and says so', () => {
    const built = buildPe({ exports: { functions: [{ name: 'a' }] } });
    const image = imageOf(withField(built, 'exports/name', 0x00f0_0000));
    assert.equal(image.exports?.name, null);
    assert.equal(image.exports?.find('a')?.rva, CODE);
    assert.deepEqual(
      image.diagnoses.map(({ part, code, offset }) => [part, code, offset]),
      [['exports', 'out-of-range', built.layout.offset('exports/name')]],
    );
  });

  test('that has a damaged entry ends with an error at that entry', () => {
    const built = buildPe({ exports: { functions: [{ name: 'a' }, { name: 'b' }] } });
    for (const [field, value] of [
      ['exports/names/1', 0x00f0_0000],
      ['exports/ordinals/1', 2],
    ] as const) {
      const list = imageOf(withField(built, field, value)).exports?.all();
      assert.equal(list?.next().value?.name, 'a');
      assert.throws(() => list?.next(), { code: 'ERR_TRUSTLET_FORMAT' }, field);
      assert.throws(() => imageOf(withField(built, field, value)).exports?.find('b'), { code: 'ERR_TRUSTLET_FORMAT' });
    }
  });
});

describe('the load configuration', () => {
  const loadConfigOf = (bits: 32 | 64, length: number, size = length) => {
    const loadConfig = {
      length,
      size,
      securityCookie: 0x1111n,
      guardCfFunctionTable: 0x2222n,
      guardCfFunctionCount: 0x33n,
      guardFlags: 0x10500,
      enclaveConfiguration: 0x4444n,
    };
    const built = buildPe({ bits, loadConfig });
    return { image: imageOf(built), built };
  };

  test('gives each member that it is long enough for, in 64-bit images', () => {
    const lengths = [0x40, 0x60, 0x88, 0x90, 0x94, 0xff, 0x100, 0x148];
    const found = lengths.map((length) => {
      const config = loadConfigOf(64, length).image.loadConfig;
      return [
        config?.securityCookie,
        config?.guardCfFunctionTable,
        config?.guardCfFunctionCount,
        config?.guardFlags,
        config?.enclaveConfiguration,
      ];
    });
    assert.deepEqual(found, [
      [null, null, null, null, null],
      [0x1111n, null, null, null, null],
      [0x1111n, 0x2222n, null, null, null],
      [0x1111n, 0x2222n, 0x33n, null, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, 0x4444n],
      [0x1111n, 0x2222n, 0x33n, 0x10500, 0x4444n],
    ]);
  });

  test('gives each member that it is long enough for, in 32-bit images', () => {
    const lengths = [0x3c, 0x40, 0x54, 0x58, 0x5c, 0x9c, 0xa0];
    const found = lengths.map((length) => {
      const config = loadConfigOf(32, length).image.loadConfig;
      return [
        config?.securityCookie,
        config?.guardCfFunctionTable,
        config?.guardCfFunctionCount,
        config?.guardFlags,
        config?.enclaveConfiguration,
      ];
    });
    assert.deepEqual(found, [
      [null, null, null, null, null],
      [0x1111n, null, null, null, null],
      [0x1111n, 0x2222n, null, null, null],
      [0x1111n, 0x2222n, 0x33n, null, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, null],
      [0x1111n, 0x2222n, 0x33n, 0x10500, 0x4444n],
    ]);
  });

  test('says where it and its enclave’s address stand', () => {
    for (const [bits, member] of [
      [64, 0xf8],
      [32, 0x9c],
    ] as const) {
      const { image, built } = loadConfigOf(bits, 0x100);
      const offset = built.layout.offset('loadConfig');
      assert.equal(image.loadConfig?.offset, offset);
      assert.equal(image.loadConfig?.size, 0x100);
      assert.equal(image.loadConfig?.enclaveConfigurationAt, offset + member);
    }
  });
});
