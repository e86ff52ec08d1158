import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Acquisition, type DecisionCore, decide } from '../../../lib/guard/decide.js';
import { OPERATIONS } from '../../../lib/guard/operations.js';
import type { Judgement } from '../../../lib/guard/verdict.js';
import { type DecisionSituation, expectedDecision } from '../../support/decision-oracle.js';
import { decisionSituations } from '../../support/vectors.js';

const chosen = (mask: number) => OPERATIONS.filter((_, index) => (mask & (1 << index)) !== 0);

const acquisitionOf = ({ acquisition: outcome, acquisitionStatus: status }: DecisionSituation): Acquisition =>
  outcome === 'examined' ? { outcome } : { outcome, status };

const decided = (situation: DecisionSituation): DecisionCore =>
  decide({
    operations: chosen(situation.operations),
    accepted: new Set(chosen(situation.accepted).map(({ operation }) => operation)),
    acquisition: acquisitionOf(situation),
    judgement: situation.judgement as Judgement,
    identity: situation.identity,
    thread: situation.thread === 'none' ? null : situation.thread,
  });

const FIELDS = ['decision', 'verdict', 'reason', 'evidence', 'status'] as const;

test('decide agrees with the rules written out check by check, on every vector', () => {
  let allowed = 0;
  let refused = 0;
  for (const situation of decisionSituations()) {
    const expected = expectedDecision(situation);
    const actual = decided(situation);
    if (FIELDS.some((field) => actual[field] !== expected[field])) {
      assert.deepEqual(actual, expected, JSON.stringify(situation));
    }
    if (actual.decision === 'allow') allowed += 1;
    else refused += 1;
  }
  assert.ok(allowed > 500 && refused > 25_000, `${allowed} allowed, ${refused} refused`);
});
