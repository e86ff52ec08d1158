import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import type { EnclaveDescription, PeDescription } from '../../support/pe/describe.js';
import { bytesOf, ENCLAVE } from '../../support/pe/samples.js';

const reportOf = (enclave: EnclaveDescription, more: PeDescription = {}) =>
  inspectBytes(buildPe({ ...more, enclave }).bytes);

describe('an enclave’s configuration', () => {
  test('is read member by member from a 64-bit image', () => {
    const built = buildPe(ENCLAVE);
    const { enclaveConfiguration, diagnoses } = inspectBytes(built.bytes);
    assert.deepEqual(diagnoses, []);
    assert.deepEqual(enclaveConfiguration, {
      offset: built.layout.offset('enclave'),
      size: 80,
      minimumRequiredConfigSize: 76,
      policyFlags: { raw: 1, DEBUGGABLE: true, STRICT_MEMORY: false },
      familyId: '101112131415161718191a1b1c1d1e1f',
      imageId: '202122232425262728292a2b2c2d2e2f',
      imageVersion: 3,
      securityVersion: 7,
      enclaveSize: 0x2000_0000n,
      numberOfThreads: 16,
      enclaveFlags: { raw: 1, PRIMARY_IMAGE: true },
      imports: [
        {
          name: 'ucrtbase_enclave.dll',
          match: 'image',
          minimumSecurityVersion: 0,
          uniqueOrAuthorId: '00'.repeat(32),
          familyId: '00'.repeat(16),
          imageId: '303132333435363738393a3b3c3d3e3f',
        },
        {
          name: 'vertdll.dll',
          match: 'author',
          minimumSecurityVersion: 5,
          uniqueOrAuthorId: '404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f',
          familyId: '00'.repeat(16),
          imageId: '00'.repeat(16),
        },
      ],
    });
  });

  test('is read from a 32-bit image, where the enclave’s size takes four bytes', () => {
    const { enclaveConfiguration } = reportOf(
      { enclaveSize: 0xfeed_0000n, numberOfThreads: 3, enclaveFlags: 0, policyFlags: 2, imageVersion: 0xffff_ffff },
      { bits: 32 },
    );
    assert.equal(enclaveConfiguration?.size, 76);
    assert.equal(enclaveConfiguration?.enclaveSize, 0xfeed_0000n);
    assert.equal(enclaveConfiguration?.numberOfThreads, 3);
    assert.equal(enclaveConfiguration?.imageVersion, 0xffff_ffff);
    assert.deepEqual(enclaveConfiguration?.enclaveFlags, { raw: 0, PRIMARY_IMAGE: false });
    assert.deepEqual(enclaveConfiguration?.policyFlags, { raw: 2, DEBUGGABLE: false, STRICT_MEMORY: true });
  });

  test('may end before its last flags', () => {
    for (const [bits, size] of [
      [64, 76],
      [32, 72],
    ] as const) {
      const { enclaveConfiguration, diagnoses } = reportOf({ enclaveFlags: null }, { bits });
      assert.equal(enclaveConfiguration?.size, size);
      assert.equal(enclaveConfiguration?.enclaveFlags, null);
      assert.equal(enclaveConfiguration?.numberOfThreads, 1);
      assert.deepEqual(diagnoses, []);
    }
  });

  test('names how an import is matched, and leaves an unknown way its number', () => {
    const imports = [0, 1, 2, 3, 4, 5].map((matchType) => ({ name: `m${matchType}.dll`, matchType }));
    const { enclaveConfiguration } = reportOf({ imports });
    assert.deepEqual(
      enclaveConfiguration?.imports.map(({ match }) => match),
      ['none', 'unique', 'author', 'family', 'image', 'unknown(5)'],
    );
  });

  test('has imports as far apart as it says, and imports without a name', () => {
    const imports = [
      { name: null, imageId: bytesOf(1, 16) },
      { name: 'b.dll', familyId: bytesOf(9, 16) },
    ];
    for (const importEntrySize of [80, 96, 128]) {
      const { enclaveConfiguration, diagnoses } = reportOf({ imports, importEntrySize });
      assert.deepEqual(
        enclaveConfiguration?.imports.map(({ name, imageId, familyId }) => [
          name,
          imageId.slice(0, 4),
          familyId.slice(0, 4),
        ]),
        [
          [null, '0102', '0000'],
          ['b.dll', '0000', '090a'],
        ],
      );
      assert.deepEqual(diagnoses, []);
    }
  });

  test('is found by the load configuration alone, exported or not', () => {
    assert.ok(reportOf({ isExported: false }).enclaveConfiguration !== null);
    const unnamed = reportOf({}, { loadConfig: { enclaveConfiguration: 0n } });
    assert.equal(unnamed.enclaveConfiguration, null);
    const tooShort = reportOf({}, { loadConfig: { length: 0xf8 } });
    assert.equal(tooShort.enclaveConfiguration, null);
  });
});
