import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as asn1js from 'asn1js';
import { AlgorithmIdentifier, Attribute, SignedAndUnsignedAttributes } from 'pkijs';
import { inspectBytes, type PeSignature } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withCertificates } from '../../support/pe/certificate-table.js';
import type { BuiltPe } from '../../support/pe/layout.js';
import { pkcs7Of, type SignOptions, signPe } from '../../support/pe/sign.js';
import { changedSignature } from '../../support/pe/signed-data.js';

const built = buildPe();
const signaturesOf = (file: BuiltPe): readonly PeSignature[] => {
  const { signatures, diagnoses } = inspectBytes(file.bytes);
  assert.deepEqual(diagnoses, []);
  return signatures;
};
const signatureOf = (options: SignOptions): PeSignature => {
  const [signature] = signaturesOf(signPe(built, options));
  assert.ok(signature !== undefined);
  return signature;
};

describe('an Authenticode signature', () => {
  test('is read with its signer’s certificate', () => {
    const signed = signPe(built, { subject: 'Somebody, "of" Ours' });
    assert.deepEqual(signaturesOf(signed), [
      {
        offset: signed.layout.offset('certificates/0'),
        place: 'embedded',
        digestAlgorithm: 'sha256',
        signer: {
          subject: 'CN=Somebody\\, \\"of\\" Ours',
          issuer: 'CN=Throw-away issuing authority',
          serialNumber: '1234',
          notBefore: '2026-01-02T03:04:05.000Z',
          notAfter: '2046-07-08T09:10:11.000Z',
          ekus: [{ oid: '1.3.6.1.5.5.7.3.3', name: 'Code signing' }],
        },
        certificates: 3,
        pageHashes: null,
        isTimestamped: false,
      },
    ]);
  });

  test('names the extended key usages that matter, and no misprint of them', () => {
    const oids = [
      '1.3.6.1.4.1.311.10.3.37',
      '1.3.6.1.4.311.10.3.37',
      '1.3.6.1.4.1.311.10.3.6',
      '1.3.6.1.4.1.311.76.57.1.15',
      '1.3.6.1.4.1.311.10.3.42',
      '1.3.6.1.5.5.7.3.3',
      '1.2.3.4',
    ];
    const names = signatureOf({ ekus: oids }).signer?.ekus;
    assert.deepEqual(
      names?.map(({ oid }) => oid),
      oids,
    );
    assert.deepEqual(
      names?.map(({ name }) => name),
      [
        'Isolated User Mode (IUM)',
        null,
        'Windows System Component Verification',
        'VBS enclave',
        'Enclave (older)',
        'Code signing',
        null,
      ],
    );
  });

  test('tells a certificate without usages from one without the extension', () => {
    assert.equal(signatureOf({ ekus: null }).signer?.ekus, null);
  });

  test('says what page hashes it has', () => {
    // The headers, a page of code, one of read-only data, and 5,000 bytes of data, which begin a second page.
    const file = buildPe({ sections: [{ name: '.data', content: new Uint8Array(5000) }] });
    for (const pageHashes of ['sha1', 'sha256'] as const) {
      const [signature] = signaturesOf(signPe(file, { pageHashes }));
      assert.deepEqual(signature?.pageHashes, { algorithm: pageHashes, count: 5 });
    }
  });

  test('says whether it is timestamped', () => {
    assert.deepEqual(
      [signatureOf({ isTimestamped: true }).isTimestamped, signatureOf({}).isTimestamped],
      [true, false],
    );
  });

  test('may not carry its signer’s certificate', () => {
    const { signer, certificates } = signatureOf({ withCertificates: false });
    assert.deepEqual([signer, certificates], [null, 0]);
  });

  test('carries nested ones, which are listed after it', () => {
    const signed = signPe(built, {
      subject: 'Outer',
      nested: [{ subject: 'Inner', pageHashes: 'sha1' }, { subject: 'Other' }],
    });
    assert.deepEqual(
      signaturesOf(signed).map(({ place, signer, offset }) => [place, signer?.subject, offset]),
      [
        ['embedded', 'CN=Outer', signed.layout.offset('certificates/0')],
        ['nested', 'CN=Inner', signed.layout.offset('certificates/0')],
        ['nested', 'CN=Other', signed.layout.offset('certificates/0')],
      ],
    );
  });

  test('is one of several in the table; entries of other types are passed over', () => {
    const content = pkcs7Of(built, {});
    const file = withCertificates(built, [
      { content },
      { content: Uint8Array.of(1, 2, 3), type: 0x0ef1 },
      { content, revision: 0x100 },
    ]);
    assert.deepEqual(
      signaturesOf(file).map(({ offset }) => offset),
      [file.layout.offset('certificates/0'), file.layout.offset('certificates/2')],
    );
  });

  test('changes no byte of what it signs but checksum and directory', () => {
    const signed = signPe(built);
    const { layout } = built;
    const free = ['optional/checksum', 'directory/certificates/address', 'directory/certificates/size'];
    const isFree = (at: number): boolean => free.some((name) => at >= layout.offset(name) && at < layout.end(name));
    const changed = [...built.bytes.keys()].filter((at) => built.bytes[at] !== signed.bytes[at] && !isFree(at));
    assert.deepEqual(changed, []);
  });
});

