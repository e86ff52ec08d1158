/** Whatever VTL0 tries: nothing of VTL1 comes out, nothing of it changes, and the same attempts have the same story. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IsolationRun } from './isolation-run.js';
import { type Attack, attack } from './isolation-steps.js';

const STEPS = Number(process.env['TRUSTLET_RUNS'] ?? 1000);
/** Steps between two looks at everything. */
const SWEEP = 500;

const attacks = (count: number, seed: number): readonly Attack[] => fc.sample(attack, { numRuns: count, seed });
const freshSeed = (): number => fc.sample(fc.nat(), 1)[0] ?? 0;
const textOf = (step: Attack): string =>
  JSON.stringify(step, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));

const takeAll = (run: IsolationRun, steps: readonly Attack[], seed: number): readonly string[] =>
  steps.map((step, index) => {
    try {
      const answer = run.take(step);
      if (index % SWEEP === SWEEP - 1) run.sweep();
      return answer;
    } catch (error) {
      throw new Error(`Step ${index} of seed ${seed}: ${textOf(step)}`, { cause: error });
    }
  });

describe('a hostile VTL0', () => {
  test('gets no byte of VTL1 and changes none, its rights, configuration and private state included', () => {
    const seed = freshSeed();
    const run = new IsolationRun();
    takeAll(run, attacks(STEPS, seed), seed);
    run.sweep();
  });

  test('is answered in every way there is', () => {
    const run = new IsolationRun();
    takeAll(run, attacks(5000, 1), 1);
    const expected = [
      ...['done', 'intercept', 'host'].map((each) => `access ${each}`),
      ...['done', 'intercept', 'fault'].map((each) => `virtual ${each}`),
      ...['done', 'intercept'].map((each) => `write-msr ${each}`),
      ...['completed-0', 'completed-5', 'completed-6', 'intercept'].map((each) => `hypercall ${each}`),
      ...['allowed', 'blocked', 'unmapped'].map((each) => `dma ${each}`),
      'vtl-call vtl-switch',
      'vtl-return fault',
    ];
    assert.deepEqual(
      expected.filter((each) => (run.tally.get(each) ?? 0) < 5),
      [],
      [...run.tally].map(([key, count]) => `${key}: ${count}`).join('\n'),
    );
  });

  test('finds the same after a snapshot is restored, and on another machine: answers, log and state', () => {
    const seed = freshSeed();
    const steps = attacks(Math.min(STEPS, 2000), seed);
    const half = steps.length / 2;
    const run = new IsolationRun();
    takeAll(run, steps.slice(0, half), seed);
    const snapshot = run.snapshot();
    const rest = (): readonly unknown[] => [takeAll(run, steps.slice(half), seed), run.log(), run.snapshot()];
    const first = rest();
    run.restore(snapshot);
    assert.deepEqual(rest(), first);
    const other = new IsolationRun();
    takeAll(other, steps.slice(0, half), seed);
    assert.deepEqual([takeAll(other, steps.slice(half), seed), other.log(), other.snapshot()], first);
  });
});
