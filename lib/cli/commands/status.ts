/** `trustlet status`: is VBS really on, who answers here, and how is that known. */
import { TrustletError } from '../../errors.js';
import type { DriverInfo, Posture, PostureAnswer, PostureFeatureName, PostureFinding } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { statusOfDriver } from '../driver/status.js';
import type { WindowsSystem } from '../driver/system.js';
import { ExitCode } from '../exit-code.js';
import { DEFAULT_COLUMNS, documentHead, type Report, seenOn, type View } from '../report.js';
import type { Style } from '../style.js';
import { type Cell, renderTable } from '../table.js';
import { printable, wrap } from '../text.js';
import { type DriverDocument, driverDocument, fileText, styleOfState } from './driver.js';

const EVIDENCE_LEAST = 30;
/** What belongs to a finding’s first line hangs below it by as much. */
const INDENT = '  ';

/** Features that protect, and such that open a machine up. */
type Nature = 'protection' | 'exposure';

const answerCell = ({ value }: PostureAnswer, nature: Nature = 'protection'): Cell => {
  if (value === null) return { text: 'unknown', style: 'unknown' };
  return value ? { text: 'yes', style: nature === 'protection' ? 'good' : 'bad' } : { text: 'no' };
};

/** Whether VBS is told to require it. */
const requirementCell = ({ value }: PostureAnswer): Cell => {
  if (value === null) return { text: 'unknown', style: 'unknown' };
  return { text: value ? 'required' : 'optional' };
};

/** No source says whether anybody asked for it. */
const NOT_CONFIGURED: Cell = { text: '-', style: 'dim' };

const FEATURES: readonly (readonly [PostureFeatureName, string, 'asked' | 'required', Nature])[] = [
  ['vbs', 'VBS', 'asked', 'protection'],
  ['hvci', 'Memory integrity', 'asked', 'protection'],
  ['credentialGuard', 'Credential Guard', 'asked', 'protection'],
  ['secureBoot', 'Secure Boot', 'required', 'protection'],
  ['dmaProtection', 'DMA protection', 'required', 'protection'],
  ['secureCore', 'Secured-core', 'asked', 'protection'],
  ['hypervisor', 'Hypervisor', 'asked', 'protection'],
  ['kernelDebugger', 'Kernel debugging', 'asked', 'exposure'],
];

const further = (posture: Posture): readonly (readonly [string, PostureAnswer, Nature])[] => [
  ['VBS by hardware', posture.vbs.hardwareEnforced, 'protection'],
  ['Strict HVCI', posture.hvci.strict, 'protection'],
  ['A trustlet runs', posture.trustletRunning, 'protection'],
  ['Test signing', posture.testSigning, 'exposure'],
];

const evidenceCell = (evidence: string): Cell => ({ text: printable(evidence), style: 'dim' });

const featureRows = (posture: Posture): readonly (readonly Cell[])[] => [
  ...FEATURES.map(([name, title, meaning, nature]): readonly Cell[] => {
    const { configured, running } = posture.features[name];
    return [
      { text: title },
      meaning === 'required' ? requirementCell(configured) : answerCell(configured, nature),
      answerCell(running, nature),
      evidenceCell(`running: ${running.evidence}; configured: ${configured.evidence}`),
    ];
  }),
  ...further(posture).map(([title, answer, nature]): readonly Cell[] => [
    { text: title },
    NOT_CONFIGURED,
    answerCell(answer, nature),
    evidenceCell(answer.evidence),
  ]),
];

const featureTable = (posture: Posture, { paint, columns }: View): readonly string[] => {
  const { major, minor, build } = posture.windows;
  return renderTable(
    [
      { heading: `Windows ${major}.${minor}.${build}` },
      { heading: 'CONFIGURED' },
      { heading: 'RUNNING' },
      { heading: 'EVIDENCE', least: EVIDENCE_LEAST, wraps: true },
    ],
    featureRows(posture),
    paint,
    columns,
  );
};

const KIND_STYLES: Readonly<Record<PostureFinding['kind'], Style>> = {
  disagreement: 'bad',
  weakness: 'unknown',
  gap: 'dim',
};

/** Prose wrapped to what an indent leaves of a line. */
const proseLines = (text: string, { columns = DEFAULT_COLUMNS }: View): readonly string[] =>
  wrap(printable(text), columns - INDENT.length);

const findingLines = (finding: PostureFinding, view: View): readonly string[] => {
  const label = `${finding.kind}:`;
  const [first = '', ...rest] = proseLines(`${label} ${finding.text}`, view);
  const indented = (text: string): readonly string[] => proseLines(text, view).map((line) => `${INDENT}${line}`);
  return [
    `${view.paint(KIND_STYLES[finding.kind], label)}${first.slice(label.length)}`,
    ...rest.map((line) => `${INDENT}${line}`),
    ...indented(`Next: ${finding.nextStep}`),
    ...indented(`Looked at: ${finding.evidence}`).map((line) => view.paint('dim', line)),
  ];
};

