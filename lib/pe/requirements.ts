/** What makes a file a trustlet's or an enclave's, condition by condition. Pure decisions over what was read. */
import { hex } from './damage.js';
import {
  CODE_SIGNING_EKU,
  ENCLAVE_EKU,
  IUM_EKU,
  isAuthorEku,
  OLDER_ENCLAVE_EKU,
  SYSTEM_COMPONENT_EKU,
} from './ekus.js';
import { POLICY_SECTION, POLICY_SECTION_CHARACTERISTICS, POLICY_SYMBOLS, type PolicyFinding } from './find-policy.js';
import { CF_INSTRUMENTED, DLL_CHARACTERISTICS } from './header-values.js';
import type { PeLoadConfig } from './load-config.js';
import type {
  Candidacy,
  EnclaveConfiguration,
  PeCertificate,
  PeDiagnosis,
  PeHeaders,
  PeMitigations,
  PeSignature,
  Requirement,
} from './report.js';

/** What a judgement rests on. */
export interface ImageFindings {
  readonly headers: PeHeaders;
  readonly mitigations: PeMitigations;
  readonly loadConfig: PeLoadConfig | null;
  readonly policy: PolicyFinding;
  readonly enclaveConfiguration: EnclaveConfiguration | null;
  readonly signatures: readonly PeSignature[];
  /** What the file ends before; null where it has all the bytes that it announces. */
  readonly endsBefore: 'sections' | 'certificates' | null;
  /** Parts of which something could not be read: what is not seen of them may be there all the same. */
  readonly damagedParts: ReadonlySet<PeDiagnosis['part']>;
  /** The file carries a certificate table, readable or not. */
  readonly hasCertificates: boolean;
}

/** A condition without its findings: what it asks, and how it is known. */
export type Condition = Omit<Requirement, 'isMet' | 'text'>;

const judged = (condition: Condition, isMet: boolean | null, text: string): Requirement => ({
  ...condition,
  isMet,
  text,
});

const MACHINE: Condition = {
  name: 'machine of VTL1',
  asks: 'a 64-bit image for AMD64 or ARM64: VTL1 exists on no other machine',
  evidence: 'derived',
  source: 'facts/vsm.md 3.4',
};

/** VSM exists on x64 and ARM64, and the secure kernel loads 64-bit images. */
const machineOfVtl1 = ({ headers: { machine, bits } }: ImageFindings): Requirement =>
  judged(
    MACHINE,
    bits === 64 && (machine === 'AMD64' || machine === 'ARM64'),
    `It is a ${bits}-bit image for ${machine}.`,
  );

const WHOLE: Condition = {
  name: 'whole file',
  asks: 'the file has all the bytes that its sections and its signatures announce',
  evidence: 'derived',
  source: 'Microsoft, PE Format (SizeOfRawData)',
};

const WHOLE_TEXTS = {
  sections: 'It ends before its sections do: it is truncated.',
  certificates: 'It ends before its signatures do: it is truncated.',
} as const;

const wholeFile = ({ endsBefore }: ImageFindings): Requirement =>
  judged(
    WHOLE,
    endsBefore === null,
    endsBefore === null ? 'Its sections and signatures lie in the file.' : WHOLE_TEXTS[endsBefore],
  );

/** A certificate's usages, whichever of the file's signatures it belongs to. */
const signersOf = (found: ImageFindings): PeCertificate[] =>
  found.signatures.map(({ signer }) => signer).filter((signer) => signer !== null);

const hasEku = ({ ekus }: PeCertificate, oid: string): boolean => ekus?.some((each) => each.oid === oid) === true;

/** Whether one signer's certificate carries what is asked; null where there is no readable signer to ask. */
const askSigners = (
  found: ImageFindings,
  asks: (signer: PeCertificate) => boolean,
  missing: (signer: PeCertificate) => string,
): Pick<Requirement, 'isMet' | 'text'> => {
  const signers = signersOf(found);
  const fitting = signers.find(asks);
  if (fitting !== undefined) return { isMet: true, text: `The certificate of ${fitting.subject} has it.` };
  const [first] = signers;
  if (first !== undefined) return { isMet: false, text: `The certificate of ${first.subject} ${missing(first)}.` };
  return {
    isMet: null,
    text: found.hasCertificates
      ? 'It carries a signature in which no signer’s certificate could be read.'
      : 'It carries no signature; a catalogue of the system may hold one, which the file does not show.',
  };
};

