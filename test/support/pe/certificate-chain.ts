/**
 * Throw-away certificates: root, issuing authority and a signer with the extended key usages that a test asks for.
 * Keys are made once a process; nothing of them is ever written to a disk.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import * as asn1js from 'asn1js';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  PublicKeyInfo,
  type RelativeDistinguishedNames,
  Time,
} from 'pkijs';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';

export const SIGNATURE_ALGORITHM = ECDSA_WITH_SHA256;

export interface Signer {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  /** The signer's own, the issuing authority's and the root's. */
  readonly chain: readonly Certificate[];
}

/** One pair of keys for each subject. */
const pairs = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>();
const pairOf = (subject: Subject): { publicKey: KeyObject; privateKey: KeyObject } => {
  const name = JSON.stringify(subject);
  const known = pairs.get(name);
  if (known !== undefined) return known;
  const made = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  pairs.set(name, made);
  return made;
};

/** A common name, or attributes by their types, in the order of the encoding. */
export type Subject = string | readonly (readonly [type: string, value: string])[];

const setName = (names: RelativeDistinguishedNames, subject: Subject): void => {
  for (const [type, value] of typeof subject === 'string' ? [[COMMON_NAME, subject] as const] : subject)
    names.typesAndValues.push(new AttributeTypeAndValue({ type, value: new asn1js.Utf8String({ value }) }));
};

const arrayBufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

interface CertificateRequest {
  readonly subject: Subject;
  readonly issuer: string;
  readonly serialNumber: number;
  /** null: the certificate has no such extension. */
  readonly ekus: readonly string[] | null;
  readonly isAuthority: boolean;
}

const issue = ({ subject, issuer, serialNumber, ekus, isAuthority }: CertificateRequest): Certificate => {
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ value: serialNumber });
  certificate.notBefore = new Time({ type: 0, value: new Date('2026-01-02T03:04:05Z') });
  certificate.notAfter = new Time({ type: 0, value: new Date('2046-07-08T09:10:11Z') });
  setName(certificate.issuer, issuer);
  setName(certificate.subject, subject);
  const spki = pairOf(subject).publicKey.export({ type: 'spki', format: 'der' });
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(arrayBufferOf(spki));
  const extensions: Extension[] = [];
  if (isAuthority) {
    const value = new BasicConstraints({ cA: true }).toSchema().toBER(false);
    extensions.push(new Extension({ extnID: BASIC_CONSTRAINTS, critical: true, extnValue: value }));
  }
  if (ekus !== null) {
    const value = new ExtKeyUsage({ keyPurposes: [...ekus] }).toSchema().toBER(false);
    extensions.push(new Extension({ extnID: EXTENDED_KEY_USAGE, extnValue: value }));
  }
  certificate.extensions = extensions;
  certificate.signature = new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  certificate.signatureAlgorithm = new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  certificate.tbsView = new Uint8Array(certificate.encodeTBS().toBER(false));
  const signature = sign('sha256', certificate.tbsView, pairOf(issuer).privateKey);
  certificate.signatureValue = new asn1js.BitString({ valueHex: arrayBufferOf(signature) });
  return certificate;
};

const ROOT = 'Throw-away root';
const AUTHORITY = 'Throw-away issuing authority';
const signers = new Map<string, Signer>();

/**
 * A signer with these extended key usages; one and the same for the same arguments.
 *
 * @param ekus null: no such extension at all
 */
export const signerWith = (
  ekus: readonly string[] | null,
  subject: Subject = 'Throw-away signer',
  serialNumber = 0x1234,
): Signer => {
  const key = JSON.stringify([ekus, subject, serialNumber]);
  const known = signers.get(key);
  if (known !== undefined) return known;
  const root = issue({ subject: ROOT, issuer: ROOT, serialNumber: 1, ekus: null, isAuthority: true });
  const authority = issue({ subject: AUTHORITY, issuer: ROOT, serialNumber: 2, ekus: null, isAuthority: true });
  const certificate = issue({ subject, issuer: AUTHORITY, serialNumber, ekus, isAuthority: false });
  const signer: Signer = { certificate, key: pairOf(subject).privateKey, chain: [certificate, authority, root] };
  signers.set(key, signer);
  return signer;
};
