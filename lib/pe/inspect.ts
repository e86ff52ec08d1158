/** The report on a file: its parts read one by one, each damaged one noted and passed over, and a judgement over all of them. */

import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';
import { type ByteSource, bytesSource } from './byte-source.js';
import { readCertificateTable } from './certificate-table.js';
import { Diagnoses } from './damage.js';
import { readEnclaveConfiguration } from './enclave.js';
import { readExports } from './export-table.js';
import { FileBytes } from './file-bytes.js';
import { withFile } from './file-source.js';
import { findPolicy } from './find-policy.js';
import { type OpenedImage, openImage } from './image.js';
import { readLoadConfig } from './load-config.js';
import { readMitigations } from './mitigations.js';
import type { Candidacy, PeKind, PeReport, PeSection } from './report.js';
import { type ImageFindings, judgeEnclave, judgeTrustlet } from './requirements.js';
import { readSignatures } from './signature.js';

const endsBefore = (
  file: FileBytes,
  sections: readonly PeSection[],
  { found }: Diagnoses,
): ImageFindings['endsBefore'] => {
  const isWhole = sections.every(({ fileOffset, fileSize }) => fileSize === 0 || fileOffset + fileSize <= file.size);
  if (!isWhole) return 'sections';
  return found.some(({ part, code }) => part === 'certificates' && code === 'truncated') ? 'certificates' : null;
};

const readFindings = ({ file, notes, memory, nt, sections }: OpenedImage): ImageFindings => {
  const { headers } = nt;
  const exports = readExports(file, memory, notes);
  const loadConfig = readLoadConfig(file, memory, notes, headers.bits);
  const certificates = readCertificateTable(file, memory, notes, sections);
  return {
    headers,
    mitigations: readMitigations(file, memory, notes, nt.dllCharacteristics),
    loadConfig,
    policy: findPolicy(file, memory, notes, sections, exports),
    enclaveConfiguration: readEnclaveConfiguration(file, memory, notes, loadConfig, headers.bits),
    signatures: readSignatures(notes, certificates.signatures),
    endsBefore: endsBefore(file, sections, notes),
    damagedParts: new Set(notes.found.map(({ part }) => part)),
    hasCertificates: certificates.isPresent,
  };
};

const kindOf = (trustlet: Candidacy, enclave: Candidacy): PeKind => {
  if (trustlet.answer === 'yes') return 'trustlet';
  if (enclave.answer === 'yes') return 'enclave';
  return trustlet.answer === 'undetermined' || enclave.answer === 'undetermined' ? 'undetermined' : 'neither';
};

/** Why not, in the words of the first condition that says so and is particular to what it is about. */
const whyNot = ({ requirements }: Candidacy, telling: readonly string[]): string => {
  const failed = requirements.filter(({ isMet }) => isMet === false);
  const [text] = [...failed.filter(({ name }) => telling.includes(name)), ...failed].map((each) => each.text);
  return `${text?.charAt(0).toLowerCase()}${text?.slice(1)}`;
};

const unshown = ({ requirements }: Candidacy): string => `${requirements.find(({ isMet }) => isMet === null)?.text}`;

const summaryOf = (
  kind: PeKind,
  { policy: { policy } }: ImageFindings,
  trustlet: Candidacy,
  enclave: Candidacy,
): string => {
  const id = policy === null ? '' : ` ${policy.applicationId}${policy.knownAs === null ? '' : ` (${policy.knownAs})`}`;
  switch (kind) {
    case 'trustlet':
      return `It has all that a file can show of trustlet${id}.`;
    case 'enclave':
      return 'It has all that a file can show of a VBS enclave.';
    case 'undetermined':
      return trustlet.answer === 'undetermined'
        ? `It is made as trustlet${id}. ${unshown(trustlet)}`
        : `It is made as a VBS enclave. ${unshown(enclave)}`;
    default:
      return (
        `No trustlet: ${whyNot(trustlet, ['whole file', 'policy section', 'trustlet certificate'])} ` +
        `No enclave: ${whyNot(enclave, ['whole file', 'DLL', 'enclave configuration', 'enclave certificate'])}`
      );
  }
};

const NO_CANDIDATE: Candidacy = { answer: 'no', requirements: [] };

/**
 * Reads a file through a source of bytes.
 *
 * @param source must not change while it is read
 * @returns what could be read; a damaged file is no exception but a report with `diagnoses`
 * @throws what `source.read` throws
 */
export const inspectSource = (source: ByteSource): PeReport => {
  const file = new FileBytes(source);
  const notes = new Diagnoses();
  const image = openImage(file, notes);
  const found = image === null ? null : readFindings(image);
  const trustlet = found === null ? NO_CANDIDATE : judgeTrustlet(found);
  const enclave = found === null ? NO_CANDIDATE : judgeEnclave(found);
  const kind = found === null ? 'not-a-pe' : kindOf(trustlet, enclave);
  return {
    kind,
    summary: found === null ? `${notes.found[0]?.text}` : summaryOf(kind, found, trustlet, enclave),
    size: file.size,
    headers: found?.headers ?? null,
    sections: image?.sections ?? [],
    mitigations: found?.mitigations ?? null,
    trustlet,
    enclave,
    policy: found?.policy.policy ?? null,
    enclaveConfiguration: found?.enclaveConfiguration ?? null,
    signatures: found?.signatures ?? [],
    trust: 'not verified',
    diagnoses: notes.found,
    cost: { bytesRead: file.bytesRead, reads: file.reads },
  };
};

/**
 * Would this file run as a trustlet, or be loaded as a VBS enclave? On any system, and without running anything.
 *
 * Costs a handful of reads of 4 KiB, and the signature where there is one; never more than `PE_LIMITS.bytesRead` bytes.
 *
 * @param path of a regular file
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT where it cannot be opened or read, with the system's error as `cause`
 */
export const inspectFile = (path: string): PeReport => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `path must be the path of a file; got ${show(path)}.`);
  }
  return withFile(path, inspectSource);
};

/**
 * As `inspectFile`, for a file that is in memory.
 *
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT for anything but a Uint8Array
 */
export const inspectBytes = (bytes: Uint8Array): PeReport => {
  if (!(bytes instanceof Uint8Array)) {
    throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `bytes must be a Uint8Array; got ${show(bytes)}.`);
  }
  return inspectSource(bytesSource(bytes));
};
