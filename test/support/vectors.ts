/**
 * Every input on which the guard's judgement or decision could turn, and the same as text for the driver's C: whoever judges or
 * decides is held to the same vectors (DESIGN.md rule 5).
 */
import { type DecisionSituation, expectedDecision, type OracleJudgement } from './decision-oracle.js';
import { expectedJudgement, type JudgementSituation } from './verdict-oracle.js';

const BITS: readonly number[] = Array.from({ length: 32 }, (_, bit) => 2 ** bit);

/** A judgement for each verdict and reason there is, and each evidence. Literals: nothing comes from the code under test. */
const JUDGEMENTS: readonly OracleJudgement[] = [
  { verdict: 'secure', reason: 'secure-bit-set', evidence: 'documented', status: 0 },
  { verdict: 'secure', reason: 'secure-bit-set', evidence: 'derived', status: 0 },
  { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'documented', status: 0 },
  { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'derived', status: 0 },
  { verdict: 'ordinary', reason: 'secure-bit-clear', evidence: 'assumed', status: 0 },
  { verdict: 'unknown', reason: 'query-failed', evidence: 'documented', status: 0xc000009d },
  { verdict: 'unknown', reason: 'exiting', evidence: 'documented', status: 0 },
  { verdict: 'unknown', reason: 'gone', evidence: 'documented', status: 0xc000000b },
  { verdict: 'unknown', reason: 'identity-mismatch', evidence: 'documented', status: 0 },
  { verdict: 'unknown', reason: 'access-denied', evidence: 'documented', status: 0xc0000022 },
  { verdict: 'unknown', reason: 'idle-process', evidence: 'documented', status: 0xc000000d },
  { verdict: 'unknown', reason: 'downlevel-bit', evidence: 'documented', status: 0x103 },
];

const IDENTITIES = ['unchecked', 'same', 'other'] as const;
const THREADS = ['none', 'paired', 'unpaired', 'exited'] as const;

type Acquisition = Pick<DecisionSituation, 'acquisition' | 'acquisitionStatus'>;

const ACQUISITIONS: readonly Acquisition[] = [
  ...[0, 0xc0000008, 0xc0000022].map((acquisitionStatus) => ({ acquisition: 'examined', acquisitionStatus }) as const),
  ...[0xc0000022, 0xc0000008, 0xc000000b, 0xc000000d, 0xc000010a, 0xc0000024, 0xc000009a, 0xffffffff, 0, 0x103].map(
    (acquisitionStatus) => ({ acquisition: 'not-opened', acquisitionStatus }) as const,
  ),
  ...[0xc0000022, 0xc0000008, 0xc000000b].map(
    (acquisitionStatus) => ({ acquisition: 'not-queryable', acquisitionStatus }) as const,
  ),
];

type Masks = readonly [operations: number, accepted: number];

/** One pattern for each way consent can be asked for and given. */
const FEW_MASKS: readonly Masks[] = [
  [0x8, 0],
  [0x8, 0x7000],
  [0x1001, 0x1000],
  [0x2008, 0x7fff],
  [0x2000, 0],
  [0x2000, 0x5000],
  [0x2000, 0x2000],
  [0x6000, 0x2000],
  [0x7000, 0x7000],
];

const SUBSETS_OF_AVAILABILITY = [0x0000, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000];

/** Every operation alone and with an availability one, every set of availability operations, by every set accepted. */
const ALL_MASKS: readonly Masks[] = [
  0,
  ...BITS.slice(0, 15),
  ...BITS.slice(0, 15).map((bit) => bit | 0x2000),
  ...SUBSETS_OF_AVAILABILITY,
  0x0fff,
  0x7fff,
].flatMap((operations) =>
  [...SUBSETS_OF_AVAILABILITY, 0x0fff, 0x7fff].map((accepted): Masks => [operations, accepted]),
);

function* decisionsOver(
  masks: readonly Masks[],
  acquisitions: readonly Acquisition[],
  judgements: readonly OracleJudgement[],
): Generator<DecisionSituation> {
  for (const [operations, accepted] of masks)
    for (const identity of IDENTITIES)
      for (const thread of THREADS)
        for (const acquisition of acquisitions)
          for (const judgement of judgements)
            yield { operations, accepted, identity, thread, ...acquisition, judgement };
}

/** Every combination of conditions with a few masks, and every mask with a few combinations. */
export function* decisionSituations(): Generator<DecisionSituation> {
  yield* decisionsOver(FEW_MASKS, ACQUISITIONS, JUDGEMENTS);
  const few = JUDGEMENTS.filter(({ evidence, reason }) => evidence === 'documented' && /^secure|failed/.test(reason));
  yield* decisionsOver(ALL_MASKS, ACQUISITIONS.slice(0, 1), few);
}

const OPEN_STATUSES = [
  0, 0x103, 0x40000000, 0x7fffffff, 0x80000005, 0xc0000001, 0xc0000008, 0xc000000b, 0xc000000d, 0xc0000022, 0xc000009d,
  0xc000010a, 0xffffffff,
];
const QUERY_STATUSES = [
  0, 0x103, 0x40000000, 0x7fffffff, 0x80000005, 0xc0000001, 0xc0000003, 0xc0000004, 0xc0000022, 0xc000009d, 0xffffffff,
];
const BUILDS = [10240, 14393, 15062, 15063, 26100];
const FEW_FLAGS = [null, 0, 0x4, 0x80, 0x84, 0xffffff7b, 0xffffffff];
const ALL_FLAGS = [...FEW_FLAGS, ...BITS, 0x281, 0xffffff7f, 0xfffffffb];

