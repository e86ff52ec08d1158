/** Why touching a process, loading a driver or starting an enclave fails: every row of the table that applies, the likeliest first. Pure. */
import type { Backend } from '../backend.js';
import type { Explanation, ExplanationCause } from '../types.js';
import { type Case, subjectOf, Weight } from './case.js';
import { hasCode } from './error-code.js';
import { KNOWN_FAILURES } from './failures.js';

const SHARED = { known: 'assumed', source: 'nothing in this table', failure: 'nothing-known', seen: false } as const;

/** Nothing is known of a process that was not named. */
const remainderWithoutProcess = (seen: Case): ExplanationCause => {
  const { error, api } = seen;
  const evidence = 'no process was asked about';
  if (api?.acts === 'process' || api?.acts === 'thread') {
    const text = `${api.name} is about a process, and none was named: what it comes to depends on what that is.`;
    return { ...SHARED, cause: 'unknown', text, evidence, advice: 'Give its pid.' };
  }
  if (hasCode(error)) {
    return {
      ...SHARED,
      cause: 'unknown',
      text: `Nothing known here explains ${error.name}${api === null ? '' : ` from ${api.name}`}.`,
      evidence,
      advice:
        api === null
          ? 'Give the pid of the process that it was about, and the call.'
          : 'Look the code up (net helpmsg for a Win32 code).',
    };
  }
  if (subjectOf(seen) === 'driver') {
    const text = `What ${api?.name} answered was not told, and a driver that loads needs no explanation.`;
    return { ...SHARED, cause: 'unknown', text, evidence, advice: 'Give the error.' };
  }
  return {
    ...SHARED,
    cause: 'none',
    text: 'VBS runs, and nothing contradicts what this system says of its protections.',
    seen: true,
    evidence: 'the findings of its posture',
    advice: 'Give the call and its error for more.',
    known: 'documented',
    source: 'docs/posture.md',
  };
};

const remainder = (seen: Case): ExplanationCause => {
  const { facts, error, api } = seen;
  if (facts === null) return remainderWithoutProcess(seen);
  if (hasCode(error)) {
    return {
      ...SHARED,
      cause: 'unknown',
      text: `Nothing that was seen of this process explains ${error.name}${api === null ? '' : ` from ${api.name}`}.`,
      evidence: `what a query says of pid ${facts.pid}`,
      advice: `Look the code up (net helpmsg for a Win32 code)${api === null ? ', and name the call: a cause may depend on it' : ''}.`,
    };
  }
  // A process that is not ordinary always has a cause of its own, so this is one that may be acted on.
  return {
    ...SHARED,
    cause: 'none',
    text: 'It is an ordinary process: nothing about it keeps a caller with the rights from acting on it.',
    seen: true,
    evidence: `bits 7 (IsSecureProcess) and 2 (IsProcessDeleting) clear in a successful query of pid ${facts.pid}`,
    advice: 'Act inside guard.run.',
    known: 'documented',
    source: 'facts/nt.md 1.2, 1.4',
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
