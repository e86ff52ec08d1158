/** `trustlet check <pid>`: what one process is. */
import { TrustletError } from '../../errors.js';
import type { ProcessFacts } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { exitCodeOfVerdict } from '../exit-code.js';
import { processDocument } from '../json.js';
import { flagsText, nameText, protectionText, statusText, timeText } from '../process-text.js';
import { documentHead, type Report, seenOn, type View } from '../report.js';
import { styleOfVerdict } from '../style.js';
import { pad } from '../text.js';

const LABEL_WIDTH = 16;

/**
 * The listed process of the same pid, if it is the same one. A process that may not be asked has no identity to compare: then the
 * list's words are taken as labels, and its verdict stays unknown.
 */
const listedAs = (vsm: Pick<Vsm, 'census'>, facts: ProcessFacts): ProcessFacts | undefined => {
  if (facts.reason === 'gone') return undefined;
  try {
    const listed = vsm.census().find(facts.pid);
    return facts.createTime === null || facts.createTime === listed?.createTime ? listed : undefined;
  } catch (error) {
    // The verdict is known; only its label is not.
    if (TrustletError.is(error) && error.code === 'ERR_TRUSTLET_BACKEND') return undefined;
    throw error;
  }
};

/** The facts of a query, with what only the process list knows filled in. */
const namedFacts = (vsm: Pick<Vsm, 'query' | 'census'>, pid: number): ProcessFacts => {
  const facts = vsm.query(pid);
  const listed = listedAs(vsm, facts);
  if (listed === undefined) return facts;
  return {
    ...facts,
    name: facts.name ?? listed.name,
    classification: facts.classification ?? listed.classification,
    pseudo: facts.pseudo || listed.pseudo,
    parentPid: facts.parentPid ?? listed.parentPid,
    sessionId: facts.sessionId ?? listed.sessionId,
  };
};

const WHAT_IT_MEANS = {
  secure: 'a trustlet, leave it alone',
  ordinary: 'no trustlet',
  unknown: 'leave it alone',
} as const;

const text = (value: number | bigint | null): string => (value === null ? '?' : String(value));

const details = (facts: ProcessFacts): readonly (readonly [string, string])[] => [
  ['evidence', facts.evidence],
  ['status', statusText(facts.status)],
  ['flags', facts.flags === null ? '?' : flagsText(facts.flags)],
  ['protection', protectionText(facts.protection)],
  ['classification', facts.classification ?? '?'],
  ['parent pid', text(facts.parentPid)],
  ['session', text(facts.sessionId)],
  ['created', facts.createTime === null ? '?' : `${timeText(facts.createTime)} (${facts.createTime})`],
  ['start key', text(facts.startKey)],
];

const linesOf = (facts: ProcessFacts, { paint }: View): string[] => {
  const line = (label: string, value: string): string => `${pad(label, LABEL_WIDTH)}${value}`;
  const verdict = paint(styleOfVerdict(facts.verdict), facts.verdict);
  return [
    paint('heading', `pid ${facts.pid}  ${nameText(facts.name)}`),
    line('verdict', `${verdict} (${facts.reason}): ${WHAT_IT_MEANS[facts.verdict]}`),
    ...details(facts).map(([label, value]) => line(label, value)),
  ];
};

export const checkReport = (vsm: Pick<Vsm, 'backend' | 'query' | 'census'>, pid: number): Report => {
  const facts = namedFacts(vsm, pid);
  return {
    exitCode: exitCodeOfVerdict(facts.verdict),
    document: { ...documentHead(vsm.backend), ...processDocument(facts) },
    lines: (view) => [...linesOf(facts, view), seenOn(vsm.backend, view)],
  };
};
