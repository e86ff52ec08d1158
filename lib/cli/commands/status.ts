/** `trustlet status`: is VBS really on, and how is that known. */
import type { Posture, PostureAnswer } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { ExitCode } from '../exit-code.js';
import { documentHead, type Report, seenOn } from '../report.js';
import { type Cell, renderTable } from '../table.js';

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

export const statusReport = (vsm: Pick<Vsm, 'backend' | 'posture'>): Report => {
  const posture = vsm.posture();
  const { backend: _backend, simulated: _simulated, ...answers } = posture;
  return {
    exitCode: ExitCode.DONE,
    document: { ...documentHead(vsm.backend), ...answers },
    lines: (view) => {
      const { major, minor, build } = posture.windows;
      const rows = questions(posture).map(([question, answer]): Cell[] => [
        { text: question },
        answerCell(answer),
        { text: answer.evidence, style: 'dim' },
      ]);
      const columns = [
        { heading: `Windows ${major}.${minor}.${build}` },
        { heading: 'ANSWER' },
        { heading: 'EVIDENCE', least: EVIDENCE_LEAST, wraps: true },
      ];
      return [...renderTable(columns, rows, view.paint, view.columns), '', seenOn(vsm.backend, view)];
    },
  };
};