const findingsPart = ({ findings }: Posture, view: View): readonly string[] => [
  '',
  findings.length === 0
    ? 'Nothing contradicts, and nothing weak was seen.'
    : view.paint('heading', `${findings.length} ${findings.length === 1 ? 'FINDING' : 'FINDINGS'}`),
  ...findings.flatMap((finding) => ['', ...findingLines(finding, view)]),
];

/** The driver's part of the document. */
interface DriverPart {
  /** Why another backend than the driver answers, where the driver was tried first. */
  readonly fallback: string | null;
  /** The driver that answers, as it said in HELLO; null where another backend does. */
  readonly answering: DriverInfo | null;
  /** What is installed on this machine; null for a simulated one, or where it could not be asked. */
  readonly driver: DriverDocument | null;
  /** Why it could not be asked. */
  readonly driverProblem: string | null;
}

const driverPart = ({ backend }: Pick<Vsm, 'backend'>, system: () => WindowsSystem): DriverPart => {
  const known = { fallback: backend.fallback, answering: backend.driver };
  if (backend.simulated) return { ...known, driver: null, driverProblem: null };
  try {
    const { facts, signature } = statusOfDriver(system());
    return { ...known, driver: driverDocument(facts, signature), driverProblem: null };
  } catch (error) {
    if (TrustletError.is(error)) return { ...known, driver: null, driverProblem: error.message };
    throw error;
  }
};

type Row = readonly [question: string, answer: Cell, evidence: string];

const serviceRow = ({ state, start, installed, path }: DriverDocument): Row => [
  'driver’s service',
  { text: state ?? 'not installed', style: styleOfState(state) },
  installed ? `start ${start}, ${path}` : 'sc query trustlet',
];

const installedRows = (driver: DriverDocument): readonly Row[] => {
  const { file, signature } = driver;
  const rows: (Row | null)[] = [
    serviceRow(driver),
    file === null
      ? null
      : ['driver’s file', { text: file.version ?? 'no version' }, fileText({ ...file, version: null })],
    signature === null
      ? null
      : [
          'driver’s signature',
          { text: signature.state, style: signature.state === 'valid' ? 'good' : 'unknown' },
          signature.evidence,
        ],
  ];
  return rows.filter((row) => row !== null);
};

const driverRows = ({ fallback, answering, driver, driverProblem }: DriverPart): readonly Row[] => {
  const rows: (Row | null)[] = [
    fallback === null ? null : ['driver backend', { text: 'not used', style: 'unknown' }, fallback],
    answering === null
      ? null
      : [
          'driver backend',
          { text: answering.version, style: 'good' },
          `HELLO: protocol ${answering.protocol}; ${answering.capabilities.join(', ')}`,
        ],
    driverProblem === null ? null : ['driver’s service', { text: 'unknown', style: 'unknown' }, driverProblem],
    ...(driver === null ? [] : installedRows(driver)),
  ];
  return rows.filter((row) => row !== null);
};

const driverTable = (rows: readonly Row[], { paint, columns }: View): readonly string[] =>
  rows.length === 0
    ? []
    : [
        '',
        ...renderTable(
          [{ heading: 'Driver' }, { heading: 'STATE' }, { heading: 'EVIDENCE', least: EVIDENCE_LEAST, wraps: true }],
          rows.map(([question, answer, evidence]): Cell[] => [
            { text: question },
            { ...answer, text: printable(answer.text) },
            evidenceCell(evidence),
          ]),
          paint,
          columns,
        ),
      ];

/**
 * Asks WMI and the registry too, where a real Windows answers: a second or two.
 * @param system asked for the driver's service, file and signature where a real machine answers; PowerShell, which judges the
 * signature, takes a second or two
 */
export const statusReport = async (
  vsm: Pick<Vsm, 'backend' | 'postureAsync'>,
  system: () => WindowsSystem,
): Promise<Report> => {
  const posture = await vsm.postureAsync();
  const { backend: _backend, simulated: _simulated, ...answers } = posture;
  const part = driverPart(vsm, system);
  return {
    exitCode: ExitCode.DONE,
    document: { ...documentHead(vsm.backend), ...answers, ...part },
    lines: (view) => [
      ...featureTable(posture, view),
      ...findingsPart(posture, view),
      ...driverTable(driverRows(part), view),
      '',
      seenOn(vsm.backend, view),
    ],
  };
};