/** Other bytes for the first place where some stand. */
const replaced = (bytes: Uint8Array, from: string, to: string): Uint8Array => {
  const at = Buffer.from(bytes).indexOf(Buffer.from(from, 'hex'));
  assert.ok(at !== -1 && from.length === to.length, from);
  const changed = bytes.slice();
  changed.set(Buffer.from(to, 'hex'), at);
  return changed;
};
const ofContent = (content: Uint8Array): BuiltPe => withCertificates(built, [{ content }]);
const reportOf = (content: Uint8Array) => inspectBytes(ofContent(content).bytes);

/** 1.3.6.1.4.1.311.2.3.2 and what it holds: SET { OCTET STRING }. */
const PAGE_HASHES_OID = '060a2b060104018237020302';

describe('a signature that is not as Authenticode makes them', () => {
  const plain = pkcs7Of(built, {});
  const hashed = pkcs7Of(built, { pageHashes: 'sha256' });

  test('names a subject by all its attributes, the last one first, unknown ones by their types', () => {
    const subject = [
      ['2.5.4.6', 'DE'],
      ['2.5.4.10', 'Müller & Söhne; "GmbH"'],
      ['1.3.6.1.4.1.311.60.2.1.3', 'DE'],
      ['2.5.4.3', 'a=b+c<d>\\'],
    ] as const;
    assert.equal(
      reportOf(pkcs7Of(built, { subject })).signatures[0]?.signer?.subject,
      'CN=a\\=b\\+c\\<d\\>\\\\, 1.3.6.1.4.1.311.60.2.1.3=DE, O=Müller & Söhne\\; \\"GmbH\\", C=DE',
    );
  });

  test('is signed by the certificate that the signer names, by issuer and number, wherever it stands', () => {
    const shuffled = changedSignature(plain, (data) => data.certificates?.reverse());
    assert.equal(reportOf(shuffled).signatures[0]?.signer?.subject, 'CN=Throw-away signer');
    const without = changedSignature(plain, (data) => data.certificates?.shift());
    assert.deepEqual(
      reportOf(without).signatures.map(({ signer, certificates }) => [signer, certificates]),
      [[null, 2]],
    );
  });

  test('has no signer’s certificate where nobody signed, or where the key is named otherwise', () => {
    const unsigned = changedSignature(plain, (data) => {
      data.signerInfos = [];
    });
    const { signatures, diagnoses } = reportOf(unsigned);
    assert.deepEqual(diagnoses, []);
    assert.deepEqual(
      signatures.map(({ signer, digestAlgorithm, isTimestamped }) => [signer, digestAlgorithm, isTimestamped]),
      [[null, null, false]],
    );
    const byKey = changedSignature(plain, ({ signerInfos: [info] }) => {
      assert.ok(info !== undefined);
      info.version = 3;
      info.sid = new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 }, valueHex: new ArrayBuffer(20) });
    });
    assert.equal(reportOf(byKey).signatures[0]?.signer, null);
  });

  test('names digests that are known, and gives others their number', () => {
    const digests = [
      '1.2.840.113549.2.5',
      '1.3.14.3.2.26',
      '2.16.840.1.101.3.4.2.2',
      '2.16.840.1.101.3.4.2.3',
      '1.2.3.4',
    ];
    const named = digests.map((algorithmId) => {
      const changed = changedSignature(plain, ({ signerInfos: [info] }) => {
        if (info !== undefined) info.digestAlgorithm = new AlgorithmIdentifier({ algorithmId });
      });
      return reportOf(changed).signatures[0]?.digestAlgorithm;
    });
    assert.deepEqual(named, ['md5', 'sha1', 'sha384', 'sha512', '1.2.3.4']);
  });

  test('is counter-signed in the older way too', () => {
    const counterSigned = changedSignature(plain, ({ signerInfos: [info] }) => {
      const value = new asn1js.Sequence({ value: [new asn1js.Integer({ value: 1 })] });
      const attributes = [new Attribute({ type: '1.2.840.113549.1.9.6', values: [value] })];
      if (info !== undefined) info.unsignedAttrs = new SignedAndUnsignedAttributes({ type: 1, attributes });
    });
    assert.equal(reportOf(counterSigned).signatures[0]?.isTimestamped, true);
  });

  test('has no page hashes where its content is detached, of another kind or of another algorithm', () => {
    const detached = changedSignature(hashed, ({ encapContentInfo }) => {
      Reflect.deleteProperty(encapContentInfo, 'eContent');
    });
    for (const content of [
      detached,
      replaced(hashed, PAGE_HASHES_OID, '060a2b060104018237020303'),
      // An INTEGER in the place of the algorithm, and a SEQUENCE in the place of the SET that holds the hashes.
      replaced(hashed, PAGE_HASHES_OID, '020a2b060104018237020302'),
    ]) {
      const { signatures, diagnoses } = reportOf(content);
      assert.deepEqual([signatures[0]?.pageHashes, diagnoses], [null, []]);
    }
  });

  test('has as many page hashes as its table where nothing ends that', () => {
    const at = Buffer.from(hashed).indexOf(Buffer.alloc(32));
    const changed = hashed.slice();
    changed[at + 31] = 1;
    assert.deepEqual(reportOf(hashed).signatures[0]?.pageHashes, { algorithm: 'sha256', count: 3 });
    assert.deepEqual(reportOf(changed).signatures[0]?.pageHashes, { algorithm: 'sha256', count: 4 });
  });

  test('with page hashes that are no BER is not read', () => {
    const at = Buffer.from(hashed).indexOf(Buffer.from(PAGE_HASHES_OID, 'hex'));
    const changed = hashed.slice();
    // The length of the table's OCTET STRING, which then reaches beyond what holds it.
    changed[at + 12 + 3] = 0xff;
    const { signatures, diagnoses } = reportOf(changed);
    assert.deepEqual(signatures, []);
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [['signature', 'malformed']],
    );
  });

  test('is not read where it says that it is something else', () => {
    // 1.2.840.113549.1.7.2 → 7.3: EnvelopedData.
    const { signatures, diagnoses } = reportOf(replaced(plain, '06092a864886f70d010702', '06092a864886f70d010703'));
    assert.deepEqual(signatures, []);
    assert.deepEqual(
      diagnoses.map(({ part, code }) => [part, code]),
      [['signature', 'malformed']],
    );
    assert.match(diagnoses[0]?.text ?? '', /1\.2\.840\.113549\.1\.7\.3/);
  });

  test('with a date that no calendar has gives no date', () => {
    const from = Buffer.from('260102030405Z').toString('hex');
    const to = Buffer.from('269902030405Z').toString('hex');
    // Root, authority, signer: the signer's comes first.
    const { signatures, diagnoses } = reportOf(replaced(plain, from, to));
    assert.ok(signatures.length === 0 ? diagnoses.length === 1 : signatures[0]?.signer?.notBefore !== undefined);
  });
});
