/** `trustlet explain <pid> [--error N]`: why touching a process fails. */
import type { Explanation, ProcessFacts } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { exitCodeOfVerdict } from '../exit-code.js';
import { nameText, statusText } from '../process-text.js';
import { DEFAULT_COLUMNS, documentHead, type Report, seenOn, type View } from '../report.js';
import { styleOfVerdict } from '../style.js';
import { wrap } from '../text.js';

const errorText = ({ ntstatus, win32, name }: NonNullable<Explanation['error']>): string => {
  const code = ntstatus === null ? name : statusText(ntstatus);
  return ntstatus === null || win32 === null ? code : `${code}, Win32 error ${win32}`;
};

const linesOf = (explanation: Explanation, facts: ProcessFacts, view: View): string[] => {
  const width = view.columns ?? DEFAULT_COLUMNS;
  const indented = (text: string, first: string): string[] =>
    wrap(text, width - first.length).map((part, index) => (index === 0 ? first : ' '.repeat(first.length)) + part);
  const verdict = view.paint(styleOfVerdict(facts.verdict), facts.verdict);
  return [
    `${view.paint('heading', `pid ${facts.pid}  ${nameText(facts.name)}`)}: ${verdict} (${facts.reason})`,
    ...(explanation.error === null ? [] : [`met: ${errorText(explanation.error)}`]),
    ...explanation.causes.flatMap(({ cause, text, advice }, index) => [
      view.paint('heading', `${index + 1}. ${cause}`),
      ...indented(text, '   '),
      ...indented(advice, '   → '),
    ]),
  ];
};

/** @param error a Win32 code or an NTSTATUS; undefined when none was met */
export const explainReport = (
  vsm: Pick<Vsm, 'backend' | 'explain' | 'query'>,
  pid: number,
  error: number | undefined,
): Report => {
  const explanation = vsm.explain(pid, error);
  const facts = explanation.facts ?? vsm.query(pid);
  return {
    exitCode: exitCodeOfVerdict(facts.verdict),
    document: {
      ...documentHead(vsm.backend),
      pid,
      name: facts.name,
      verdict: facts.verdict,
      reason: facts.reason,
      status: facts.status,
      error: explanation.error,
      summary: explanation.summary,
      causes: explanation.causes,
    },
    lines: (view) => [...linesOf(explanation, facts, view), seenOn(vsm.backend, view)],
  };
};
