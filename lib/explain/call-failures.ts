/** Known failures that lie in the call: its handle, its parameters, the addresses it names, the moment an APC waits for. Pure. */
import { aboutProcess, type Case, type KnownFailure, kindOf, subjectOf, Weight } from './case.js';
import { hasCode, isCopyFailure, isInvalidHandle, isInvalidParameter, isPartialCopy } from './error-code.js';

const THREADS_ON_TRUSTLETS: ReadonlySet<string> = new Set(['create-thread', 'load-library']);

/** 87 is what a thread for a trustlet gets from build 26100 on: then it is not the parameters (facts/nt.md 0.7). */
const isExplainedByIsolation = ({ facts, api }: Case): boolean =>
  facts?.verdict === 'secure' && (api === null || THREADS_ON_TRUSTLETS.has(api.operation ?? ''));

const parameterText = ({ api }: Case): string | undefined => {
  if (api?.operation === 'debug') return 'It is being debugged already, or a parameter is wrong.';
  if (api?.name === 'OpenProcess' || api?.name === 'OpenThread') {
    return 'An id that does not exist, or pid 0, gets this answer from an open.';
  }
  return undefined;
};

/** Known failures of the call itself. */
export const callFailures: readonly KnownFailure[] = [
  {
    id: 'address-not-mapped',
    cause: 'address',
    symptom: '998 or 299 from a copy, of an ordinary process',
    text: 'It is an ordinary process; a copy fails like this where the address is not mapped, or changed meanwhile.',
    advice:
      'Check the range with VirtualQueryEx before each copy; a process that hosts a VBS enclave also has ranges that no one outside can read.',
    known: 'documented',
    source: 'facts/nt.md 5.5, 6.2; Microsoft Learn, ReadProcessMemory',
    look: aboutProcess((facts, { error }) =>
      facts.verdict === 'ordinary' && !facts.pseudo && isCopyFailure(error)
        ? {
            weight: Weight.PLAUSIBLE,
            seen: false,
            evidence: `not seen; follows from bit 7 (IsSecureProcess) being clear for pid ${facts.pid}: a handle that copied was granted`,
            text: isPartialCopy(error)
              ? 'It is an ordinary process; a copy ends like this where part of the range is not mapped, and a module list where the process is just starting or its list changes.'
              : undefined,
          }
        : null,
    ),
  },
  {
    id: 'invalid-handle',
    cause: 'bad-handle',
    symptom: '6 (ERROR_INVALID_HANDLE)',
    text: 'The handle is none of this process’s, was closed, or is of another kind.',
    advice:
      'Use held.handle inside guard.run, keep all 64 bits of it where it crosses into native code, and close nothing twice.',
    known: 'documented',
    source: 'facts/nt.md 6.2, 9',
    look: (seen) => {
      if (!isInvalidHandle(seen.error)) return [];
      const kind = kindOf(seen.api);
      return [
        {
          weight: Weight.STRONG,
          seen: true,
          evidence: `the error itself: ${seen.error?.name}`,
          text:
            seen.api === null
              ? undefined
              : `The handle is none of this process’s, was closed, or is no ${kind} handle, which ${seen.api.name} needs.${
                  seen.api.operation === 'queue-apc' ? ' A thread of System’s gets the same answer.' : ''
                }`,
        },
      ];
    },
  },
  {
    id: 'invalid-parameter',
    cause: 'bad-argument',
    symptom: '87 (ERROR_INVALID_PARAMETER)',
    text: 'A parameter is one this call does not take: a flag, a size, an information class of another build.',
    advice: 'Compare each parameter with the function’s page; ids have to come from a list that was read just before.',
    known: 'assumed',
    source: 'facts/nt.md 9',
    look: (seen) =>
      isInvalidParameter(seen.error) &&
      subjectOf(seen) !== 'driver' &&
      !isExplainedByIsolation(seen) &&
      seen.facts?.verdict !== 'unknown'
        ? [
            {
              weight: Weight.POSSIBLE,
              seen: false,
              evidence: 'not seen: the parameters are not known here',
              text: parameterText(seen),
            },
          ]
        : [],
  },
  {
    id: 'apc-frozen',
    cause: 'not-run',
    symptom: 'An APC is queued and never runs: the process is a suspended app',
    text: 'The process is frozen (a suspended app): none of its threads runs, so no APC does.',
    advice: 'Wait until the app is resumed; the APC stays queued.',
    known: 'derived',
    source: 'facts/nt.md 1.2',
    look: aboutProcess((facts, { api, error }) =>
      api?.operation === 'queue-apc' &&
      facts.verdict === 'ordinary' &&
      facts.flags?.IsFrozen === true &&
      !hasCode(error)
        ? { weight: Weight.STRONG, seen: true, evidence: `bit 4 (IsFrozen) set in the flags of pid ${facts.pid}` }
        : null,
    ),
  },
  {
    id: 'apc-waits',
    cause: 'not-run',
    symptom: 'An APC is queued and never runs: its thread never waits alertably',
    text: 'A user APC runs only when its thread enters an alertable wait (SleepEx, WaitForSingleObjectEx …); many threads never do.',
    advice:
      'Queue it to a thread that waits alertably, or use QueueUserAPC2 with a special user APC on your own processes.',
    known: 'documented',
    source: 'Microsoft Learn, QueueUserAPC',
    look: aboutProcess((facts, { api, error }) =>
      api?.operation === 'queue-apc' && facts.verdict === 'ordinary' && !facts.pseudo && !hasCode(error)
        ? {
            weight: Weight.PLAUSIBLE,
            seen: false,
            evidence: `not seen: how the thread waits is not told; bit 7 (IsSecureProcess) of pid ${facts.pid} is clear`,
          }
        : null,
    ),
  },
];
