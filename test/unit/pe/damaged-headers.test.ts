/** Truncated files, and headers and sections that lie: each is diagnosed where it is wrong, and the rest is read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { fieldValue, truncatedAt, withField } from '../../support/pe/corrupt.js';
import type { BuiltPe } from '../../support/pe/layout.js';
import { diagnosed, type Place, placesIn } from '../../support/pe/places.js';
import { enclave, LSAISO, trustlet } from '../../support/pe/samples.js';

const plain = buildPe({ exports: { functions: [{ name: 'a' }, { name: 'b' }] } });
const signedTrustlet = trustlet();
const signedEnclave = enclave();
const at = (built: BuiltPe, name: string): number => built.layout.offset(name);

describe('a truncated file', () => {
  const cuts: readonly [what: string, length: number, Place][] = [
    ['of no bytes', 0, ['dos-header', 'malformed', 0]],
    ['of one byte', 1, ['dos-header', 'malformed', 0]],
    ['that ends in the DOS header', 0x3f, ['dos-header', 'truncated', 0]],
    ['that ends before the NT headers', 0x80, ['dos-header', 'out-of-range', 0x3c]],
    ['that ends in the signature of the NT headers', 0x83, ['dos-header', 'out-of-range', 0x3c]],
    ['that ends in the file header', 0x97, ['dos-header', 'out-of-range', 0x3c]],
    ['that ends before the optional header', 0x98, ['nt-headers', 'truncated', 0x98]],
    ['that ends in the optional header', 0xa0, ['nt-headers', 'truncated', 0x98]],
  ];
  for (const [what, length, expected] of cuts) {
    test(`${what} is no PE image`, () => {
      const report = inspectBytes(truncatedAt(plain, length).bytes);
      assert.equal(report.kind, 'not-a-pe');
      assert.deepEqual(placesIn(report), [expected]);
    });
  }

  test('that ends in the section headers is no PE image either', () => {
    const report = inspectBytes(truncatedAt(plain, at(plain, 'section/.rdata') + 39).bytes);
    assert.equal(report.kind, 'not-a-pe');
    assert.deepEqual(placesIn(report), [['sections', 'truncated', at(plain, 'section/.text')]]);
  });

  test('that ends in a section’s content names that section’s header', () => {
    const cut = truncatedAt(plain, plain.bytes.length - 1);
    assert.deepEqual(diagnosed(cut), [['sections', 'truncated', at(plain, 'section/.edata')]]);
  });

  test('that ends in the certificate table names the directory and the certificate', () => {
    const cut = truncatedAt(signedTrustlet, signedTrustlet.bytes.length - 8);
    assert.deepEqual(diagnosed(cut), [
      ['certificates', 'truncated', at(signedTrustlet, 'directory/certificates/address')],
      ['certificates', 'truncated', at(signedTrustlet, 'certificates/0')],
    ]);
  });

  test('never has a diagnosis outside itself, wherever it ends', () => {
    for (const built of [
      signedTrustlet,
      signedEnclave,
      buildPe({ ...LSAISO, bits: 32, debug: [{ type: 20, data: new Uint8Array(4) }] }),
    ]) {
      const content = built.layout.has('certificates/0') ? built.layout.end('certificates/0') : built.bytes.length;
      for (let length = 0; length < built.bytes.length; length += 7) {
        const report = inspectBytes(built.bytes.slice(0, length));
        assert.ok(report.diagnoses.length > 0, `${length} bytes`);
        for (const { offset } of report.diagnoses) assert.ok(offset <= length, `${offset} of ${length}`);
        // The bytes that fill a certificate up to 8 are of nobody.
        if (length < content) assert.ok(report.kind !== 'trustlet' && report.kind !== 'enclave', `${length} bytes`);
      }
    }
  });
});

describe('headers that lie', () => {
  const cases: readonly [what: string, BuiltPe, Place][] = [
    [
      'NT headers behind the file',
      withField(plain, 'dos/ntHeaders', 0xffff_fff0),
      ['dos-header', 'out-of-range', 0x3c],
    ],
    [
      'NT headers at the file’s end',
      withField(plain, 'dos/ntHeaders', plain.bytes.length),
      ['dos-header', 'out-of-range', 0x3c],
    ],
    ['no DOS header', withField(plain, 'dos/magic', 0), ['dos-header', 'malformed', 0]],
    ['no NT signature', withField(plain, 'nt/signature', 0x454e), ['nt-headers', 'malformed', 0x80]],
    [
      'an optional header of no known kind',
      withField(plain, 'optional/magic', 0x30b),
      ['nt-headers', 'malformed', 0x98],
    ],
    [
      'more directories than there are',
      withField(plain, 'optional/numberOfDirectories', 0xffff_ffff),
      ['nt-headers', 'too-many', at(plain, 'optional/numberOfDirectories')],
    ],
    [
      'more sections than are loaded',
      withField(plain, 'coff/numberOfSections', 97),
      ['sections', 'too-many', at(plain, 'coff/numberOfSections')],
    ],
  ];
  for (const [what, built, expected] of cases) {
    test(`about ${what} are diagnosed`, () => {
      const found = diagnosed(built);
      assert.ok(
        found.some((place) => place.join() === expected.join()),
        JSON.stringify(found),
      );
    });
  }

  test('that begin in the DOS header itself are read, and said to overlap', () => {
    const bytes = plain.bytes.slice();
    // The signature in the file's fifth byte: what is at 0x3c is then both the pointer and a field of the optional header.
    const view = new DataView(bytes.buffer);
    view.setUint32(0x3c, 4, true);
    bytes.copyWithin(4, 0x80, 0x80 + 0x38);
    const report = inspectBytes(bytes);
    assert.ok(
      report.diagnoses.some(({ part, code, offset }) => part === 'dos-header' && code === 'overlap' && offset === 0x3c),
    );
  });
});

describe('sections that lie', () => {
  test('about their place in the file are said to end behind it', () => {
    const beyond = withField(plain, 'section/.rdata/pointerToRawData', 0x7fff_fe00);
    assert.deepEqual(diagnosed(beyond), [['sections', 'truncated', at(plain, 'section/.rdata')]]);
    const huge = withField(plain, 'section/.edata/sizeOfRawData', 0xffff_fe00);
    assert.deepEqual(diagnosed(huge), [['sections', 'truncated', at(plain, 'section/.edata')]]);
  });

  test('in memory are said to overlap', () => {
    const twice = withField(plain, 'section/.rdata/virtualAddress', 0x1000);
    assert.deepEqual(diagnosed(twice), [['sections', 'overlap', at(plain, 'section/.rdata')]]);
  });

  test('in the file are said to overlap', () => {
    const twice = withField(
      plain,
      'section/.rdata/pointerToRawData',
      fieldValue(plain, 'section/.text/pointerToRawData'),
    );
    assert.deepEqual(diagnosed(twice), [['sections', 'overlap', at(plain, 'section/.rdata')]]);
  });

  test('and lie over the headers are said to overlap', () => {
    const over = withField(plain, 'section/.text/pointerToRawData', 0);
    assert.deepEqual(diagnosed(over), [['sections', 'overlap', at(plain, 'section/.text')]]);
  });
});