/** Usages that are named in a sentence; `signatures` of the report has them all. */
const LISTED = 8;

const listed = ({ ekus }: PeCertificate): string => {
  if (ekus === null) return 'has no extended key usages';
  const more = ekus.length > LISTED ? ` and ${ekus.length - LISTED} more` : '';
  const shown = ekus.slice(0, LISTED).map(({ oid }) => oid);
  return `has only ${shown.join(', ')}${more}`;
};

// ── Trustlets ──

const SECTION: Condition = {
  name: 'policy section',
  asks: 'a section `.tPolicy`, initialised data and read only, and nothing else',
  evidence: 'derived',
  source: 'facts/nt.md 5.3',
};
const SYMBOL: Condition = {
  name: 'policy symbol',
  asks: 'an export `s_IumPolicyMetadata` (`__ImagePolicyMetadata` of older SDKs) that lies in that section',
  evidence: 'derived',
  source: 'facts/nt.md 5.3',
};
const METADATA: Condition = {
  name: 'policy metadata',
  asks: 'IMAGE_POLICY_METADATA of version 1, its list ended by an entry of type 0',
  evidence: 'documented',
  source: 'facts/nt.md 5.3',
};
const PROGRAM: Condition = {
  name: 'program',
  asks: 'a program, no DLL: a trustlet is a process',
  evidence: 'derived',
  source: 'facts/nt.md 5.2, facts/vsm.md 3.6',
};
const LARGE_ADDRESSES: Condition = {
  name: 'large addresses',
  asks: 'LARGE_ADDRESS_AWARE: ntdll refuses a secure process without',
  evidence: 'derived',
  source: 'facts/nt.md 5.3',
};
const TRUSTLET_EKUS: Condition = {
  name: 'trustlet certificate',
  asks: 'the signer’s certificate has the usages IUM and Windows System Component, both',
  evidence: 'documented',
  source: 'facts/nt.md 5.3',
};

const policySection = ({ policy: { section } }: ImageFindings): Requirement => {
  if (section === null) return judged(SECTION, false, `It has no section '${POLICY_SECTION}'.`);
  const { characteristics } = section;
  const wanted = POLICY_SECTION_CHARACTERISTICS;
  return judged(
    SECTION,
    characteristics === wanted,
    characteristics === wanted
      ? `Section '${POLICY_SECTION}' is there, initialised data and read only.`
      : `Section '${POLICY_SECTION}' has the characteristics ${hex(characteristics)}; they must be ${hex(wanted)}.`,
  );
};

/** Nothing was found, in a table that could not be read in full. */
const areExportsUnread = ({ policy: { section, symbol }, damagedParts }: ImageFindings): boolean =>
  section !== null && symbol === null && damagedParts.has('exports');

const policySymbol = (found: ImageFindings): Requirement => {
  const { section, symbol, isInSection } = found.policy;
  if (section === null) return judged(SYMBOL, false, 'There is no such section for its symbol to lie in.');
  if (areExportsUnread(found)) return judged(SYMBOL, null, 'Its exports could not be read; see the diagnoses.');
  if (symbol === null) return judged(SYMBOL, false, `It exports neither ${POLICY_SYMBOLS.join(' nor ')}.`);
  return judged(
    SYMBOL,
    isInSection,
    isInSection
      ? `It exports ${symbol.name} from that section.`
      : `It exports ${symbol.name}, but not from that section (${symbol.forwarder ?? `RVA ${hex(symbol.rva)}`}).`,
  );
};

const policyMetadata = (found: ImageFindings): Requirement => {
  const { policy, isInSection } = found.policy;
  if (areExportsUnread(found))
    return judged(METADATA, null, 'What is exported could not be read, so no policy was found.');
  if (policy === null) {
    return judged(
      METADATA,
      false,
      isInSection ? 'The policy could not be read; see the diagnoses.' : 'There is no policy to read.',
    );
  }
  const { version, applicationId, entries, isTerminated } = policy;
  if (version !== 1) return judged(METADATA, false, `The policy is of version ${version}; 1 is the known one.`);
  if (!isTerminated) return judged(METADATA, false, 'Nothing ends the list of policies.');
  return judged(METADATA, true, `Version 1, trustlet ID ${applicationId}, ${entries.length} policies.`);
};

