/** Tables that lie, huge counts and parts that name themselves: each is diagnosed where it is wrong, and the rest is read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withCertificates } from '../../support/pe/certificate-table.js';
import { fieldValue, withBytes, withField, withFields } from '../../support/pe/corrupt.js';
import type { BuiltPe } from '../../support/pe/layout.js';
import { diagnosed, type Place, placesIn } from '../../support/pe/places.js';
import { ENCLAVE, LSAISO, trustlet } from '../../support/pe/samples.js';

const plain = buildPe({ exports: { functions: [{ name: 'a' }, { name: 'b' }] } });
const at = (built: BuiltPe, name: string): number => built.layout.offset(name);

describe('export tables that lie', () => {
  const cases: readonly [what: string, BuiltPe, Place][] = [
    [
      'of their own place',
      withField(plain, 'directory/export/address', 0x7000_0000),
      ['exports', 'out-of-range', at(plain, 'directory/export/address')],
    ],
    [
      'of a place at the end of all addresses',
      withField(plain, 'directory/export/address', 0xffff_fffc),
      ['exports', 'out-of-range', at(plain, 'directory/export/address')],
    ],
    [
      'of the place of the addresses',
      withField(plain, 'exports/addressOfFunctions', 0xffff_fff0),
      ['exports', 'out-of-range', at(plain, 'exports/addressOfFunctions')],
    ],
    [
      'of the place of the names',
      withField(plain, 'exports/addressOfNames', 0x4_0000),
      ['exports', 'out-of-range', at(plain, 'exports/addressOfNames')],
    ],
    [
      'of the place of the ordinals',
      withField(plain, 'exports/addressOfNameOrdinals', 0x9000_0000),
      ['exports', 'out-of-range', at(plain, 'exports/addressOfNameOrdinals')],
    ],
  ];
  for (const [what, built, expected] of cases) {
    test(`${what} are diagnosed at that value`, () => {
      assert.deepEqual(diagnosed(built)[0], expected);
    });
  }

  test('of how many there are are cut off at what is read of any file', () => {
    const huge = withFields(plain, { 'exports/numberOfFunctions': 0xffff_ffff });
    const found = diagnosed(huge);
    assert.deepEqual(found[0], ['exports', 'too-many', at(plain, 'exports/numberOfFunctions')]);
  });
});

describe('policies that lie', () => {
  const built = buildPe(LSAISO);

  test('of where a string is are read without it', () => {
    for (const value of [0n, 1n, 0xffff_ffff_ffff_ffffn, built.imageBase - 1n, built.imageBase + 0x7fff_ffffn]) {
      const report = inspectBytes(withField(built, 'policy/entries/3/value', value).bytes);
      assert.deepEqual(placesIn(report), [['policy', 'out-of-range', at(built, 'policy/entries/3/value')]]);
      assert.equal(report.policy?.entries.length, 4);
    }
  });

  test('and end with their section say so where they should end', () => {
    // The entry that ends the list becomes one more, and the zeros behind the section's size are not of it.
    const endless = buildPe({
      policy: {
        entries: Array.from({ length: 31 }, (_, id) => ({ type: 1, id: 20 + id, value: 0n })),
        isTerminated: false,
      },
    });
    assert.deepEqual(diagnosed(endless), [['policy', 'malformed', endless.layout.end('policy')]]);
  });

  test('of more entries than are read are cut off', () => {
    const entries = Array.from({ length: 300 }, (_, id) => ({ type: 1, id: 20 + id, value: 0n }));
    const many = buildPe({ policy: { entries } });
    const report = inspectBytes(many.bytes);
    assert.equal(report.policy?.entries.length, 256);
    assert.equal(report.policy?.isTerminated, false);
    assert.deepEqual(placesIn(report), [['policy', 'too-many', at(many, 'policy/entries/256')]]);
  });

  test('and do not fit into their section are not read', () => {
    const last = withField(built, 'exports/functions/0', 0x3000 + 0x200 - 8);
    const report = inspectBytes(last.bytes);
    assert.equal(report.policy, null);
    // Its version and ID would be in 16 bytes, and 8 are left.
    assert.deepEqual(placesIn(report), [
      ['policy', 'truncated', fieldValue(built, 'section/.tPolicy/pointerToRawData') + 0x1f8],
    ]);
  });
});

describe('enclave configurations that lie', () => {
  const built = buildPe(ENCLAVE);
  const cases: readonly [what: string, BuiltPe, Place][] = [
    [
      'of their own place',
      withField(built, 'loadConfig/enclaveConfiguration', 0x1234n),
      ['enclave', 'out-of-range', at(built, 'loadConfig/enclaveConfiguration')],
    ],
    [
      'of a place before the image',
      withField(built, 'loadConfig/enclaveConfiguration', built.imageBase - 1n),
      ['enclave', 'out-of-range', at(built, 'loadConfig/enclaveConfiguration')],
    ],
    [
      'of their size, saying too little',
      withField(built, 'enclave/size', 71),
      ['enclave', 'malformed', at(built, 'enclave/size')],
    ],
    [
      'of how many imports there are',
      withField(built, 'enclave/numberOfImports', 0xffff_ffff),
      ['enclave', 'too-many', at(built, 'enclave/numberOfImports')],
    ],
    [
      'of where the imports are',
      withField(built, 'enclave/importList', 0xffff_fff0),
      ['enclave', 'out-of-range', at(built, 'enclave/importList')],
    ],
    [
      'of how far apart imports are, so that each lies in the one before',
      withField(built, 'enclave/importEntrySize', 0),
      ['enclave', 'malformed', at(built, 'enclave/importEntrySize')],
    ],
    [
      'of where the imports are, so that the list holds the configuration that names it',
      withField(built, 'enclave/importList', fieldValue(built, 'directory/loadConfig/address') - 80),
      ['enclave', 'self-reference', at(built, 'enclave/importList')],
    ],
    [
      'of where a name is',
      withField(built, 'enclave/imports/1/importName', 0xf000_0000),
      ['enclave', 'out-of-range', at(built, 'enclave/imports/1/importName')],
    ],
  ];
  for (const [what, lying, expected] of cases) {
    test(`${what} are diagnosed at that value`, () => {
      assert.deepEqual(diagnosed(lying)[0], expected);
    });
  }
});

describe('load configurations and debug directories that lie', () => {
  const built = buildPe({ ...ENCLAVE, debug: [{ type: 20, data: Uint8Array.of(1, 0, 0, 0) }] });
  const cases: readonly [what: string, BuiltPe, Place][] = [
    [
      'of its place',
      withField(built, 'directory/loadConfig/address', 0x8000_0000),
      ['load-config', 'out-of-range', at(built, 'directory/loadConfig/address')],
    ],
    [
      'of its size, saying none',
      withField(built, 'loadConfig/size', 0),
      ['load-config', 'malformed', at(built, 'loadConfig/size')],
    ],
    [
      'of the place of the debug directory',
      withField(built, 'directory/debug/address', 0xffff_fffe),
      ['debug-directory', 'out-of-range', at(built, 'directory/debug/address')],
    ],
    [
      'of how long the debug directory is',
      withField(built, 'directory/debug/size', 0xffff_fff0),
      ['debug-directory', 'too-many', at(built, 'directory/debug/address')],
    ],
  ];
  for (const [what, lying, expected] of cases) {
    test(`${what} are diagnosed`, () => {
      assert.deepEqual(diagnosed(lying)[0], expected);
    });
  }
});

describe('certificate tables that lie', () => {
  const signed = trustlet();
  const cases: readonly [what: string, BuiltPe, Place][] = [
    [
      'of a length of 0, so that the next certificate is the same one',
      withField(signed, 'certificates/0/length', 0),
      ['certificates', 'self-reference', at(signed, 'certificates/0')],
    ],
    [
      'of a length that wraps around',
      withField(signed, 'certificates/0/length', 0xffff_ffff),
      ['certificates', 'truncated', at(signed, 'certificates/0')],
    ],
    [
      'of the table’s place',
      withField(signed, 'directory/certificates/address', 0xffff_fff8),
      ['certificates', 'truncated', at(signed, 'directory/certificates/address')],
    ],
    [
      'of the table’s size',
      withField(signed, 'directory/certificates/size', 0xffff_fff8),
      ['certificates', 'truncated', at(signed, 'directory/certificates/address')],
    ],
  ];
  for (const [what, lying, expected] of cases) {
    test(`${what} are diagnosed`, () => {
      assert.deepEqual(diagnosed(lying)[0], expected);
    });
  }

  test('and lie in a section are said to overlap it', () => {
    const inside = withField(
      signed,
      'directory/certificates/address',
      fieldValue(signed, 'section/.rdata/pointerToRawData'),
    );
    const found = diagnosed(inside);
    assert.ok(
      found.some(([part, code]) => part === 'certificates' && code === 'overlap'),
      JSON.stringify(found),
    );
  });

  test('of more certificates than are read are cut off', () => {
    const many = withCertificates(
      buildPe(),
      Array.from({ length: 40 }, () => ({ content: new Uint8Array(8), type: 1 })),
    );
    assert.deepEqual(diagnosed(many), [['certificates', 'too-many', at(many, 'certificates/16')]]);
  });

  test('hold signatures that are none', () => {
    for (const content of [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(0x30, 0x80),
      Buffer.from('<html>no signature at all</html>'),
      Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x02, 0x01, 0x01),
    ]) {
      const file = withCertificates(buildPe(), [{ content }]);
      const report = inspectBytes(file.bytes);
      assert.deepEqual(report.signatures, []);
      assert.deepEqual(
        placesIn(report),
        [['signature', 'malformed', at(file, 'certificates/0/content')]],
        Buffer.from(content).toString('hex'),
      );
    }
  });

  test('leave the rest of the report as it is', () => {
    const { policy, kind } = inspectBytes(withBytes(signed, 'certificates/0/content', new Uint8Array(64)).bytes);
    assert.equal(policy?.applicationId, 1n);
    assert.equal(kind, 'undetermined');
  });
});
