/** The attribute certificate table: WIN_CERTIFICATE entries at the end of a file (Microsoft's "PE Format" page). */
import { Damage, type Diagnoses, hex } from './damage.js';
import type { FileBytes } from './file-bytes.js';
import type { ImageMemory } from './image-memory.js';
import { PE_LIMITS } from './limits.js';
import type { PeDirectory, PeSection } from './report.js';

const CERTIFICATE_INDEX = 4;
const HEADER_BYTES = 8;
/** Entries begin at multiples of it. */
const ALIGNMENT = 8;
const PKCS_SIGNED_DATA = 2;

/** One PKCS#7 signature, unread. */
export interface SignatureBlob {
  /** Of its WIN_CERTIFICATE, in the file. */
  readonly offset: number;
  /** Its DER, and the padding behind it. */
  readonly bytes: Uint8Array;
}

interface Entry {
  readonly offset: number;
  readonly length: number;
  readonly type: number;
}

const readEntry = (file: FileBytes, offset: number, end: number): Entry => {
  const view = file.view(offset, HEADER_BYTES, 'a certificate’s header');
  const length = view.getUint32(0, true);
  if (length < HEADER_BYTES) {
    throw new Damage(
      'self-reference',
      offset,
      `A certificate says that it has ${length} bytes; the next one would lie in it.`,
    );
  }
  if (offset + length > end) {
    throw new Damage(
      'truncated',
      offset,
      `A certificate takes ${length} bytes, and its table has ${end - offset} there.`,
    );
  }
  return { offset, length, type: view.getUint16(6, true) };
};

const noteOverlap = (
  notes: Diagnoses,
  sections: readonly PeSection[],
  { address: from, size }: PeDirectory,
  at: number,
): void => {
  const to = from + size;
  const other = sections.find(({ fileOffset, fileSize }) => fileOffset < to && from < fileOffset + fileSize);
  if (other !== undefined) {
    notes.note(
      'certificates',
      'overlap',
      at,
      `The certificate table and section '${other.name}' claim the same bytes of the file.`,
    );
  }
};

const readSignature = (file: FileBytes, { offset, length }: Entry): SignatureBlob => {
  if (length > PE_LIMITS.signatureBytes) {
    throw new Damage(
      'limit',
      offset,
      `A signature of ${length} bytes was not read; ${PE_LIMITS.signatureBytes} are the most.`,
    );
  }
  return { offset, bytes: file.bytes(offset + HEADER_BYTES, length - HEADER_BYTES, 'a signature') };
};

const readEntries = (file: FileBytes, notes: Diagnoses, from: number, to: number, found: SignatureBlob[]): void => {
  let count = 0;
  for (let at = from; at + HEADER_BYTES <= to; count += 1) {
    if (count === PE_LIMITS.certificates) {
      throw new Damage('too-many', at, `More than ${PE_LIMITS.certificates} certificates; no more were read.`);
    }
    const entry = readEntry(file, at, to);
    if (entry.type === PKCS_SIGNED_DATA) {
      const blob = notes.part('certificates', () => readSignature(file, entry));
      if (blob !== null) found.push(blob);
    }
    at += Math.ceil(entry.length / ALIGNMENT) * ALIGNMENT;
  }
};

/** What stands in the table. */
export interface CertificateTable {
  readonly isPresent: boolean;
  readonly signatures: readonly SignatureBlob[];
}

export const readCertificateTable = (
  file: FileBytes,
  memory: ImageMemory,
  notes: Diagnoses,
  sections: readonly PeSection[],
): CertificateTable => {
  const directory = memory.directory('certificate');
  if (directory === null || directory.size === 0) return { isPresent: false, signatures: [] };
  const { address, size } = directory;
  const entry = memory.directoryEntry(CERTIFICATE_INDEX);
  const end = Math.min(address + size, file.size);
  if (address + size > file.size) {
    const text = `The certificate table takes ${size} bytes from ${hex(address)} on, and the file ends at ${hex(file.size)}.`;
    notes.note('certificates', 'truncated', entry, text);
  }
  noteOverlap(notes, sections, directory, entry);
  const signatures: SignatureBlob[] = [];
  notes.part('certificates', () => readEntries(file, notes, address, end, signatures));
  return { isPresent: true, signatures };
};
