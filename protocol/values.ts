/**
 * The protocol's named numbers. Zero is always the safe one: a receiver reads a number it does not know as 0. Names that the
 * library has are taken from it; the types make a name that is missing here fail to compile.
 */
import type { DecisionInput } from '../lib/guard/decide.js';
import { OPERATIONS, type OperationEntry } from '../lib/guard/operations.js';
import type { DecisionReason, Evidence, SecureVerdict, VerdictReason } from '../lib/types.js';
import type { Enumeration, FlagSet, OperationMask } from './schema-types.js';

type Numbers<Name extends string> = Readonly<Record<Name, number>>;

const verdict: Numbers<SecureVerdict> = { unknown: 0, ordinary: 1, secure: 2 };

const evidence: Numbers<Evidence> = { assumed: 0, derived: 1, observed: 2, documented: 3 };

const decision: Numbers<'refuse' | 'allow'> = { refuse: 0, allow: 1 };

const reason: Numbers<DecisionReason | VerdictReason> = {
  'query-failed': 0,
  exiting: 1,
  gone: 2,
  'identity-mismatch': 3,
  'access-denied': 4,
  'idle-process': 5,
  'downlevel-bit': 6,
  'secure-bit-set': 7,
  'secure-bit-clear': 8,
  ordinary: 9,
  secure: 10,
  availability: 11,
  'availability-accepted': 12,
  'invalid-handle': 13,
  'rights-denied': 14,
  'query-right-denied': 15,
  'thread-mismatch': 16,
  'thread-exited': 17,
  'deciders-disagree': 18,
};

const identity: Numbers<DecisionInput['identity']> = { unchecked: 0, same: 1, other: 2 };

const thread: Numbers<NonNullable<DecisionInput['thread']> | 'none'> = { none: 0, paired: 1, unpaired: 2, exited: 3 };

const kind: Numbers<OperationEntry['acts']> = { process: 1, thread: 2 };

const enumeration = (name: string, description: string, values: Numbers<string>, counted = false): Enumeration => ({
  name,
  description,
  values,
  counted,
});

export const ENUMERATIONS: readonly Enumeration[] = [
  enumeration('VERDICT', 'What a process is. Unknown means: leave it alone.', verdict),
  enumeration('EVIDENCE', 'How a statement is known.', evidence),
  enumeration('DECISION', 'What the guard says.', decision),
  enumeration('REASON', 'Why a verdict or a decision is what it is.', reason, true),
  enumeration('IDENTITY', 'Whether the process found is the one that was expected.', identity),
  enumeration('THREAD', 'Whether a thread belongs to its process and lives; none for a process handle.', thread),
  enumeration('KIND', 'What a handle is of. There is no default.', kind),
];

const operationBits = (select: (entry: OperationEntry) => boolean): number =>
  OPERATIONS.reduce((mask, entry, index) => (select(entry) ? mask | (1 << index) : mask), 0);

export const FLAG_SETS: readonly FlagSet[] = [
  {
    name: 'EXPECT',
    description: 'Which parts of an identity are expected. An expected value is never 0, another is always 0.',
    bits: { pid: 0x1, 'create-time': 0x2, 'start-key': 0x4 },
  },
  {
    name: 'CENSUS',
    description: 'Request flags and reply flags of a census.',
    bits: { resume: 0x1, more: 0x1 },
  },
  {
    name: 'PRESENT',
    description: 'Which members of a record are known; those without their bit are 0 and say nothing.',
    bits: {
      'extended-status': 0x1,
      flags: 0x2,
      protection: 0x4,
      classification: 0x8,
      parent: 0x10,
      session: 0x20,
      'create-time': 0x40,
      'start-key': 0x80,
      name: 0x100,
      reused: 0x200,
    },
  },
  {
    name: 'CAPABILITY',
    description: 'What the driver can do on this system.',
    bits: { query: 0x1, census: 0x2, examine: 0x4, guard: 0x8, stats: 0x10, 'start-key': 0x100 },
  },
  {
    name: 'OPERATION',
    description: 'The guarded operations, in the order of lib/guard/operations.ts.',
    bits: Object.fromEntries(OPERATIONS.map(({ operation }, index) => [operation, 1 << index])),
  },
];

export const OPERATION_MASKS: readonly OperationMask[] = [
  {
    name: 'ISOLATION_OPERATIONS',
    description: 'Always refused on a trustlet.',
    mask: operationBits(({ concern }) => concern === 'isolation'),
  },
  {
    name: 'AVAILABILITY_OPERATIONS',
    description: 'Refused on a trustlet unless accepted by name.',
    mask: operationBits(({ concern }) => concern === 'availability'),
  },
  {
    name: 'PROCESS_OPERATIONS',
    description: 'Act on a process handle.',
    mask: operationBits(({ acts }) => acts === 'process'),
  },
  {
    name: 'THREAD_OPERATIONS',
    description: 'Act on a thread handle.',
    mask: operationBits(({ acts }) => acts === 'thread'),
  },
];