const isProgram = ({ headers: { isDll } }: ImageFindings): Requirement =>
  judged(
    PROGRAM,
    !isDll,
    isDll ? 'It is a DLL; a trustlet is a process, and starts from a program.' : 'It is a program.',
  );

const largeAddresses = ({ headers: { isLargeAddressAware } }: ImageFindings): Requirement =>
  judged(
    LARGE_ADDRESSES,
    isLargeAddressAware,
    isLargeAddressAware
      ? 'It is large-address-aware.'
      : 'It is not large-address-aware, and ntdll refuses such an image.',
  );

const trustletEkus = (found: ImageFindings): Requirement => ({
  ...TRUSTLET_EKUS,
  ...askSigners(
    found,
    (signer) => hasEku(signer, IUM_EKU) && hasEku(signer, SYSTEM_COMPONENT_EKU),
    (signer) =>
      `${listed(signer)}; a trustlet needs both ${IUM_EKU} (IUM) and ${SYSTEM_COMPONENT_EKU} (Windows system component)`,
  ),
});

// ── Enclaves ──

const GUIDE = 'Microsoft, VBS enclaves development guide; facts/nt.md 5.5';
const CONFIGURATION: Condition = {
  name: 'enclave configuration',
  asks: 'the load configuration names an IMAGE_ENCLAVE_CONFIG of a possible size',
  evidence: 'documented',
  source: GUIDE,
};
const LIBRARY: Condition = {
  name: 'DLL',
  asks: 'a DLL: an enclave is loaded by its host',
  evidence: 'documented',
  source: GUIDE,
};
const INTEGRITY: Condition = {
  name: 'integrity check',
  asks: 'FORCE_INTEGRITY: its signature is checked when it is loaded',
  evidence: 'documented',
  source: GUIDE,
};
const CONTROL_FLOW: Condition = {
  name: 'control flow guard',
  asks: 'instrumented for control flow guard',
  evidence: 'documented',
  source: GUIDE,
};
const ENCLAVE_CERTIFICATE: Condition = {
  name: 'enclave certificate',
  asks: 'the signer’s certificate has the usages of an enclave: code signing, enclave and author, or the older enclave usage',
  evidence: 'documented',
  source: GUIDE,
};
const PAGE_HASHES: Condition = {
  name: 'page hashes',
  asks: 'the signature has page hashes',
  evidence: 'documented',
  source: GUIDE,
};

const enclaveConfiguration = (findings: ImageFindings): Requirement => {
  const { enclaveConfiguration: found, loadConfig, headers, damagedParts } = findings;
  if (found === null) {
    const names = (loadConfig?.enclaveConfiguration ?? 0n) !== 0n;
    if (!names && damagedParts.has('load-config')) {
      return judged(CONFIGURATION, null, 'Its load configuration could not be read; see the diagnoses.');
    }
    const text = names
      ? 'Its enclave configuration could not be read; see the diagnoses.'
      : 'Its load configuration names no enclave configuration.';
    return judged(CONFIGURATION, false, text);
  }
  const least = headers.bits === 64 ? 76 : 72;
  const { size, minimumRequiredConfigSize: required } = found;
  if (required > size || required < least) {
    return judged(
      CONFIGURATION,
      false,
      `Its configuration has ${size} bytes and asks for a minimum of ${required}, which cannot be.`,
    );
  }
  return judged(CONFIGURATION, true, `Its configuration has ${size} bytes.`);
};

const isLibrary = ({ headers: { isDll } }: ImageFindings): Requirement =>
  judged(LIBRARY, isDll, isDll ? 'It is a DLL.' : 'It is no DLL; an enclave is one, loaded by its host.');

const integrityCheck = ({ mitigations: { raw } }: ImageFindings): Requirement => {
  const isSet = (raw & DLL_CHARACTERISTICS.FORCE_INTEGRITY) !== 0;
  return judged(INTEGRITY, isSet, `FORCE_INTEGRITY (/INTEGRITYCHECK) is ${isSet ? 'set' : 'not set'}.`);
};

