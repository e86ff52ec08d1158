/** Authenticode signatures: PKCS#7 SignedData read with pkijs. Nothing is verified here; the report says so. */
import { readCertificate } from './certificate.js';
import type { SignatureBlob } from './certificate-table.js';
import { Damage, type Diagnoses } from './damage.js';
import { PE_LIMITS } from './limits.js';
import { pageHashesOf } from './page-hashes.js';
import { type Asn1, type Pki, type Pkijs, parseBer, pki } from './pki.js';
import type { PeSignature } from './report.js';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
/** Attributes of a signer: a signature within, a timestamp (RFC 3161, in Microsoft's attribute), a counter-signature (PKCS#9). */
const NESTED_SIGNATURE = '1.3.6.1.4.1.311.2.4.1';
const TIMESTAMPS: readonly string[] = ['1.3.6.1.4.1.311.3.3.1', '1.2.840.113549.1.9.6'];
const HEADER_BYTES = 8;
const REASON_LENGTH = 200;

const DIGESTS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** One SignedData and the signatures within it that were not read yet. */
interface Parsed {
  readonly signature: Omit<PeSignature, 'offset' | 'place'>;
  readonly nested: readonly Asn1.BaseBlock[];
}

const certificatesOf = ({ pkijs }: Pki, { certificates = [] }: Pkijs.SignedData): Pkijs.Certificate[] =>
  certificates.filter((each): each is Pkijs.Certificate => each instanceof pkijs.Certificate);

const isSignersOwn = ({ pkijs }: Pki, certificate: Pkijs.Certificate, { sid }: Pkijs.SignerInfo): boolean =>
  sid instanceof pkijs.IssuerAndSerialNumber &&
  certificate.serialNumber.isEqual(sid.serialNumber) &&
  certificate.issuer.isEqual(sid.issuer);

const contentOf = ({ encapContentInfo: { eContent } }: Pkijs.SignedData): Asn1.BaseBlock | undefined =>
  eContent as Asn1.BaseBlock | undefined;

const parseSignedData = (pki: Pki, root: Asn1.BaseBlock): Parsed => {
  const { pkijs } = pki;
  const info = new pkijs.ContentInfo({ schema: root as never });
  if (info.contentType !== SIGNED_DATA) throw new TypeError(`its content type is ${info.contentType}`);
  const signed = new pkijs.SignedData({ schema: info.content });
  const [signer] = signed.signerInfos;
  const certificates = certificatesOf(pki, signed);
  const own = signer === undefined ? undefined : certificates.find((each) => isSignersOwn(pki, each, signer));
  const attributes = signer?.unsignedAttrs?.attributes ?? [];
  const content = contentOf(signed);
  const digest = signer?.digestAlgorithm.algorithmId;
  return {
    signature: {
      digestAlgorithm: digest === undefined ? null : (DIGESTS[digest] ?? digest),
      signer: own === undefined ? null : readCertificate(pki, own),
      certificates: certificates.length,
      pageHashes: content === undefined ? null : pageHashesOf(pki, content),
      isTimestamped: attributes.some(({ type }) => TIMESTAMPS.includes(type)),
    },
    nested: attributes
      .filter(({ type }) => type === NESTED_SIGNATURE)
      .flatMap(({ values }) => values as Asn1.BaseBlock[]),
  };
};

/** The library throws errors of many kinds at what does not fit; to a reader of files they are one. */
const attempt = <T>(what: string, offset: number, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    // What the library says may hold what the file says.
    const reason = (error as Error).message.slice(0, REASON_LENGTH);
    throw new Damage('malformed', offset + HEADER_BYTES, `The signature could not be read as ${what}: ${reason}.`);
  }
};

const parseRoot = (pki: Pki, { bytes, offset }: SignatureBlob): Asn1.BaseBlock =>
  attempt('ASN.1', offset, () => parseBer(pki, bytes));

const readSignature = (notes: Diagnoses, blob: SignatureBlob, found: PeSignature[]): void => {
  const { offset } = blob;
  const waiting: Asn1.BaseBlock[] = [parseRoot(pki(), blob)];
  for (let count = 0; ; count += 1) {
    const root = waiting.shift();
    if (root === undefined) return;
    if (count > PE_LIMITS.nestedSignatures) {
      throw new Damage(
        'too-many',
        offset,
        `More than ${PE_LIMITS.nestedSignatures} signatures within one; no more were read.`,
      );
    }
    const parsed = notes.part('signature', () =>
      attempt('PKCS#7 SignedData', offset, () => parseSignedData(pki(), root)),
    );
    if (parsed === null) continue;
    found.push({ offset, place: count === 0 ? 'embedded' : 'nested', ...parsed.signature });
    waiting.push(...parsed.nested);
  }
};

/** @returns the signatures that could be read, those within others after them */
export const readSignatures = (notes: Diagnoses, blobs: readonly SignatureBlob[]): PeSignature[] => {
  const found: PeSignature[] = [];
  for (const blob of blobs) notes.part('signature', () => readSignature(notes, blob, found));
  return found;
};
