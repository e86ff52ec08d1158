/** `trustlet list [--trustlets]`: every process and what it is; the unknown ones are never left out. */
import type { ProcessFacts, SecureVerdict } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { exitCodeOfCounts, type ListCounts } from '../exit-code.js';
import { processDocument } from '../json.js';
import { nameText, noteText, protectionText } from '../process-text.js';
import type { Progress } from '../progress.js';
import { documentHead, type Report, seenOn, type View } from '../report.js';
import { styleOfVerdict } from '../style.js';
import { type Cell, type Column, renderTable } from '../table.js';

/** What stands before a pid, so that the verdict shows without colours. */
const MARKS: Readonly<Record<SecureVerdict, string>> = { secure: '*', ordinary: '', unknown: '?' };

const COLUMNS: readonly Column[] = [
  { heading: '' },
  { heading: 'PID', align: 'right' },
  { heading: 'VERDICT' },
  { heading: 'SESS', align: 'right' },
  { heading: 'PROTECTION' },
  { heading: 'NAME', least: 12 },
  { heading: 'NOTE', least: 14 },
];

const cellsOf = (facts: ProcessFacts): readonly Cell[] => {
  const style = styleOfVerdict(facts.verdict);
  return [
    { text: MARKS[facts.verdict], style },
    { text: String(facts.pid) },
    { text: facts.verdict, style },
    { text: facts.sessionId === null ? '?' : String(facts.sessionId) },
    { text: protectionText(facts.protection) },
    { text: nameText(facts.name), style },
    { text: noteText(facts), style: 'dim' },
  ];
};

const countsOf = (processes: readonly ProcessFacts[]): ListCounts => {
  const of = (wanted: (facts: ProcessFacts) => boolean): number => processes.filter(wanted).length;
  return {
    total: processes.length,
    secure: of(({ verdict }) => verdict === 'secure'),
    ordinary: of(({ verdict }) => verdict === 'ordinary'),
    unknown: of(({ verdict }) => verdict === 'unknown'),
    pseudo: of(({ pseudo }) => pseudo),
    unknownReal: of(({ verdict, pseudo }) => verdict === 'unknown' && !pseudo),
  };
};

const countsLine = (counts: ListCounts, { paint }: View): string => {
  const pseudo = counts.unknown - counts.unknownReal;
  const unknown = `${counts.unknown} unknown${pseudo > 0 ? ` (pseudo: ${pseudo})` : ''}`;
  return [
    `${counts.total} processes: `,
    paint('secure', `${counts.secure} secure`),
    `, ${counts.ordinary} ordinary, `,
    counts.unknownReal > 0 ? paint('unknown', unknown) : unknown,
  ].join('');
};

const UNKNOWN_ADVICE = 'Unknown (?) means: leave it alone. trustlet explain <pid> says why.';

/**
 * @param trustletsOnly leaves the ordinary processes out of the table and the document; counts and exit code stay those of all
 */
export const listReport = (
  vsm: Pick<Vsm, 'backend' | 'census'>,
  trustletsOnly: boolean,
  progress: Progress,
): Report => {
  const census = vsm.census();
  const all: ProcessFacts[] = [];
  for (const facts of census) {
    all.push(facts);
    progress(all.length, census.length, 'processes read');
  }
  const counts = countsOf(all);
  const shown = trustletsOnly ? all.filter(({ verdict }) => verdict !== 'ordinary') : all;
  return {
    exitCode: exitCodeOfCounts(counts),
    document: { ...documentHead(vsm.backend), processes: shown.map(processDocument) },
    lines: (view) => [
      ...renderTable(COLUMNS, shown.map(cellsOf), view.paint, view.columns),
      '',
      countsLine(counts, view),
      ...(counts.unknownReal > 0 ? [UNKNOWN_ADVICE] : []),
      seenOn(vsm.backend, view),
    ],
  };
};