/** What the linker notes of an instrumented image, in either place. */
const controlFlowGuard = ({ mitigations: { raw }, loadConfig, damagedParts }: ImageFindings): Requirement => {
  if ((raw & DLL_CHARACTERISTICS.GUARD_CF) !== 0) {
    return judged(CONTROL_FLOW, true, 'It is instrumented for it (GUARD_CF).');
  }
  if (loadConfig === null && damagedParts.has('load-config')) {
    return judged(CONTROL_FLOW, null, 'GUARD_CF is not set, and its load configuration could not be read.');
  }
  const isInstrumented = ((loadConfig?.guardFlags ?? 0) & CF_INSTRUMENTED) !== 0;
  const text = isInstrumented
    ? 'Its code is instrumented for it (CF_INSTRUMENTED in the load configuration), though GUARD_CF does not ask for it.'
    : 'Neither GUARD_CF nor CF_INSTRUMENTED is set.';
  return judged(CONTROL_FLOW, isInstrumented, text);
};

/** What the older usage has to stand with is not known; the newer one needs two others beside it. */
const isEnclaveCertificate = (signer: PeCertificate): boolean =>
  hasEku(signer, OLDER_ENCLAVE_EKU) ||
  (hasEku(signer, ENCLAVE_EKU) &&
    hasEku(signer, CODE_SIGNING_EKU) &&
    signer.ekus?.some(({ oid }) => isAuthorEku(oid)) === true);

const enclaveCertificate = (found: ImageFindings): Requirement => ({
  ...ENCLAVE_CERTIFICATE,
  ...askSigners(
    found,
    isEnclaveCertificate,
    (signer) =>
      `${listed(signer)}; an enclave needs ${CODE_SIGNING_EKU} (code signing), ${ENCLAVE_EKU} (enclave) and its author's ` +
      `1.3.6.1.4.1.311.97.X with X above 999, or the older ${OLDER_ENCLAVE_EKU}`,
  ),
});

const pageHashes = ({ signatures, hasCertificates }: ImageFindings): Requirement => {
  const hashes = signatures.map((each) => each.pageHashes).find((each) => each !== null);
  if (hashes !== undefined) return judged(PAGE_HASHES, true, `${hashes.count} page hashes (${hashes.algorithm}).`);
  if (signatures.length > 0) return judged(PAGE_HASHES, false, 'No signature of it has page hashes.');
  return judged(
    PAGE_HASHES,
    null,
    hasCertificates ? 'Its signature could not be read.' : 'It carries no signature that could have them.',
  );
};

const candidacy = (requirements: readonly Requirement[]): Candidacy => {
  if (requirements.some(({ isMet }) => isMet === false)) return { answer: 'no', requirements };
  return { answer: requirements.every(({ isMet }) => isMet === true) ? 'yes' : 'undetermined', requirements };
};

/** Could this image run as a trustlet? What no file shows (the chain, the signature level) is not asked. */
export const judgeTrustlet = (found: ImageFindings): Candidacy =>
  candidacy([
    machineOfVtl1(found),
    wholeFile(found),
    isProgram(found),
    largeAddresses(found),
    policySection(found),
    policySymbol(found),
    policyMetadata(found),
    trustletEkus(found),
  ]);

/** Could this image be loaded as a VBS enclave? */
export const judgeEnclave = (found: ImageFindings): Candidacy =>
  candidacy([
    machineOfVtl1(found),
    wholeFile(found),
    isLibrary(found),
    enclaveConfiguration(found),
    integrityCheck(found),
    controlFlowGuard(found),
    enclaveCertificate(found),
    pageHashes(found),
  ]);

/** What is asked of a trustlet's file and of an enclave's, in the order of their requirements; docs/inspect.md is written from these. */
export const TRUSTLET_CONDITIONS: readonly Condition[] = [
  MACHINE,
  WHOLE,
  PROGRAM,
  LARGE_ADDRESSES,
  SECTION,
  SYMBOL,
  METADATA,
  TRUSTLET_EKUS,
];
export const ENCLAVE_CONDITIONS: readonly Condition[] = [
  MACHINE,
  WHOLE,
  LIBRARY,
  CONFIGURATION,
  INTEGRITY,
  CONTROL_FLOW,
  ENCLAVE_CERTIFICATE,
  PAGE_HASHES,
];
