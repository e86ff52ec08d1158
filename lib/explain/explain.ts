/** Why touching a process, loading a driver or starting an enclave fails: every row of the table that applies, the likeliest first. Pure. */
import type { Backend } from '../backend.js';
import type { Explanation, ExplanationCause } from '../types.js';
import { type Case, subjectOf, Weight } from './case.js';
import { hasCode } from './error-code.js';
import { KNOWN_FAILURES } from './failures.js';

const remainder = (seen: Case): ExplanationCause => {
  const { facts, error, api } = seen;
  const shared = { known: 'assumed', source: 'nothing in this table', failure: 'nothing-known' } as const;
  if (hasCode(error)) {
    const about = facts === null ? 'Nothing known here' : 'Nothing that was seen of this process';
    return {
      ...shared,
      cause: 'unknown',
      text: `${about} explains ${error.name}${api === null ? '' : ` from ${api.name}`}.`,
      seen: false,
      evidence: facts === null ? 'no process was asked about' : `what a query says of pid ${facts.pid}`,
      advice: 'Look the code up (net helpmsg for a Win32 code), and name the call: a cause may depend on it.',
    };
  }
  // A process that is not ordinary always has a cause of its own, so this is one that may be acted on, or none at all.
  return {
    ...shared,
    cause: 'none',
    text:
      facts === null
        ? 'Nothing contradicts what this system says of its protections.'
        : 'It is an ordinary process: nothing about it keeps a caller with the rights from acting on it.',
    seen: true,
    evidence:
      facts === null
        ? 'the findings of its posture'
        : `bits 7 (IsSecureProcess) and 2 (IsProcessDeleting) clear in a successful query of pid ${facts.pid}`,
    advice: facts === null ? 'Name the API and the error for more.' : 'Act inside guard.run.',
    known: 'documented',
    source: facts === null ? 'docs/posture.md' : 'facts/nt.md 1.2, 1.4',
  };
};

const SUBJECTS = { driver: 'Driver', system: 'This system' } as const;

const summaryOf = (seen: Case, [first]: readonly ExplanationCause[]): string => {
  const { facts } = seen;
  const subject = subjectOf(seen);
  const named = facts === null || facts.name === null ? '' : ` (${facts.name})`;
  const head = facts === null ? SUBJECTS[subject === 'driver' ? 'driver' : 'system'] : `pid ${facts.pid}${named}`;
  return `${head}: ${first?.text ?? ''}`;
};

/**
 * @param seen all that is known; nothing is asked here
 * @returns causes, the likeliest first; never empty
 */
export const explainCase = (seen: Case, source: Pick<Backend, 'name' | 'simulated'>): Explanation => {
  const weighed = KNOWN_FAILURES.flatMap((row) =>
    row.look(seen).map(({ weight, seen: wasSeen, evidence, text, advice, known, source: from }) => ({
      weight,
      cause: {
        cause: row.cause,
        failure: row.id,
        text: text ?? row.text,
        seen: wasSeen,
        evidence,
        advice: advice ?? row.advice,
        known: known ?? row.known,
        source: from ?? row.source,
      },
    })),
  );
  const causes = weighed.sort((left, right) => right.weight - left.weight).map(({ cause }) => cause);
  // An aside of a low weight explains nothing by itself.
  const explained = weighed.some(({ weight }) => weight > Weight.ASIDE);
  const all = explained ? causes : [remainder(seen), ...causes];
  const { facts, error, api } = seen;
  return {
    pid: facts?.pid ?? null,
    facts,
    error,
    api: api === null ? null : { name: api.name, operation: api.operation, acts: api.acts, rights: api.rights },
    summary: summaryOf(seen, all),
    causes: all,
    backend: source.name,
    simulated: source.simulated,
  };
};
