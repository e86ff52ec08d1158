/** `trustlet status`: is VBS really on, who answers here, and how is that known. */
import { TrustletError } from '../../errors.js';
import type { DriverInfo, Posture, PostureAnswer } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { statusOfDriver } from '../driver/status.js';
import type { WindowsSystem } from '../driver/system.js';
import { ExitCode } from '../exit-code.js';
import { documentHead, type Report, seenOn } from '../report.js';
import { type Cell, renderTable } from '../table.js';
import { printable } from '../text.js';
import { type DriverDocument, driverDocument, fileText, styleOfState } from './driver.js';

const EVIDENCE_LEAST = 30;

const answerCell = ({ value }: PostureAnswer): Cell => {
  if (value === null) return { text: 'unknown', style: 'unknown' };
  return value ? { text: 'yes', style: 'good' } : { text: 'no' };
};

const questions = (posture: Posture): readonly (readonly [string, PostureAnswer])[] => [
  ['VSM: secure kernel running', posture.vsm.running],
  ['VBS running', posture.vbs.running],
  ['VBS enforced by hardware', posture.vbs.hardwareEnforced],
  ['HVCI configured', posture.hvci.configured],
  ['HVCI running', posture.hvci.running],
  ['HVCI strict mode', posture.hvci.strict],
  ['Credential Guard configured', posture.credentialGuard.configured],
  ['Credential Guard running', posture.credentialGuard.running],
  ['a trustlet runs', posture.trustletRunning],
  ['Secure Boot', posture.secureBoot],
  ['test signing', posture.testSigning],
  ['hypervisor present', posture.hypervisorPresent],
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

/**
 * @param system asked for the driver's service, file and signature where a real machine answers; PowerShell, which judges the
 * signature, takes a second or two
 */
export const statusReport = (vsm: Pick<Vsm, 'backend' | 'posture'>, system: () => WindowsSystem): Report => {
  const posture = vsm.posture();
  const { backend: _backend, simulated: _simulated, ...answers } = posture;
  const part = driverPart(vsm, system);
  return {
    exitCode: ExitCode.DONE,
    document: { ...documentHead(vsm.backend), ...answers, ...part },
    lines: (view) => {
      const { major, minor, build } = posture.windows;
      const rows: Row[] = [
        ...questions(posture).map(([question, answer]): Row => [question, answerCell(answer), answer.evidence]),
        ...driverRows(part),
      ];
      const cells = rows.map(([question, answer, evidence]): Cell[] => [
        { text: question },
        { ...answer, text: printable(answer.text) },
        { text: printable(evidence), style: 'dim' },
      ]);
      const columns = [
        { heading: `Windows ${major}.${minor}.${build}` },
        { heading: 'ANSWER' },
        { heading: 'EVIDENCE', least: EVIDENCE_LEAST, wraps: true },
      ];
      return [...renderTable(columns, cells, view.paint, view.columns), '', seenOn(vsm.backend, view)];
    },
  };
};
