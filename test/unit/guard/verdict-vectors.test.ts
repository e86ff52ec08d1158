import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Judgement, judge } from '../../../lib/guard/verdict.js';
import { record, system } from '../../support/records.js';
import { judgementSituations } from '../../support/vectors.js';
import { expectedJudgement, type JudgementSituation } from '../../support/verdict-oracle.js';

const judged = (situation: JudgementSituation, write: (status: number) => number): Judgement => {
  const { pid, reused, openStatus, extendedStatus, flags, build } = situation;
  const { isolatedUserModeStatus, isolatedUserModeFlags } = situation;
  return judge(
    record({
      pid,
      reused,
      openStatus: write(openStatus),
      extendedStatus: extendedStatus === null ? null : write(extendedStatus),
      flags,
    }),
    system({ build, isolatedUserModeStatus: write(isolatedUserModeStatus), isolatedUserModeFlags }),
  );
};

const FIELDS = ['verdict', 'reason', 'evidence', 'status'] as const;

test('judge agrees with the rules written out check by check, on every vector, with signed and unsigned statuses', () => {
  const counts = { secure: 0, ordinary: 0, unknown: 0 };
  for (const situation of judgementSituations()) {
    const expected = expectedJudgement(situation);
    for (const write of [(status: number) => status, (status: number) => status | 0]) {
      const actual = judged(situation, write);
      if (FIELDS.some((field) => actual[field] !== expected[field])) {
        assert.deepEqual(actual, expected, JSON.stringify(situation));
      }
    }
    counts[expected.verdict] += 1;
  }
  assert.ok(counts.secure > 1000 && counts.ordinary > 1000 && counts.unknown > 10_000, JSON.stringify(counts));
});
