/** What makes a file a trustlet's or an enclave's: everything right, and each condition failing alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Candidacy, inspectBytes, type PeReport } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withCertificates } from '../../support/pe/certificate-table.js';
import { withField } from '../../support/pe/corrupt.js';
import { EKU, ENCLAVE, enclave, LSAISO, trustlet } from '../../support/pe/samples.js';
import { signPe } from '../../support/pe/sign.js';

const inspected = ({ bytes }: { bytes: Uint8Array }): PeReport => inspectBytes(bytes);

/** Conditions that are not met, with what was found. */
const failed = ({ requirements }: Candidacy): [string, string][] =>
  requirements.filter(({ isMet }) => isMet === false).map(({ name, text }) => [name, text]);
const open = ({ requirements }: Candidacy): string[] =>
  requirements.filter(({ isMet }) => isMet === null).map(({ name }) => name);

/** An enclave's, but for the page hashes. */
const unhashed = signPe(buildPe(ENCLAVE), { ekus: [EKU.CODE_SIGNING, EKU.ENCLAVE, EKU.AUTHOR] });

const TRUSTLET_CONDITIONS = [
  'machine of VTL1',
  'whole file',
  'program',
  'large addresses',
  'policy section',
  'policy symbol',
  'policy metadata',
  'trustlet certificate',
];
const ENCLAVE_CONDITIONS = [
  'machine of VTL1',
  'whole file',
  'DLL',
  'enclave configuration',
  'integrity check',
  'control flow guard',
  'enclave certificate',
  'page hashes',
];