function* judgementsOver(
  parts: { readonly [Name in keyof JudgementSituation]: readonly JudgementSituation[Name][] },
): Generator<JudgementSituation> {
  for (const pid of parts.pid)
    for (const reused of parts.reused)
      for (const openStatus of parts.openStatus)
        for (const extendedStatus of parts.extendedStatus)
          for (const flags of parts.flags)
            for (const build of parts.build)
              for (const isolatedUserModeStatus of parts.isolatedUserModeStatus)
                for (const isolatedUserModeFlags of parts.isolatedUserModeFlags)
                  yield {
                    pid,
                    reused,
                    openStatus,
                    extendedStatus,
                    flags,
                    build,
                    isolatedUserModeStatus,
                    isolatedUserModeFlags,
                  };
}

/** Everything about the process on two systems, every flag, and everything about the system for what a process can say. */
export function* judgementSituations(): Generator<JudgementSituation> {
  const process = { pid: [4711], reused: [false], openStatus: [0], extendedStatus: [0] };
  const system = { build: BUILDS, isolatedUserModeStatus: [0], isolatedUserModeFlags: [0x101, 0] };
  const extendedStatus = [null, ...QUERY_STATUSES];
  yield* judgementsOver({
    ...system,
    pid: [0, 4711],
    reused: [false, true],
    openStatus: OPEN_STATUSES,
    extendedStatus,
    flags: FEW_FLAGS,
    build: [14393, 26100],
  });
  yield* judgementsOver({ ...process, ...system, extendedStatus, flags: ALL_FLAGS });
  yield* judgementsOver({
    ...process,
    flags: FEW_FLAGS,
    build: BUILDS,
    isolatedUserModeStatus: QUERY_STATUSES,
    isolatedUserModeFlags: [...ALL_FLAGS, 0xfffffffe],
  });
}

/** The numbers of driver/include/trustlet_protocol.h, written down a second time: renumbering is no small matter. */
const VERDICTS = ['unknown', 'ordinary', 'secure'];
const EVIDENCE = ['assumed', 'derived', 'observed', 'documented'];
const REASONS = [
  'query-failed',
  'exiting',
  'gone',
  'identity-mismatch',
  'access-denied',
  'idle-process',
  'downlevel-bit',
  'secure-bit-set',
  'secure-bit-clear',
  'ordinary',
  'secure',
  'availability',
  'availability-accepted',
  'invalid-handle',
  'rights-denied',
  'query-right-denied',
  'thread-mismatch',
  'thread-exited',
  'deciders-disagree',
];

const numberOf = (list: readonly string[], value: string): number => {
  const index = list.indexOf(value);
  if (index < 0) throw new Error(`${value} has no number here`);
  return index;
};

const judgementNumbers = ({ verdict, reason, evidence, status }: OracleJudgement): readonly number[] => [
  numberOf(VERDICTS, verdict),
  numberOf(REASONS, reason),
  numberOf(EVIDENCE, evidence),
  status,
];

const decisionNumbers = (situation: DecisionSituation): readonly number[] => {
  const expected = expectedDecision(situation);
  return [
    situation.operations,
    situation.accepted,
    numberOf(IDENTITIES, situation.identity),
    numberOf(THREADS, situation.thread),
    numberOf(['examined', 'not-opened', 'not-queryable'], situation.acquisition),
    situation.acquisitionStatus,
    ...judgementNumbers(situation.judgement),
    numberOf(['refuse', 'allow'], expected.decision),
    ...judgementNumbers(expected),
  ];
};

/** Flags of class 165 that were not read are all set in C (TL_SYSTEM), so that nobody takes them for a clear bit. */
const situationNumbers = (situation: JudgementSituation): readonly number[] => [
  situation.pid,
  (situation.reused ? 0x200 : 0) | (situation.extendedStatus === null ? 0 : 1) | (situation.flags === null ? 0 : 2),
  situation.openStatus,
  situation.extendedStatus ?? 0,
  situation.flags ?? 0,
  situation.build,
  situation.isolatedUserModeStatus,
  situation.isolatedUserModeFlags ?? 0xffffffff,
  ...judgementNumbers(expectedJudgement(situation)),
];

const JUDGED = ['verdict', 'reason', 'evidence', 'status'];

const vectorText = (columns: readonly string[], rows: readonly (readonly number[])[]): string =>
  `${[
    '# Written by test/support/write-vectors.ts. Hexadecimal; statuses and masks are unsigned 32-bit words.',
    `# columns: ${columns.join(' ')}`,
    `# vectors: ${rows.length}`,
    ...rows.map((row) => row.map((number) => number.toString(16)).join(' ')),
  ].join('\n')}\n`;

/** TlDecide's inputs and what it must return. */
export const decisionVectors = (): string =>
  vectorText(
    [
      ...['operations', 'accepted', 'identity', 'thread', 'acquisition', 'acquisitionStatus'],
      ...JUDGED.map((name) => `judgement.${name}`),
      ...['decision', ...JUDGED].map((name) => `expected.${name}`),
    ],
    Array.from(decisionSituations(), decisionNumbers),
  );

/** TlJudge's inputs and what it must return. `present` is TL_PROCESS_RECORD's. */
export const judgementVectors = (): string =>
  vectorText(
    [
      ...['pid', 'present', 'openStatus', 'extendedStatus', 'flags', 'build'],
      ...['isolatedUserModeStatus', 'isolatedUserModeFlags'],
      ...JUDGED.map((name) => `expected.${name}`),
    ],
    Array.from(judgementSituations(), situationNumbers),
  );
