/**
 * Signs a built file as Authenticode does: SignedData over SpcIndirectDataContent with the file's digest ("Windows Authenticode
 * Portable Executable Signature Format", Microsoft 2008). The page hashes are as signtool /ph and osslsigncode -ph write them; that
 * paper names them and leaves their layout open.
 */
import * as asn1js from 'asn1js';
import { type Subject, signerWith } from './certificate-chain.js';
import { withCertificates } from './certificate-table.js';
import { authenticodeDigest, pageHashTable } from './checksum.js';
import type { BuiltPe } from './layout.js';
import { type Asn1, OID, signedData, timeStamp } from './signed-data.js';

const SPC = {
  INDIRECT_DATA: '1.3.6.1.4.1.311.2.1.4',
  STATEMENT_TYPE: '1.3.6.1.4.1.311.2.1.11',
  OPUS_INFO: '1.3.6.1.4.1.311.2.1.12',
  PE_IMAGE_DATA: '1.3.6.1.4.1.311.2.1.15',
  INDIVIDUAL: '1.3.6.1.4.1.311.2.1.21',
  PAGE_HASHES_SHA1: '1.3.6.1.4.1.311.2.3.1',
  PAGE_HASHES_SHA256: '1.3.6.1.4.1.311.2.3.2',
  NESTED_SIGNATURE: '1.3.6.1.4.1.311.2.4.1',
  TIME_STAMP: '1.3.6.1.4.1.311.3.3.1',
} as const;

/** Says that what follows are page hashes; GUID in the order of its bytes. */
const PAGE_HASHES_CLASS = Buffer.from('a6b586d5b4a12466ae05a217da8e60d6', 'hex');

export interface SignOptions {
  /** Of the signer's certificate; null: it has no such extension. Default: code signing. */
  readonly ekus?: readonly string[] | null;
  readonly pageHashes?: 'sha1' | 'sha256';
  /** An attribute with an RFC 3161 time stamp. */
  readonly isTimestamped?: boolean;
  /** Signatures that this one carries. */
  readonly nested?: readonly SignOptions[];
  /** Whether the signature carries its certificates. Default true. */
  readonly withCertificates?: boolean;
  /** Default `Throw-away signer`. */
  readonly subject?: Subject;
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

const octets = (bytes: Uint8Array): asn1js.OctetString =>
  new asn1js.OctetString({ valueHex: new Uint8Array(bytes).buffer });
const oid = (value: string): asn1js.ObjectIdentifier => new asn1js.ObjectIdentifier({ value });
const sequence = (...value: Asn1[]): asn1js.Sequence => new asn1js.Sequence({ value });
const tagged = (tagNumber: number, ...value: Asn1[]): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber }, value });

/** SpcLink: a file's name that nobody reads, or a serialized object with the page hashes. */
const spcLink = (built: BuiltPe, pageHashes: SignOptions['pageHashes']): Asn1 => {
  if (pageHashes === undefined) {
    const obsolete = Buffer.from('<<<Obsolete>>>', 'utf16le').swap16();
    return tagged(
      2,
      new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 }, valueHex: new Uint8Array(obsolete).buffer }),
    );
  }
  const type = pageHashes === 'sha1' ? SPC.PAGE_HASHES_SHA1 : SPC.PAGE_HASHES_SHA256;
  const table = octets(pageHashTable(built, pageHashes).table);
  const hashes = new asn1js.Set({ value: [sequence(oid(type), new asn1js.Set({ value: [table] }))] });
  return tagged(1, octets(PAGE_HASHES_CLASS), octets(new Uint8Array(hashes.toBER(false))));
};

const indirectData = (built: BuiltPe, pageHashes: SignOptions['pageHashes']): asn1js.Sequence => {
  const flags = new asn1js.BitString({ valueHex: new ArrayBuffer(0), unusedBits: 0 });
  const imageData = sequence(flags, tagged(0, spcLink(built, pageHashes)));
  const digest = octets(authenticodeDigest(built, 'sha256'));
  return sequence(
    sequence(oid(SPC.PE_IMAGE_DATA), imageData),
    sequence(sequence(oid(OID.SHA256), new asn1js.Null()), digest),
  );
};

const signatureOf = (built: BuiltPe, options: SignOptions): asn1js.Sequence => {
  const { ekus = [CODE_SIGNING], nested = [], isTimestamped = false } = options;
  return signedData({
    contentType: SPC.INDIRECT_DATA,
    content: indirectData(built, options.pageHashes),
    signer: signerWith(ekus, options.subject),
    signedAttributes: [
      { type: SPC.OPUS_INFO, value: sequence() },
      { type: SPC.STATEMENT_TYPE, value: sequence(oid(SPC.INDIVIDUAL)) },
    ],
    unsignedAttributes: (signature) => [
      ...nested.map((each) => ({ type: SPC.NESTED_SIGNATURE, value: signatureOf(built, each) })),
      ...(isTimestamped ? [{ type: SPC.TIME_STAMP, value: timeStamp(signature) }] : []),
    ],
    withCertificates: options.withCertificates ?? true,
  });
};

/** The PKCS#7 signature of a file, for who wants it apart. */
export const pkcs7Of = (built: BuiltPe, options: SignOptions = {}): Uint8Array =>
  new Uint8Array(signatureOf(built, options).toBER(false));

/** The file with a certificate table that holds one signature for each of `signatures`. */
export const signPe = (built: BuiltPe, ...signatures: readonly SignOptions[]): BuiltPe => {
  const list = signatures.length === 0 ? [{}] : signatures;
  return withCertificates(
    built,
    list.map((options) => ({ content: pkcs7Of(built, options) })),
  );
};