describe('a trustlet’s file', () => {
  test('meets every condition, each with its evidence and source', () => {
    const report = inspected(trustlet());
    assert.equal(report.kind, 'trustlet');
    assert.equal(report.trustlet.answer, 'yes');
    assert.deepEqual(
      report.trustlet.requirements.map(({ name, isMet }) => [name, isMet]),
      TRUSTLET_CONDITIONS.map((name) => [name, true]),
    );
    for (const { evidence, source, text } of report.trustlet.requirements) {
      assert.match(evidence, /^(documented|observed|derived|assumed)$/);
      assert.match(source, /facts\/|Microsoft/);
      assert.match(text, /^[A-Z].*\.$/);
    }
    assert.equal(report.enclave.answer, 'no');
    assert.match(report.summary, /trustlet 1 \(LsaIso\.exe/);
  });

  test('may be for ARM64', () => {
    assert.equal(inspected(trustlet({ machine: 0xaa64 })).kind, 'trustlet');
  });

  const alone: readonly [string, PeReport, string, RegExp][] = [
    ['for 32 bits', inspected(trustlet({ bits: 32, isLargeAddressAware: true })), 'machine of VTL1', /32-bit.*I386/],
    [
      'for 32 bits of a machine with VTL1',
      inspected(trustlet({ bits: 32, machine: 0x8664, isLargeAddressAware: true })),
      'machine of VTL1',
      /32-bit.*AMD64/,
    ],
    ['for a machine without VTL1', inspected(trustlet({ machine: 0x1c4 })), 'machine of VTL1', /ARMNT/],
    [
      'ending before its last section does',
      inspected(withField(trustlet(), 'section/.edata/sizeOfRawData', 0x1_0000)),
      'whole file',
      /truncated/,
    ],
    ['a DLL', inspected(trustlet({ isDll: true })), 'program', /is a DLL/],
    ['not large-address-aware', inspected(trustlet({ isLargeAddressAware: false })), 'large addresses', /not large/],
    [
      'with a writable policy section',
      inspected(trustlet({ policy: { ...LSAISO.policy, characteristics: 0xc000_0040 } })),
      'policy section',
      /0xc0000040.*0x40000040/,
    ],
    [
      'with a policy of another version',
      inspected(trustlet({ policy: { ...LSAISO.policy, version: 2 } })),
      'policy metadata',
      /version 2/,
    ],
    [
      'whose policy has no end',
      inspected(
        trustlet({
          policy: {
            entries: Array.from({ length: 31 }, (_, id) => ({ type: 1, id: 20 + id, value: 0n })),
            isTerminated: false,
          },
        }),
      ),
      'policy metadata',
      /Nothing ends/,
    ],
    [
      'without the IUM usage',
      inspected(trustlet({}, { ekus: [EKU.SYSTEM_COMPONENT, EKU.CODE_SIGNING] })),
      'trustlet certificate',
      /has only 1\.3\.6\.1\.4\.1\.311\.10\.3\.6, 1\.3\.6\.1\.5\.5\.7\.3\.3; .*both/,
    ],
    [
      'with the misprinted IUM usage',
      inspected(trustlet({}, { ekus: ['1.3.6.1.4.311.10.3.37', EKU.SYSTEM_COMPONENT] })),
      'trustlet certificate',
      /both/,
    ],
    [
      'without the system component usage',
      inspected(trustlet({}, { ekus: [EKU.IUM] })),
      'trustlet certificate',
      /has only 1\.3\.6\.1\.4\.1\.311\.10\.3\.37;/,
    ],
    [
      'whose certificate has no usages',
      inspected(trustlet({}, { ekus: null })),
      'trustlet certificate',
      /no extended key usages/,
    ],
  ];
  for (const [what, report, condition, text] of alone) {
    test(`that is all right, but ${what}, is none, for that reason alone`, () => {
      assert.equal(report.trustlet.answer, 'no');
      assert.equal(report.kind, 'neither');
      assert.deepEqual(
        failed(report.trustlet).map(([name]) => name),
        [condition],
      );
      assert.match(failed(report.trustlet)[0]?.[1] ?? '', text);
    });
  }

  test('without the section or the symbol has no policy either', () => {
    const misnamed = inspected(trustlet({ policy: { ...LSAISO.policy, section: '.tpolicy' } }));
    assert.deepEqual(
      failed(misnamed.trustlet).map(([name]) => name),
      ['policy section', 'policy symbol', 'policy metadata'],
    );
    const unnamed = inspected(trustlet({ policy: { ...LSAISO.policy, symbol: null } }));
    assert.deepEqual(
      failed(unnamed.trustlet).map(([name]) => name),
      ['policy symbol', 'policy metadata'],
    );
    const elsewhere = inspected(
      trustlet({
        policy: { symbol: null },
        exports: { functions: [{ name: 's_IumPolicyMetadata', target: 'code' }] },
      }),
    );
    assert.deepEqual(
      failed(elsewhere.trustlet).map(([name]) => name),
      ['policy symbol', 'policy metadata'],
    );
    assert.match(failed(elsewhere.trustlet)[0]?.[1] ?? '', /but not from that section \(RVA 0x1000\)/);
  });

  test('whose two usages stand in different certificates is no trustlet’s', () => {
    const split = trustlet({}, { ekus: [EKU.IUM], nested: [{ ekus: [EKU.SYSTEM_COMPONENT] }] });
    assert.equal(inspected(split).trustlet.answer, 'no');
    const nested = trustlet({}, { ekus: [EKU.CODE_SIGNING], nested: [{ ekus: [EKU.IUM, EKU.SYSTEM_COMPONENT] }] });
    assert.equal(inspected(nested).trustlet.answer, 'yes');
  });

  test('without a signature, or with one that cannot be read, is undetermined', () => {
    const unsigned = inspected(buildPe(LSAISO));
    assert.deepEqual([unsigned.kind, unsigned.trustlet.answer], ['undetermined', 'undetermined']);
    assert.deepEqual(open(unsigned.trustlet), ['trustlet certificate']);
    assert.match(unsigned.summary, /made as trustlet 1 \(LsaIso\.exe.*catalogue/);
    const broken = inspected(withCertificates(buildPe(LSAISO), [{ content: Uint8Array.of(0x30, 3, 2, 1, 1) }]));
    assert.deepEqual([broken.kind, open(broken.trustlet)], ['undetermined', ['trustlet certificate']]);
    const bare = inspected(trustlet({}, { withCertificates: false }));
    assert.deepEqual([bare.kind, open(bare.trustlet)], ['undetermined', ['trustlet certificate']]);
  });
});

describe('an enclave’s file', () => {
  test('meets every condition', () => {
    const report = inspected(enclave());
    assert.equal(report.kind, 'enclave');
    assert.deepEqual(
      report.enclave.requirements.map(({ name, isMet }) => [name, isMet]),
      ENCLAVE_CONDITIONS.map((name) => [name, true]),
    );
    assert.equal(report.trustlet.answer, 'no');
  });

  test('may be signed with the older usage alone, and hashed with SHA-1', () => {
    assert.equal(inspected(enclave({}, { ekus: [EKU.OLDER_ENCLAVE], pageHashes: 'sha1' })).kind, 'enclave');
  });

  test('may say in either place that it is instrumented for control flow guard', () => {
    const inConfig = inspected(enclave({ dllCharacteristics: 0x01e0 }));
    assert.equal(inConfig.kind, 'enclave');
    const inHeader = inspected(enclave({ loadConfig: { guardFlags: 0 } }));
    assert.equal(inHeader.kind, 'enclave');
  });

  const alone: readonly [string, PeReport, string, RegExp][] = [
    ['for a machine without VTL1', inspected(enclave({ machine: 0x14c })), 'machine of VTL1', /I386/],
    ['a program', inspected(enclave({ isDll: false })), 'DLL', /no DLL/],
    [
      'without the integrity check',
      inspected(enclave({ dllCharacteristics: 0x4160 })),
      'integrity check',
      /\/INTEGRITYCHECK\) is not set/,
    ],
    [
      'without control flow guard',
      inspected(enclave({ dllCharacteristics: 0x01e0, loadConfig: { guardFlags: 0 } })),
      'control flow guard',
      /Neither/,
    ],
    [
      'without an enclave configuration',
      inspected(enclave({ loadConfig: { guardFlags: 0x500, enclaveConfiguration: 0n } })),
      'enclave configuration',
      /names no enclave/,
    ],
    [
      'with a configuration at no address of the image',
      inspected(enclave({ loadConfig: { guardFlags: 0x500, enclaveConfiguration: 0x1000n } })),
      'enclave configuration',
      /could not be read/,
    ],
    [
      'with a configuration that asks for more than it has',
      inspected(enclave({ enclave: { ...ENCLAVE.enclave, minimumRequiredConfigSize: 81 } })),
      'enclave configuration',
      /80 bytes.*81/,
    ],
    [
      'with a configuration that asks for less than there must be',
      inspected(enclave({ enclave: { ...ENCLAVE.enclave, minimumRequiredConfigSize: 75 } })),
      'enclave configuration',
      /75/,
    ],
    ['without page hashes', inspected(unhashed), 'page hashes', /No signature/],
    [
      'without an author’s usage',
      inspected(enclave({}, { ekus: [EKU.CODE_SIGNING, EKU.ENCLAVE] })),
      'enclave certificate',
      /author/,
    ],
    [
      'with the usage of Trusted Signing in the place of an author’s',
      inspected(enclave({}, { ekus: [EKU.CODE_SIGNING, EKU.ENCLAVE, '1.3.6.1.4.1.311.97.1.0'] })),
      'enclave certificate',
      /author/,
    ],
    [
      'without the code signing usage',
      inspected(enclave({}, { ekus: [EKU.ENCLAVE, EKU.AUTHOR] })),
      'enclave certificate',
      /1\.3\.6\.1\.5\.5\.7\.3\.3/,
    ],
    [
      'without the enclave usage',
      inspected(enclave({}, { ekus: [EKU.CODE_SIGNING, EKU.AUTHOR] })),
      'enclave certificate',
      /1\.3\.6\.1\.4\.1\.311\.76\.57\.1\.15/,
    ],
  ];
  for (const [what, report, condition, text] of alone) {
    test(`that is all right, but ${what}, is none, for that reason alone`, () => {
      assert.equal(report.enclave.answer, 'no');
      assert.equal(report.kind, 'neither');
      assert.deepEqual(
        failed(report.enclave).map(([name]) => name),
        [condition],
      );
      assert.match(failed(report.enclave)[0]?.[1] ?? '', text);
    });
  }

  test('without a signature, or with one that cannot be read, is undetermined', () => {
    const unsigned = inspected(buildPe(ENCLAVE));
    assert.deepEqual([unsigned.kind, unsigned.enclave.answer], ['undetermined', 'undetermined']);
    assert.deepEqual(open(unsigned.enclave), ['enclave certificate', 'page hashes']);
    assert.match(unsigned.summary, /made as a VBS enclave\./);
    const broken = inspected(withCertificates(buildPe(ENCLAVE), [{ content: Uint8Array.of(0x30, 3, 2, 1, 1) }]));
    assert.deepEqual([broken.kind, open(broken.enclave)], ['undetermined', ['enclave certificate', 'page hashes']]);
  });
});

describe('other files', () => {
  test('are neither, and say why not in one sentence each', () => {
    const { kind, summary, trustlet: asTrustlet, enclave: asEnclave } = inspected(buildPe());
    assert.equal(kind, 'neither');
    assert.match(summary, /^No trustlet: it has no section '\.tPolicy'\. No enclave: .*no enclave configuration\.$/);
    assert.deepEqual([asTrustlet.answer, asEnclave.answer], ['no', 'no']);
  });

  test('are not said to lack what could not be read', () => {
    const unread = inspected(withField(trustlet(), 'directory/export/address', 0x7fff_0000));
    assert.deepEqual(open(unread.trustlet), ['policy symbol', 'policy metadata']);
    assert.equal(unread.kind, 'undetermined');
    assert.match(unread.summary, /Its exports could not be read; see the diagnoses\./);
    const unloaded = inspected(withField(enclave(), 'directory/loadConfig/address', 0x7fff_0000));
    assert.ok(open(unloaded.enclave).includes('enclave configuration'));
    const unmarked = enclave({ dllCharacteristics: 0x01e0 });
    const unguarded = inspected(withField(unmarked, 'directory/loadConfig/address', 0x7fff_0000));
    assert.ok(open(unguarded.enclave).includes('control flow guard'));
    assert.deepEqual(failed(unguarded.enclave), []);
  });

  test('are not whole where their last signature byte is missing', () => {
    const { bytes } = trustlet();
    const cut = inspectBytes(bytes.subarray(0, -1));
    assert.equal(cut.kind, 'neither');
    assert.match(cut.summary, /^No trustlet: it ends before its signatures do: it is truncated\./);
    assert.deepEqual(failed(cut.trustlet), [['whole file', 'It ends before its signatures do: it is truncated.']]);
  });

  test('are no PE images', () => {
    const built = buildPe();
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0x4d),
      new Uint8Array(64),
      Buffer.from('#!/bin/sh\necho MZ is not all that it takes, and this is a script of some length\n'),
      withField(built, 'dos/magic', 0x4d5a).bytes,
      withField(built, 'nt/signature', 0x4551).bytes,
      withField(built, 'optional/magic', 0x107).bytes,
    ]) {
      const report = inspectBytes(bytes);
      assert.equal(report.kind, 'not-a-pe');
      assert.deepEqual([report.headers, report.mitigations, report.policy, report.sections], [null, null, null, []]);
      assert.deepEqual(report.trustlet, { answer: 'no', requirements: [] });
      assert.deepEqual(report.enclave, { answer: 'no', requirements: [] });
      assert.ok(report.diagnoses.length === 1 && report.summary === report.diagnoses[0]?.text);
    }
  });
});
