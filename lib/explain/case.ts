/** What a failure is explained from, and what a row of the table of known failures is. Pure. */
import { ProcessAccess, ThreadAccess } from '../guard/operations.js';
import { refusedByProtection } from '../layout/protection-rules.js';
import type { Evidence, ExplanationCauseName, Posture, ProcessFacts, ProcessIdentity, Protection } from '../types.js';
import type { ApiEntry } from './apis.js';
import { type ExplainedError, isDriverBlocked, isInvalidImageHash } from './error-code.js';

/** In whose name the failing call was made, as far as it is known. */
export interface Caller {
  readonly pid: number;
  readonly protection: Protection | null;
  /** Word size; null where it is not known. */
  readonly bits: 32 | 64 | null;
}

/** Everything that was seen. */
export interface Case {
  /** null for an error that is about no process. */
  readonly facts: ProcessFacts | null;
  /** The identity asked for, where one was. */
  readonly expected: Pick<ProcessIdentity, 'createTime' | 'startKey'> | null;
  readonly error: ExplainedError | null;
  readonly api: ApiEntry | null;
  readonly caller: Caller;
  /** null where it was not asked. */
  readonly posture: Posture | null;
  readonly build: number;
}

/** How likely a cause is, beside the others that apply. */
export const Weight = {
  DECISIVE: 95,
  STRONG: 85,
  LIKELY: 75,
  PLAUSIBLE: 60,
  POSSIBLE: 45,
  REMOTE: 30,
  ASIDE: 15,
} as const;

/** A cause that applies. */
export interface Sighting {
  readonly weight: number;
  /** Whether the cause itself was seen; false: it follows from what was seen, or is what remains. */
  readonly seen: boolean;
  readonly evidence: string;
  /** Instead of the row’s own words. */
  readonly text?: string | undefined;
  readonly advice?: string | undefined;
  readonly known?: Evidence | undefined;
  readonly source?: string | undefined;
}

/** A row of the table: a cause, how it shows, and when it applies. */
export interface KnownFailure {
  /** In kebab case; docs/explain.md has a row for each. */
  readonly id: string;
  readonly cause: ExplanationCauseName;
  /** What the person in front of it sees, for the docs. */
  readonly symptom: string;
  readonly text: string;
  readonly advice: string;
  readonly known: Evidence;
  readonly source: string;
  /** Every way in which it applies; none where what was seen refutes it. */
  readonly look: (seen: Case) => readonly Sighting[];
}

/** A row that is about a process. */
export const aboutProcess =
  (look: (facts: ProcessFacts, seen: Case) => Sighting | null): KnownFailure['look'] =>
  (seen) => {
    const sighting = seen.facts === null ? null : look(seen.facts, seen);
    return sighting === null ? [] : [sighting];
  };

/** What the failing call was about. */
export const subjectOf = ({ facts, api, error }: Case): 'process' | 'driver' | 'system' => {
  if (api?.acts === 'driver' || api?.acts === 'system') return api.acts;
  if (isInvalidImageHash(error) || isDriverBlocked(error)) return 'driver';
  return facts === null ? 'system' : 'process';
};

const THROUGH: Readonly<Record<ProcessFacts['backend'], string>> = {
  driver: 'through the driver',
  ntdll: 'through ntdll',
  emulated: 'on the emulated machine',
  replay: 'in a recording',
};

/** Where facts come from, as the end of a sentence. */
export const through = ({ backend }: Pick<ProcessFacts, 'backend'>): string => THROUGH[backend];

export const hex = (value: number, digits = 2): string => `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`;

/** `PROCESS_VM_READ | PROCESS_VM_WRITE`; a bit without a name stays a number. */
export const rightsText = (mask: number, kind: 'process' | 'thread'): string => {
  const { ALL: _all, ...bits } = kind === 'process' ? ProcessAccess : ThreadAccess;
  const held = Object.entries(bits).filter(([, bit]) => (mask & bit) !== 0);
  const rest = held.reduce((left, [, bit]) => left & ~bit, mask) >>> 0;
  // A standard right has one name for all kinds of objects.
  const nameOf = (name: string): string => (name === 'SYNCHRONIZE' ? name : `${kind.toUpperCase()}_${name}`);
  return [...held.map(([name]) => nameOf(name)), ...(rest === 0 ? [] : [hex(rest)])].join(' | ');
};

/** Which kind of handle a call acts on. */
export const kindOf = (api: ApiEntry | null): 'process' | 'thread' => (api?.acts === 'thread' ? 'thread' : 'process');

/** Rights the target’s protection refuses to this caller; one whose own protection is not known is taken for unprotected. */
const refusedRights = (facts: ProcessFacts, { api, caller }: Case): number =>
  facts.protection === null
    ? 0
    : refusedByProtection(
        caller.protection?.raw ?? 0,
        facts.protection.raw,
        kindOf(api),
        facts.parentPid !== null && facts.parentPid === caller.pid,
      );

/** Of the rights this call needs, what the target’s protection refuses; all it refuses where the call does not say. */
export const lackingRights = (facts: ProcessFacts, seen: Case): number => {
  const refused = refusedRights(facts, seen);
  return seen.api?.rights == null ? refused : refused & seen.api.rights;
};
