/** The full account of one file, for people. */

import type {
  Candidacy,
  EnclaveConfiguration,
  ExtendedKeyUsage,
  PeHeaders,
  PeMitigations,
  PeReport,
  PeSignature,
  Requirement,
  TrustletPolicy,
} from '../../pe/report.js';
import { NOT_SHOWN_BY_A_FILE } from '../../pe/trust.js';
import { DEFAULT_COLUMNS, type View } from '../report.js';
import type { Style } from '../style.js';
import { printable, wrap } from '../text.js';
import type { Inspected, InspectedKind } from './inspected.js';

export const STYLE_OF_KIND: Readonly<Record<InspectedKind, Style>> = {
  trustlet: 'secure',
  enclave: 'secure',
  undetermined: 'unknown',
  neither: 'plain',
  'not-a-pe': 'dim',
  unreadable: 'bad',
};

const NOT_VERIFIED = `trust: not verified. ${NOT_SHOWN_BY_A_FILE}`;

const LABEL_COLUMNS = 13;

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** One labelled fact, wrapped beside its label. */
const row = (label: string, text: string, { columns }: View): string[] =>
  wrap(printable(text), Math.max(20, (columns ?? DEFAULT_COLUMNS) - LABEL_COLUMNS)).map(
    (part, index) => (index === 0 ? label.padEnd(LABEL_COLUMNS) : ' '.repeat(LABEL_COLUMNS)) + part,
  );

const section = (title: string, view: View, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', view.paint('heading', title), ...lines];

const headerLines = (headers: PeHeaders, size: number, view: View): string[] => [
  ...row(
    'image',
    `${headers.machine}, ${headers.bits}-bit ${headers.isDll ? 'DLL' : 'program'}, subsystem ${headers.subsystem}` +
      `${headers.isLargeAddressAware ? ', large-address-aware' : ''}; ${size} bytes`,
    view,
  ),
];

const policyLines = (policy: TrustletPolicy, view: View): string[] => [
  ...row('trustlet ID', `${policy.applicationId}${policy.knownAs === null ? '' : ` (${policy.knownAs})`}`, view),
  ...row('symbol', `${policy.symbol}, version ${policy.version}, at ${hex(policy.offset)}`, view),
  ...policy.entries.flatMap(({ policyName, typeName, value, meaning }) =>
    row(`  ${policyName}`, `${value === null ? '' : `${value} `}(${typeName}): ${meaning}`, view),
  ),
  ...row(
    'in effect',
    `trace events ${policy.effective.etw ? 'allowed' : 'not allowed'}, debugging ${policy.effective.debug}, crash dumps ${policy.effective.crashDump}` +
      `${policy.effective.overridable.length === 0 ? '' : `; its creator may choose ${policy.effective.overridable.join(', ')}`}`,
    view,
  ),
];

const enclaveLines = (config: EnclaveConfiguration, view: View): string[] => [
  ...row('family', config.familyId, view),
  ...row(
    'image',
    `${config.imageId}, version ${config.imageVersion}, security version ${config.securityVersion}`,
    view,
  ),
  ...row(
    'memory',
    `${config.enclaveSize} bytes, ${config.numberOfThreads} threads${config.policyFlags.STRICT_MEMORY ? ', strict' : ''}`,
    view,
  ),
  ...row('debugging', config.policyFlags.DEBUGGABLE ? 'allowed: not for production' : 'not allowed', view),
  ...config.imports.flatMap(({ name, match, minimumSecurityVersion }) =>
    row(
      'imports',
      `${name ?? '(no name)'}, matched by ${match}, security version ${minimumSecurityVersion} or above`,
      view,
    ),
  ),
];

const usage = ({ oid, name }: ExtendedKeyUsage): string => (name === null ? oid : `${name} (${oid})`);

const signatureLines = (signature: PeSignature, view: View): string[] => {
  const { signer, place, digestAlgorithm, pageHashes, isTimestamped, certificates } = signature;
  return [
    ...row(
      place,
      `${digestAlgorithm ?? 'no signer'}, ${certificates} certificates${isTimestamped ? ', timestamped' : ''}`,
      view,
    ),
    ...row('  signer', signer === null ? 'its certificate is not in the signature' : signer.subject, view),
    ...(signer === null
      ? []
      : [
          ...row('  issuer', signer.issuer, view),
          ...row('  valid', `${signer.notBefore} to ${signer.notAfter}`, view),
          ...row('  usages', signer.ekus === null ? 'none' : signer.ekus.map(usage).join('; '), view),
        ]),
    ...row(
      '  pages',
      pageHashes === null ? 'no page hashes' : `${pageHashes.count} page hashes (${pageHashes.algorithm})`,
      view,
    ),
  ];
};

const mitigationLines = ({ present, absent }: PeMitigations, view: View): string[] => [
  ...row('asks for', present.join(', ') || 'nothing', view),
  ...row('not for', absent.join(', ') || 'nothing', view),
];

const MARKS = { met: ['✓', 'good'], unmet: ['✗', 'bad'], open: ['?', 'unknown'] } as const;

const requirementLine = ({ name, isMet, text }: Requirement, view: View): string[] => {
  const [mark, style] = isMet === null ? MARKS.open : isMet ? MARKS.met : MARKS.unmet;
  const [head = '', ...rest] = row('', `${name}: ${text}`, view).map((line) => line.slice(LABEL_COLUMNS - 4));
  return [`  ${view.paint(style, mark)} ${head.trimStart()}`, ...rest];
};

const candidacyLines = (what: string, { answer, requirements }: Candidacy, view: View): string[] =>
  section(
    `Could it be ${what}? ${answer}`,
    view,
    requirements.flatMap((each) => requirementLine(each, view)),
  );

const diagnosisLines = ({ diagnoses }: PeReport, view: View): string[] =>
  diagnoses.flatMap(({ part, code, offset, text }) => row(hex(offset), `${part}, ${code}: ${text}`, view));

const reportLines = (report: PeReport, view: View): string[] => [
  ...wrap(printable(report.summary), view.columns ?? DEFAULT_COLUMNS),
  ...(report.headers === null ? [] : section('Image', view, headerLines(report.headers, report.size, view))),
  ...(report.policy === null ? [] : section('Trustlet policy', view, policyLines(report.policy, view))),
  ...(report.enclaveConfiguration === null
    ? []
    : section('Enclave configuration', view, enclaveLines(report.enclaveConfiguration, view))),
  ...section(
    'Signatures',
    view,
    report.signatures.flatMap((each) => signatureLines(each, view)),
  ),
  ...(report.mitigations === null ? [] : section('Mitigations', view, mitigationLines(report.mitigations, view))),
  ...candidacyLines('a trustlet', report.trustlet, view),
  ...candidacyLines('a VBS enclave', report.enclave, view),
  ...section('What is wrong with it', view, diagnosisLines(report, view)),
  '',
  ...wrap(NOT_VERIFIED, view.columns ?? DEFAULT_COLUMNS),
  view.paint('dim', `read: ${report.cost.bytesRead} of ${report.size} bytes (reads: ${report.cost.reads})`),
];

/** @returns what it is in one sentence, then everything that was found, and why not more */
export const accountOf = (file: Inspected, view: View): string[] => [
  `${view.paint('heading', printable(file.path))}: ${view.paint(STYLE_OF_KIND[file.kind], file.kind)}`,
  ...(file.kind === 'unreadable'
    ? wrap(printable(file.error), view.columns ?? DEFAULT_COLUMNS)
    : reportLines(file, view)),
];
