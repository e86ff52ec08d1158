/** The guard: check-then-act with an action that does nothing, and the decision by itself. */
import { type DecisionInput, decide } from '../lib/guard/decide.js';
import { operationEntry, ProcessAccess } from '../lib/guard/operations.js';
import { wire } from '../lib/protocol/index.js';
import { OPERATION } from './calls.js';
import { expect } from './expect.js';
import { type Field, IN_C, ofEveryBackend } from './query.js';
import type { Measurement } from './results.js';
import { type Contender, type Effort, inJavaScript, measure } from './rounds.js';

const entryOf = (name: string) => {
  const entry = operationEntry(name);
  if (entry === undefined) throw new Error(`there is no operation ${name}`);
  return entry;
};

export const guardRun = (field: Field, effort: Effort): Promise<Measurement[]> => {
  const access = (entryOf(OPERATION).rights | ProcessAccess.QUERY_LIMITED_INFORMATION) >>> 0;
  const bit = wire.enums.Operation[OPERATION];
  const inC: Contender = {
    name: `${IN_C}: open, GUARD, close`,
    where: 'simulated kernel',
    time: (calls) => field.plain.time('plain_guard', field.crowd.ordinary, access, bit, calls),
  };
  return measure('guard', 1, [inC, ...ofEveryBackend(field, 'guard.run')], effort);
};

/** The pure decision, on inputs that come to different ends, one after the other. */
export const decision = (effort: Effort): Promise<Measurement[]> => {
  const known = { status: 0, evidence: 'documented' } as const;
  const judgements: readonly DecisionInput['judgement'][] = [
    { ...known, verdict: 'ordinary', reason: 'secure-bit-clear' },
    { ...known, verdict: 'secure', reason: 'secure-bit-set' },
    { ...known, verdict: 'unknown', reason: 'exiting' },
  ];
  const inputs = judgements.flatMap((judgement) =>
    (['same', 'other'] as const).flatMap((identity) =>
      (['read', 'terminate'] as const).map(
        (name): DecisionInput => ({
          operations: [entryOf(name)],
          accepted: new Set(),
          acquisition: { outcome: 'examined' },
          judgement,
          identity,
          thread: null,
        }),
      ),
    ),
  );
  return measure(
    'decide',
    inputs.length,
    [
      inJavaScript(
        'decide',
        'this machine',
        () => inputs.reduce((allowed, input) => allowed + (decide(input).decision === 'allow' ? 1 : 0), 0),
        (allowed) => expect('allowed', allowed, 2),
      ),
    ],
    effort,
  );
};
