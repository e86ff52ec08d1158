/** The enumerations of the wire protocol. */
import { OPERATIONS } from '../lib/guard/operations.js';
import type { DecisionReason, Evidence, SecureVerdict, VerdictReason } from '../lib/types.js';
import type { Enumeration, EnumerationValue } from './schema-types.js';

/** Zero is the safe value of every enumeration: what was never written reads as refuse, unknown, query failed. */
const VERDICTS = { unknown: 0, ordinary: 1, secure: 2 } as const satisfies Record<SecureVerdict, number>;
const EVIDENCE = { assumed: 0, derived: 1, observed: 2, documented: 3 } as const satisfies Record<Evidence, number>;
const REASONS = {
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
} as const satisfies Record<VerdictReason | DecisionReason, number>;

const values = (table: Readonly<Record<string, number>>): readonly EnumerationValue[] =>
  Object.entries(table).map(([name, value]) => ({ name, value }));

const bits = (...names: readonly string[]): readonly EnumerationValue[] =>
  names.map((name, index) => ({ name, value: 2 ** index }));

/** Every enumeration on the wire. Numbers are only ever added. */
export const ENUMERATIONS: readonly Enumeration[] = [
  { name: 'Verdict', prefix: 'TL_VERDICT', about: 'What a process is.', values: values(VERDICTS), bits: false },
  { name: 'Evidence', prefix: 'TL_EVIDENCE', about: 'How it is known.', values: values(EVIDENCE), bits: false },
  {
    name: 'Reason',
    prefix: 'TL_REASON',
    about: 'Why a verdict or a decision is what it is.',
    values: values(REASONS),
    bits: false,
    count: 'REASON_COUNT',
  },
  {
    name: 'Decision',
    prefix: 'TL_DECISION',
    about: 'May the caller act.',
    values: values({ refuse: 0, allow: 1 }),
    bits: false,
  },
  {
    name: 'Identity',
    prefix: 'TL_IDENTITY',
    about: 'Is it who was expected; unchecked: nobody was, or nothing is known of the object.',
    values: values({ unchecked: 0, same: 1, other: 2 }),
    bits: false,
  },
  {
    name: 'Thread',
    prefix: 'TL_THREAD',
    about: 'State of an examined thread; unpaired: it would not say.',
    values: values({ none: 0, paired: 1, unpaired: 2, exited: 3 }),
    bits: false,
  },
  {
    name: 'Kind',
    prefix: 'TL_KIND',
    about: 'Kind of a handle’s object.',
    values: values({ process: 1, thread: 2 }),
    bits: false,
  },
  {
    name: 'Expect',
    prefix: 'TL_EXPECT',
    about: 'Members of an identity that are expected.',
    values: bits('pid', 'create-time', 'start-key'),
    bits: true,
  },
  {
    name: 'CensusRequestFlag',
    prefix: 'TL_CENSUS',
    about: 'RESUME: only what comes after the cursor.',
    values: bits('resume'),
    bits: true,
  },
  {
    name: 'CensusReplyFlag',
    prefix: 'TL_CENSUS',
    about: 'MORE: processes are left; ask again with RESUME and this reply’s cursor.',
    values: bits('more'),
    bits: true,
  },
  {
    name: 'Present',
    prefix: 'TL_PRESENT',
    about:
      'Members of a ProcessRecord that say something; REUSED: the pid was listed as one process and answered as another.',
    values: bits(
      'extended-status',
      'flags',
      'protection',
      'classification',
      'parent',
      'session',
      'create-time',
      'start-key',
      'name',
      'reused',
    ),
    bits: true,
  },
  {
    name: 'Capability',
    prefix: 'TL_CAPABILITY',
    about: 'What the driver can do on this system.',
    values: [...bits('query', 'census', 'examine', 'guard', 'stats'), { name: 'start-key', value: 0x100 }],
    bits: true,
  },
  {
    name: 'Operation',
    prefix: 'TL_OPERATION',
    about: 'The guarded operations, as bits of a mask.',
    values: bits(...OPERATIONS.map((entry) => entry.operation)),
    bits: true,
    count: 'OPERATION_COUNT',
  },
];
