/** One X.509 certificate as the report gives it. Not verified. */
import { ekuOf } from './ekus.js';
import { PE_LIMITS } from './limits.js';
import { type Pki, type Pkijs, parseBer } from './pki.js';
import type { PeCertificate } from './report.js';

const EKU_EXTENSION = '2.5.29.37';

/** Attribute types with a short name (RFC 4514, RFC 4519; E is PKCS#9's). */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

const SPECIAL = /[,+"\\<>;=]/g;

const shortened = (text: string): string =>
  text.length > PE_LIMITS.stringBytes ? `${text.slice(0, PE_LIMITS.stringBytes - 1)}…` : text;

/** A distinguished name, the most specific part first (RFC 4514). */
const nameOf = (name: Pkijs.RelativeDistinguishedNames): string =>
  name.typesAndValues
    .map(({ type, value }) => {
      const text: unknown = value.valueBlock.value;
      return `${SHORT_NAMES[type] ?? type}=${String(text).replace(SPECIAL, '\\$&')}`;
    })
    .reverse()
    .join(', ');

/** null: it has no such extension. */
const ekusOf = (pki: Pki, { extensions = [] }: Pkijs.Certificate): PeCertificate['ekus'] => {
  const extension = extensions.find(({ extnID }) => extnID === EKU_EXTENSION);
  if (extension === undefined) return null;
  const schema = parseBer(pki, extension.extnValue.valueBlock.valueHexView);
  return new pki.pkijs.ExtKeyUsage({ schema: schema as never }).keyPurposes.map(ekuOf);
};

/** @throws what the library throws at what does not fit, and RangeError for a date that no calendar has */
export const readCertificate = (pki: Pki, certificate: Pkijs.Certificate): PeCertificate => ({
  subject: shortened(nameOf(certificate.subject)),
  issuer: shortened(nameOf(certificate.issuer)),
  serialNumber: shortened(Buffer.from(certificate.serialNumber.valueBlock.valueHexView).toString('hex')),
  notBefore: certificate.notBefore.value.toISOString(),
  notAfter: certificate.notAfter.value.toISOString(),
  ekus: ekusOf(pki, certificate),
});
