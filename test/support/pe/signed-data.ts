/** PKCS#7 SignedData with any content, and RFC 3161 time stamps made of it. */
import { createHash, sign } from 'node:crypto';
import * as asn1js from 'asn1js';
import {
  AlgorithmIdentifier,
  Attribute,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  MessageImprint,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
  TSTInfo,
} from 'pkijs';
import { SIGNATURE_ALGORITHM, type Signer, signerWith } from './certificate-chain.js';

export const OID = {
  SHA1: '1.3.14.3.2.26',
  SHA256: '2.16.840.1.101.3.4.2.1',
  SIGNED_DATA: '1.2.840.113549.1.7.2',
  CONTENT_TYPE: '1.2.840.113549.1.9.3',
  MESSAGE_DIGEST: '1.2.840.113549.1.9.4',
  TST_INFO: '1.2.840.113549.1.9.16.1.4',
  TIME_STAMPING: '1.3.6.1.5.5.7.3.8',
} as const;

/** `asn1js` types what may stand in a structure as a union of all its classes. */
export type Asn1 = asn1js.BaseBlock;

const arrayBufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
const derOf = (block: Asn1): Uint8Array => new Uint8Array(block.toBER(false));

/** The bytes of a structure without its own tag and length. */
const contentOf = (der: Uint8Array): Uint8Array => {
  const first = der[1] ?? 0;
  return der.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
};

const attribute = (type: string, value: Asn1): Attribute => new Attribute({ type, values: [value] });

/** DER wants the members of a SET in the order of their encodings, and what is signed is that encoding. */
const inDerOrder = (attributes: readonly Attribute[]): Attribute[] =>
  attributes
    .map((each) => ({ each, der: Buffer.from(each.toSchema().toBER(false)) }))
    .sort((a, b) => Buffer.compare(a.der, b.der))
    .map(({ each }) => each);

/** What is signed is the attributes as a SET, not with the tag that they have in the structure (RFC 5652 5.4). */
const signatureOver = (attributes: readonly Attribute[], { key }: Signer): Buffer => {
  const set = new asn1js.Set({ value: attributes.map((each) => each.toSchema()) });
  return sign('sha256', derOf(set), key);
};

export interface SignedContent {
  readonly contentType: string;
  readonly content: Asn1;
  readonly signer: Signer;
  /** Beside content type and message digest. */
  readonly signedAttributes?: readonly { readonly type: string; readonly value: Asn1 }[];
  /** Made from the signature, which a time stamp is over. */
  readonly unsignedAttributes?: (signature: Uint8Array) => readonly { readonly type: string; readonly value: Asn1 }[];
  /** Whether the signature carries the certificates. Default true. */
  readonly withCertificates?: boolean;
}

/** @returns ContentInfo with SignedData */
export const signedData = (what: SignedContent): asn1js.Sequence => {
  const { contentType, content, signer } = what;
  const digest = createHash('sha256')
    .update(contentOf(derOf(content)))
    .digest();
  const attributes = inDerOrder([
    attribute(OID.CONTENT_TYPE, new asn1js.ObjectIdentifier({ value: contentType })),
    attribute(OID.MESSAGE_DIGEST, new asn1js.OctetString({ valueHex: arrayBufferOf(digest) })),
    ...(what.signedAttributes ?? []).map(({ type, value }) => attribute(type, value)),
  ]);
  const signature = signatureOver(attributes, signer);
  const unsigned = what.unsignedAttributes?.(signature) ?? [];
  const { issuer, serialNumber } = signer.certificate;
  const info = new SignerInfo({
    version: 1,
    sid: new IssuerAndSerialNumber({ issuer, serialNumber }),
    digestAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.SHA256 }),
    signedAttrs: new SignedAndUnsignedAttributes({ type: 0, attributes }),
    signatureAlgorithm: new AlgorithmIdentifier({ algorithmId: SIGNATURE_ALGORITHM }),
    signature: new asn1js.OctetString({ valueHex: arrayBufferOf(signature) }),
  });
  if (unsigned.length > 0) {
    const list = unsigned.map(({ type, value }) => attribute(type, value));
    info.unsignedAttrs = new SignedAndUnsignedAttributes({ type: 1, attributes: list });
  }
  const encapsulated = new EncapsulatedContentInfo({ eContentType: contentType });
  // PKCS#7 lets any structure stand here (RFC 2315 7); pkijs types what CMS made of it, an OCTET STRING.
  Object.assign(encapsulated, { eContent: content });
  const data = new SignedData({
    version: 1,
    digestAlgorithms: [new AlgorithmIdentifier({ algorithmId: OID.SHA256 })],
    encapContentInfo: encapsulated,
    signerInfos: [info],
  });
  if (what.withCertificates !== false) data.certificates = [...signer.chain];
  const whole = new ContentInfo({ contentType: OID.SIGNED_DATA, content: data.toSchema(true) });
  return whole.toSchema();
};

/** A time stamp over a signature (RFC 3161 2.4.2). */
export const timeStamp = (signature: Uint8Array): asn1js.Sequence => {
  const hashed = createHash('sha256').update(signature).digest();
  const info = new TSTInfo({
    version: 1,
    policy: '1.3.6.1.4.1.311.97.1',
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.SHA256 }),
      hashedMessage: new asn1js.OctetString({ valueHex: arrayBufferOf(hashed) }),
    }),
    serialNumber: new asn1js.Integer({ value: 7 }),
    genTime: new Date('2026-02-03T04:05:06Z'),
  });
  return signedData({
    contentType: OID.TST_INFO,
    content: new asn1js.OctetString({ valueHex: info.toSchema().toBER(false) }),
    signer: signerWith([OID.TIME_STAMPING], 'Throw-away time stamping authority', 0x7357),
  });
};

/** A signature with something else in its place. What it says of itself then no longer holds, and nobody here asks. */
export const changedSignature = (pkcs7: Uint8Array, change: (data: SignedData) => void): Uint8Array => {
  const info = ContentInfo.fromBER(arrayBufferOf(pkcs7));
  const data = new SignedData({ schema: info.content });
  change(data);
  return derOf(new ContentInfo({ contentType: info.contentType, content: data.toSchema(true) }).toSchema());
};
