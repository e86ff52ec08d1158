/** `trustlet guard <operation> <pid>`: what the guard would say, without doing anything. */
import { show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { OPERATIONS, type OperationEntry, operationEntry } from '../../guard/operations.js';
import type { Decision } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { exitCodeOfDecision } from '../exit-code.js';
import { statusText } from '../process-text.js';
import { DEFAULT_COLUMNS, documentHead, type Report, seenOn, type View } from '../report.js';
import { pad, wrap } from '../text.js';

const LABEL_WIDTH = 14;

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no operation */
export const parseOperation = (name: string): OperationEntry => {
  const entry = operationEntry(name);
  if (entry !== undefined) return entry;
  const known = OPERATIONS.map(({ operation }) => operation).join(', ');
  throw new TrustletError('ERR_TRUSTLET_ARGUMENT', `<operation> must be one of ${known}; got ${show(name)}.`);
};

const linesOf = (decision: Decision, entry: OperationEntry, pid: number, view: View): string[] => {
  const width = (view.columns ?? DEFAULT_COLUMNS) - LABEL_WIDTH;
  const line = (label: string, value: string): string[] =>
    wrap(value, width).map((part, index) => `${pad(index === 0 ? label : '', LABEL_WIDTH)}${part}`);
  const word = view.paint(decision.decision === 'allow' ? 'good' : 'bad', decision.decision);
  return [
    `${word}: ${entry.operation} on pid ${pid}`,
    ...line('verdict', decision.verdict),
    ...line('reason', decision.reason),
    ...line('status', statusText(decision.status)),
    ...line('advice', decision.advice),
    ...line('api', entry.userApi),
    ...(decision.verdict === 'ordinary' ? [] : line('on a trustlet', `${entry.onTrustlet} (${entry.evidence})`)),
  ];
};

export const guardReport = (vsm: Pick<Vsm, 'backend' | 'guard'>, entry: OperationEntry, pid: number): Report => {
  const decision = vsm.guard.check(pid, entry.operation);
  return {
    exitCode: exitCodeOfDecision(decision),
    document: {
      ...documentHead(vsm.backend),
      pid,
      operation: entry.operation,
      decision: decision.decision,
      verdict: decision.verdict,
      reason: decision.reason,
      status: decision.status,
      statusName: decision.statusName,
      advice: decision.advice,
    },
    lines: (view) => [...linesOf(decision, entry, pid, view), seenOn(vsm.backend, view)],
  };
};
