import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspectBytes, type PeSignature } from '../../../lib/pe/index.js';
import { buildPe } from '../../support/pe/build.js';
import { withCertificates } from '../../support/pe/certificate-table.js';
import type { BuiltPe } from '../../support/pe/layout.js';
import { pkcs7Of, type SignOptions, signPe } from '../../support/pe/sign.js';

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
