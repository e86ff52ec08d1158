/** Where addresses lie in the file: alignments, sizes that do not agree, places at the very end of a section. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes, type PeDiagnosis } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { fieldValue, withField, withFields } from '../../support/pe/corrupt.js';
import { ENCLAVE, LSAISO } from '../../support/pe/samples.js';

const places = (diagnoses: readonly PeDiagnosis[]): unknown[] =>
  diagnoses.map(({ part, code, offset }) => [part, code, offset]);

describe('addresses of an image', () => {
  const built = buildPe(LSAISO);

  test('lie in a section whose size in memory is not given, by its size in the file', () => {
    const { policy, diagnoses } = inspectBytes(withField(built, 'section/.tPolicy/virtualSize', 0).bytes);
    assert.equal(policy?.entries.length, 4);
    assert.deepEqual(diagnoses, []);
  });

  test('lie in the file where it begins at a sector, as the loader reads it', () => {
    // The loader rounds 0x801 down to 0x800.
    const start = fieldValue(built, 'section/.tPolicy/pointerToRawData');
    const { policy } = inspectBytes(withField(built, 'section/.tPolicy/pointerToRawData', start + 1).bytes);
    assert.equal(policy?.offset, start);
  });

  test('lie where they say in an image that is aligned by less than a page', () => {
    const low = buildPe({ ...LSAISO, sectionAlignment: 512 });
    const { policy, diagnoses, kind } = inspectBytes(low.bytes);
    assert.equal(policy?.offset, low.layout.offset('policy'));
    assert.deepEqual([diagnoses, kind], [[], 'undetermined']);
    const odd = buildPe({ ...LSAISO, sectionAlignment: 16, fileAlignment: 16 });
    assert.equal(inspectBytes(odd.bytes).policy?.offset, odd.layout.offset('policy'));
  });

  test('lie nowhere where the section has only zeros in memory', () => {
    const empty = withFields(built, {
      'section/.tPolicy/sizeOfRawData': 0,
      'section/.tPolicy/virtualSize': 0x1000,
    });
    const { policy, diagnoses } = inspectBytes(empty.bytes);
    assert.equal(policy, null);
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [['policy', 'out-of-range']],
    );
  });

  test('may be of the headers, which are mapped too', () => {
    const header = buildPe({ exports: { functions: [{ name: 'a' }] } });
    // The name of the module, at the eighth byte of a section's header: a zero.
    const name = header.layout.offset('section/.text') + 5;
    const { diagnoses } = inspectBytes(withField(header, 'exports/name', name).bytes);
    assert.deepEqual(diagnoses, []);
  });
});

describe('what does not fit', () => {
  test('an optional header that is shorter than its fixed part', () => {
    const built = buildPe();
    const { kind, diagnoses } = inspectBytes(withField(built, 'coff/sizeOfOptionalHeader', 111).bytes);
    assert.equal(kind, 'not-a-pe');
    assert.deepEqual(places(diagnoses), [
      ['nt-headers', 'malformed', built.layout.offset('coff/sizeOfOptionalHeader')],
    ]);
  });

  test('an enclave configuration of which a part is behind its section’s end', () => {
    const built = buildPe(ENCLAVE);
    const end = built.imageBase + 0x2000n + BigInt(fieldValue(built, 'section/.rdata/sizeOfRawData'));
    const tail = withField(built, 'loadConfig/enclaveConfiguration', end - 16n);
    const section = fieldValue(built, 'section/.rdata/pointerToRawData');
    const at = section + fieldValue(built, 'section/.rdata/sizeOfRawData') - 16;
    new DataView(tail.bytes.buffer).setUint32(at, 80, true);
    const { enclaveConfiguration, diagnoses } = inspectBytes(tail.bytes);
    assert.equal(enclaveConfiguration, null);
    assert.deepEqual(places(diagnoses), [
      ['enclave', 'out-of-range', built.layout.offset('loadConfig/enclaveConfiguration')],
    ]);
  });

  test('imports of which a part is behind their section’s end', () => {
    const built = buildPe(ENCLAVE);
    const lying = withField(built, 'enclave/numberOfImports', 40);
    const { enclaveConfiguration, diagnoses } = inspectBytes(lying.bytes);
    assert.ok((enclaveConfiguration?.imports.length ?? 0) < 40);
    assert.ok(
      diagnoses.some(
        ({ code, offset }) => code === 'out-of-range' && offset === built.layout.offset('enclave/numberOfImports'),
      ),
    );
  });
});
