/** `trustlet explain [pid] [--error N] [--api NAME]`: why something fails. */
import { TrustletError } from '../../errors.js';
import { apiNamed } from '../../explain/apis.js';
import type { Explanation, ExplanationCause, ProcessFacts } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { ExitCode, exitCodeOfVerdict } from '../exit-code.js';
import { parseErrorCode, parsePid } from '../numbers.js';
import { nameText, statusText } from '../process-text.js';
import { DEFAULT_COLUMNS, documentHead, type Report, seenOn, type View } from '../report.js';
import { styleOfVerdict } from '../style.js';
import { printable, wrap } from '../text.js';

const INDENT = '   ';

/** What is asked. */
export interface Question {
  /** undefined for an error that is about no process. */
  readonly pid: number | undefined;
  readonly error: number | undefined;
  readonly api: string | undefined;
}

/**
 * @param text what was typed for `[pid]`
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT
 */
export const readQuestion = (
  text: string | undefined,
  { error, api }: { readonly error?: string | undefined; readonly api?: string | undefined },
): Question => {
  if (text === undefined && error === undefined && api === undefined) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      'Name a pid, or what is about no process: --error, --api or both (trustlet explain --error 1275).',
    );
  }
  if (api !== undefined) apiNamed(api);
  return {
    pid: text === undefined ? undefined : parsePid(text),
    error: error === undefined ? undefined : parseErrorCode(error),
    api,
  };
};

const errorText = ({ ntstatus, win32, name }: NonNullable<Explanation['error']>): string => {
  const code = ntstatus === null ? name : statusText(ntstatus);
  return ntstatus === null || win32 === null ? code : `${code}, Win32 error ${win32}`;
};

const apiText = ({ name, operation }: NonNullable<Explanation['api']>): string =>
  operation === null || operation === name ? name : `${name} (${operation})`;

const headOf = ({ pid }: Explanation, facts: ProcessFacts | null, { paint }: View): string => {
  if (facts === null) return paint('heading', 'about no process');
  const verdict = paint(styleOfVerdict(facts.verdict), facts.verdict);
  return `${paint('heading', `pid ${pid ?? facts.pid}  ${nameText(facts.name)}`)}: ${verdict} (${facts.reason})`;
};

/** Whether it was seen is said in words, because a cause that only may be is easily read as one that is. */
const causeLines = (cause: ExplanationCause, number: number, view: View): readonly string[] => {
  const indented = (text: string, first: string): string[] =>
    wrap(printable(text), (view.columns ?? DEFAULT_COLUMNS) - first.length).map((part, index) =>
      index === 0 ? first + part : ' '.repeat(first.length) + part,
    );
  const dim = (lines: readonly string[]): string[] => lines.map((line) => view.paint('dim', line));
  return [
    view.paint('heading', `${number}. ${cause.cause}${cause.seen ? '' : ' (possible)'}`),
    ...indented(cause.text, INDENT),
    ...indented(cause.advice, `${INDENT}→ `),
    ...dim(indented(`evidence: ${cause.evidence}`, INDENT)),
    ...dim(indented(`known: ${cause.known}, ${cause.source}`, INDENT)),
  ];
};

const linesOf = (explanation: Explanation, facts: ProcessFacts | null, view: View): string[] => [
  headOf(explanation, facts, view),
  ...(explanation.error === null ? [] : [`met: ${errorText(explanation.error)}`]),
  ...(explanation.api === null ? [] : [`from: ${apiText(explanation.api)}`]),
  ...explanation.causes.flatMap((cause, index) => causeLines(cause, index + 1, view)),
];

/** Without a pid the registry and WMI are asked too (a second or two on Windows): the kernel does not know what was configured. */
export const explainReport = async (
  vsm: Pick<Vsm, 'backend' | 'explain' | 'query' | 'postureAsync'>,
  { pid, error, api }: Question,
): Promise<Report> => {
  // Before the posture: an API that is not known is not worth a wait.
  const known = vsm.explain(pid ?? null, error, { api });
  const explanation = pid === undefined ? vsm.explain(null, error, { api, posture: await vsm.postureAsync() }) : known;
  const facts = pid === undefined ? null : (explanation.facts ?? vsm.query(pid));
  return {
    exitCode: facts === null ? ExitCode.DONE : exitCodeOfVerdict(facts.verdict),
    document: {
      ...documentHead(vsm.backend),
      pid: pid ?? null,
      name: facts?.name ?? null,
      verdict: facts?.verdict ?? null,
      reason: facts?.reason ?? null,
      status: facts?.status ?? null,
      error: explanation.error,
      api: explanation.api,
      summary: explanation.summary,
      causes: explanation.causes,
    },
    lines: (view) => [...linesOf(explanation, facts, view), seenOn(vsm.backend, view)],
  };
};
