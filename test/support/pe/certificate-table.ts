/** Adds a certificate table to a built file: WIN_CERTIFICATE after WIN_CERTIFICATE, each beginning on 8 bytes. */
import { checksumOf } from './checksum.js';
import type { CertificateDescription } from './describe.js';
import { alignUp } from './image-writer.js';
import { type BuiltPe, type Field, Layout } from './layout.js';

const HEADER_BYTES = 8;
const REVISION_2 = 0x200;
const PKCS7 = 2;

/** @returns another file; it has the checksum that its bytes ask for */
export const withCertificates = (built: BuiltPe, certificates: readonly CertificateDescription[]): BuiltPe => {
  const fields = new Map<string, Field>(built.layout.fields());
  const start = alignUp(built.bytes.length, 8);
  const total = certificates.reduce((sum, { content }) => sum + alignUp(HEADER_BYTES + content.length, 8), 0);
  const bytes = new Uint8Array(start + total);
  bytes.set(built.bytes);
  const view = new DataView(bytes.buffer);
  let at = start;
  certificates.forEach(({ content, revision = REVISION_2, type = PKCS7, length }, index) => {
    const name = `certificates/${index}`;
    view.setUint32(at, length ?? HEADER_BYTES + content.length, true);
    view.setUint16(at + 4, revision, true);
    view.setUint16(at + 6, type, true);
    bytes.set(content, at + HEADER_BYTES);
    fields.set(`${name}/length`, { offset: at, size: 4 });
    fields.set(`${name}/revision`, { offset: at + 4, size: 2 });
    fields.set(`${name}/type`, { offset: at + 6, size: 2 });
    fields.set(`${name}/content`, { offset: at + HEADER_BYTES, size: content.length });
    fields.set(name, { offset: at, size: HEADER_BYTES + content.length });
    at += alignUp(HEADER_BYTES + content.length, 8);
  });
  fields.set('certificates', { offset: start, size: total });
  if (fields.has('directory/certificates/address')) {
    view.setUint32(built.layout.offset('directory/certificates/address'), start, true);
    view.setUint32(built.layout.offset('directory/certificates/size'), total, true);
  }
  const checksumAt = built.layout.offset('optional/checksum');
  view.setUint32(checksumAt, checksumOf(bytes, checksumAt), true);
  return { ...built, bytes, layout: new Layout(fields) };
};
