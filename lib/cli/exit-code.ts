/** The exit codes: a public contract (DESIGN.md, Command line). */
import type { CensusCounts } from '../census.js';
import type { Decision, SecureVerdict } from '../types.js';

export const ExitCode = {
  /** Done; the process is ordinary; the operation is allowed. */
  DONE: 0,
  FAILURE: 1,
  WRONG_USE: 2,
  /** The process is a trustlet, or the operation is refused because it is. */
  SECURE: 10,
  /** Unknown or gone, or the operation is refused for any other reason. */
  UNKNOWN: 11,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const BY_VERDICT: Readonly<Record<SecureVerdict, ExitCode>> = {
  ordinary: ExitCode.DONE,
  secure: ExitCode.SECURE,
  unknown: ExitCode.UNKNOWN,
};

/** `check` and `explain`: by what the process is. */
export const exitCodeOfVerdict = (verdict: SecureVerdict): ExitCode => BY_VERDICT[verdict];

/** `guard`: by the decision, and by its reason when it refuses. */
export const exitCodeOfDecision = ({ decision, reason }: Pick<Decision, 'decision' | 'reason'>): ExitCode => {
  if (decision === 'allow') return ExitCode.DONE;
  return reason === 'secure' || reason === 'availability' ? ExitCode.SECURE : ExitCode.UNKNOWN;
};

/** `list`: 11 when a process beside the pseudo-processes is unknown. */
export const exitCodeOfCounts = (counts: Pick<ListCounts, 'unknownReal'>): ExitCode =>
  counts.unknownReal > 0 ? ExitCode.UNKNOWN : ExitCode.DONE;

/** A census's counts, with the unknown ones that are no pseudo-process. */
export interface ListCounts extends CensusCounts {
  readonly unknownReal: number;
}
